"""Lesson 03: scenes for an adjoint test, a numerical gradient and a convolution as an autograd function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from course_utils.scenes.linear_maps import pair


def try_adjoint_test(answer: Callable, forward: str, backward: str, factor: float, seed: int) -> dict:
    """Show the answer two linear maps, both multiplied by `factor`; what it says of them."""
    forth, back, x_shape, y_shape = pair(forward, backward, seed)
    said = answer(lambda x: factor * forth(x), lambda y: factor * back(y), x_shape, y_shape)
    return {"verdict": said}


def stored(x: torch.Tensor, how: str) -> torch.Tensor:
    """The same numbers, laid out in memory in another way."""
    if how == "transposed":
        return x.mT.contiguous().mT
    if how == "every second":
        room = torch.zeros(*x.shape[:-1], 2 * x.shape[-1], dtype=x.dtype)
        room[..., ::2] = x
        return room[..., ::2]
    return x.clone()


def function_of(kind: str, shape: tuple[int, ...], seed: int) -> Callable[[torch.Tensor], Any]:
    """A smooth function of a tensor of this shape; it refuses another shape."""
    factors = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def cubic(x: torch.Tensor) -> torch.Tensor:
        return (factors * x**3).sum() + (factors * x).sum() ** 2

    def wave(x: torch.Tensor) -> torch.Tensor:
        return (factors * x.exp()).sum().sin()

    def layer(x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, factors[:1, :, :2, :2]).sigmoid().square().sum()

    named = {"cubic": cubic, "wave": wave, "number": lambda x: float(cubic(x)), "layer": layer}[kind]

    def function(x: torch.Tensor) -> Any:
        if tuple(x.shape) != shape:
            raise ValueError(f"this function takes a tensor of the shape {shape}, not {tuple(x.shape)}")
        return named(x)

    return function


def nudge(answer: Callable, kind: str, x: torch.Tensor, how: str, h: float, seed: int) -> dict:
    """Ask for a numerical gradient; what came back, and what `x` is like afterwards."""
    given = stored(x, how)
    gradient = answer(function_of(kind, tuple(x.shape), seed), given, h)
    return {"gradient": gradient, "x": given.detach().clone()}


def call_function(
    answer: Any, inputs: tuple, grad_out: torch.Tensor, wanted: tuple[bool, ...], stride: int, padding: int
) -> dict:
    """Apply the function to images, weight and bias (or None), and once more to others, as a second layer;
    send a gradient back through the first, and run gradcheck."""
    given = [
        None if each is None else each.clone().requires_grad_(want)
        for each, want in zip(inputs, wanted, strict=True)
    ]
    out = answer.apply(*given, stride, padding)
    answer.apply(*(None if each is None else 2 * each.detach() for each in given), stride, padding)
    asked = [each for each, want in zip(given, wanted, strict=True) if want]
    gradients = torch.autograd.grad(out, asked, grad_out, retain_graph=True)
    returned = out.grad_fn.apply(grad_out)
    checked = torch.autograd.gradcheck(
        lambda *some: answer.apply(*_filled(given, some, wanted), stride, padding),
        tuple(asked),
        raise_exception=False,
    )
    return {
        "output": out.detach(),
        "gradients": [each.detach() for each in gradients],
        "returned": ["None" if each is None else "a gradient" for each in returned],
        "gradcheck": bool(checked),
    }


def _filled(given: list, some: tuple, wanted: tuple[bool, ...]) -> list:
    """`given` with the tensors whose gradient is wanted replaced by `some`, in order."""
    rest = iter(some)
    return [next(rest) if want else each for each, want in zip(given, wanted, strict=True)]


def train_with(answer: Any, images: torch.Tensor, labels: torch.Tensor, seed: int, steps: int) -> dict:
    """Train layer, ReLU, mean and a linear map; the losses, and the kernel at the end."""
    generator = torch.Generator().manual_seed(seed)
    shapes = ((3, images.shape[1], 3, 3), (3,), (3, 4))
    parameters = [
        torch.randn(shape, generator=generator, dtype=images.dtype).requires_grad_() for shape in shapes
    ]
    kernel, bias, last = parameters
    losses = []
    for _ in range(steps):
        maps = answer.apply(images, kernel, bias, 2, 1).relu()
        loss = F.cross_entropy(maps.mean((2, 3)) @ last, labels)
        losses.append(loss.item())
        for each, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            each.data -= 0.3 * gradient
    return {"losses": losses, "kernel": kernel.detach().clone()}


def act(answer: Any, what: str, *given: Any) -> dict:
    """One of the two scenes of an autograd function, by name."""
    return {"call": call_function, "train": train_with}[what](answer, *given)
