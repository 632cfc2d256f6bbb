"""Lesson 03, stretch: the convolution as an autograd function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional as F
from torch.nn import grad as gradients

from course_utils.checks.by_hand import AUTOGRAD, TRANSPOSED
from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.convolution_backward import act

HAND = "Hand it to autograd"
NAMES = ("images", "weight", "bias", "stride", "padding")


def what_it_did(raw: Mapping[str, Any], what: str, *_given: Any) -> dict:
    """By name: what backward returns comes first, for it explains the rest."""
    if what == "train":
        return dict(raw)
    returned = list(raw["returned"])
    while len(returned) > len(NAMES) and returned[-1] == "None":
        returned.pop()  # PyTorch allows more of them than forward has arguments
    said = dict(zip(NAMES, returned, strict=True)) if len(returned) == len(NAMES) else returned
    return {
        "output": raw["output"],
        "gradients": raw["gradients"],
        "what backward returns": said,
        "passes gradcheck": raw["gradcheck"],
    }


def _right(ctx: Any, grad_out: torch.Tensor) -> list:
    """All three gradients, by PyTorch's own formulas."""
    images, weight = ctx.saved_tensors
    return [
        gradients.conv2d_input(images.shape, weight, grad_out, ctx.stride, ctx.padding),
        gradients.conv2d_weight(images, weight.shape, grad_out, ctx.stride, ctx.padding),
        grad_out.sum((0, 2, 3)),
    ]


def _as_needed(found: list, ctx: Any) -> tuple:
    wanted = ctx.needs_input_grad[:3]
    return (*(each if want else None for each, want in zip(found, wanted, strict=True)), None, None)


def conv_class(backward: Callable[[Any, torch.Tensor], Any], forward: Callable = F.conv2d) -> type:
    """An autograd function with this backward, and F.conv2d, or another, as its forward."""

    class ConvFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, images, weight, bias, stride, padding):
            ctx.save_for_backward(images, weight)
            ctx.stride, ctx.padding = stride, padding
            return forward(images, weight, bias, stride, padding)

    ConvFunction.backward = staticmethod(backward)
    return ConvFunction


def spoilt(change: Callable[[list, Any, torch.Tensor], list]) -> type:
    return conv_class(lambda ctx, grad_out: _as_needed(change(_right(ctx, grad_out), ctx, grad_out), ctx))


def kept_outside() -> type:
    """Keeps what backward needs in one place for all calls."""
    kept = {}

    class ConvFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, images, weight, bias, stride, padding):
            kept.update(images=images, weight=weight, geometry=(stride, padding))
            return F.conv2d(images, weight, bias, stride, padding)

        @staticmethod
        def backward(ctx, grad_out):
            images, weight = kept["images"], kept["weight"]
            x = gradients.conv2d_input(images.shape, weight, grad_out, *kept["geometry"])
            w = gradients.conv2d_weight(images, weight.shape, grad_out, *kept["geometry"])
            return _as_needed([x, w, grad_out.sum((0, 2, 3))], ctx)

    return ConvFunction


def _turned(found: list, ctx: Any, grad_out: torch.Tensor) -> list:
    images, weight = ctx.saved_tensors
    turned = weight.flip(2, 3)
    return [gradients.conv2d_input(images.shape, turned, grad_out, ctx.stride, ctx.padding), *found[1:]]


def _plain_geometry(found: list, ctx: Any, grad_out: torch.Tensor) -> list:
    """Stride and padding forgotten on the way back: what fits of stride 1 and padding 0."""
    images, weight = ctx.saved_tensors
    full = F.conv_transpose2d(grad_out, weight)[..., : images.shape[2], : images.shape[3]]
    missing = [b - a for a, b in zip(full.shape[2:], images.shape[2:], strict=True)]
    return [F.pad(full, (0, missing[1], 0, missing[0])), *found[1:]]


def function_cases(rng: torch.Generator) -> list[Case]:
    def draw(images, weight, wanted, label, stride=1, padding=0, bias=True):
        x, w, b = (
            torch.randn(shape, generator=rng, dtype=torch.float64) for shape in (images, weight, weight[:1])
        )
        out = F.conv2d(x, w, b, stride, padding)
        grad_out = torch.randn(out.shape, generator=rng, dtype=torch.float64)
        return Case(("call", (x, w, b if bias else None), grad_out, wanted, stride, padding), label=label)

    photographs = torch.randn((12, 2, 7, 7), generator=rng, dtype=torch.float64)
    labels = torch.randint(4, (12,), generator=rng)
    seed = int(torch.randint(1_000_000, (), generator=rng))
    return [
        draw((1, 2, 4, 3), (3, 2, 3, 2), (True, True, True), "all three gradients"),
        draw((2, 1, 4, 5), (2, 1, 3, 3), (True, True, True), "stride 2 and padding 1", stride=2, padding=1),
        draw((2, 1, 3, 4), (2, 1, 2, 3), (True, True, False), "without a bias", padding=1, bias=False),
        draw((2, 2, 4, 4), (2, 2, 3, 2), (False, True, True), "nobody asks for the images' gradient"),
        draw((1, 2, 6, 5), (2, 2, 3, 2), (True, False, False), "only the images' gradient", stride=2),
        Case(("train", photographs, labels, seed, 6), label="six steps of training"),
    ]


conv_function = ObservedExercise(
    name="ConvFunction",
    points=5,
    minutes=40,
    needs=("conv2d_backward",),
    by_hand=(
        *TRANSPOSED,
        *(name for name in AUTOGRAD if name not in ("autograd", "backward")),
        "conv2d_weight",
    ),
    written="ConvFunction.apply(images, weight, bias, stride, padding)",
    oracle=spoilt(lambda found, ctx, grad_out: found),
    scene=act,
    look=what_it_did,
    cases=function_cases,
    rtol=1e-4,  # so that it does not depend on the cases whether buffers in float32 pass
    atol=1e-6,
    see=HAND,
    hints=(
        "forward: ctx.save_for_backward(images, weight), ctx.stride and ctx.padding, and F.conv2d.",
        "backward: images, weight = ctx.saved_tensors; then conv2d_backward gives three gradients.",
        "Return five things, as forward takes five: three gradients and None, None for stride and padding.",
        "Where ctx.needs_input_grad[k] is False, return None in place of gradient k. That covers bias=None, too.",
    ),
    misconceptions=(
        Misconception(
            "computes what nobody asks for",
            conv_class(lambda ctx, grad_out: (*_right(ctx, grad_out), None, None)),
            "Your gradients are right, and you compute those that nobody asks for, too. Where "
            "`ctx.needs_input_grad[k]` is False, return None: for the first layer that saves a third of the work.",
        ),
        Misconception(
            "no None for stride and padding",
            conv_class(lambda ctx, grad_out: _as_needed(_right(ctx, grad_out), ctx)[:3]),
            "Your backward returns three things. It must return one for each of forward's five arguments: add None for "
            "stride and for padding.",
        ),
        Misconception(
            "gradients in another order",
            spoilt(lambda found, ctx, grad_out: [found[1], found[0], found[2]]),
            "Your gradients stand in another order than forward's arguments: images, weight, bias.",
        ),
        Misconception(
            "upstream gradient ignored",
            spoilt(lambda found, ctx, grad_out: _right(ctx, torch.ones_like(grad_out))),
            "You do not use grad_out: your gradients are those of the sum of all outputs. By the chain rule each "
            "output counts as much as its entry of grad_out.",
        ),
        Misconception(
            "kept outside ctx",
            kept_outside(),
            "Between forward and backward the function was called once more, with other tensors, and your gradients "
            "are those of the later call. A network has many layers: keep what each call needs in its own ctx.",
        ),
        Misconception(
            "kernel turned",
            spoilt(_turned),
            "The gradient of the images has its kernel turned the wrong way.",
            see="The whole layer",
        ),
        Misconception(
            "stride and padding forgotten on the way back",
            spoilt(_plain_geometry),
            "Your gradient of the images is that of a layer with stride 1 and no padding. Keep both in ctx and use them "
            "in backward.",
        ),
        Misconception(
            "batch averaged",
            spoilt(lambda found, ctx, g: [found[0], found[1] / len(g), found[2] / len(g)]),
            "You divide the gradients of weight and bias by the number of images. The chain rule adds; a mean, if there "
            "is one, belongs to the loss.",
        ),
        Misconception(
            "bias without a gradient",
            spoilt(lambda found, ctx, grad_out: [found[0], found[1], torch.zeros_like(found[2])]),
            "The gradient of the bias is zero. It is grad_out, added up over images, rows and columns.",
        ),
        Misconception(
            "bias left out of the forward pass",
            conv_class(
                lambda ctx, grad_out: _as_needed(_right(ctx, grad_out), ctx),
                lambda images, weight, bias, stride, padding: F.conv2d(images, weight, None, stride, padding),
            ),
            "Your forward pass leaves the bias out.",
        ),
    ),
)
