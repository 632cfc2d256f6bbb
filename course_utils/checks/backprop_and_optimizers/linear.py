"""Lesson 05: the backward pass of a linear layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def by_autograd(x, weight, grad):
    with torch.enable_grad():
        inputs = [x.clone().requires_grad_(), weight.clone().requires_grad_()]
        bias = torch.zeros(len(weight), dtype=weight.dtype, requires_grad=True)
        return torch.autograd.grad(F.linear(*inputs, bias), [*inputs, bias], grad)


def _cases(rng: torch.Generator) -> list[Case]:
    def case(n, d, k, label):
        x, weight, grad = (
            torch.randn(shape, generator=rng, dtype=torch.float64) for shape in ((n, d), (k, d), (n, k))
        )
        return Case((x, weight, grad), label=label)

    return [
        case(5, 3, 4, "five images, three inputs, four outputs"),
        case(2, 6, 3, "fewer outputs than inputs"),
        case(1, 4, 2, "a single image"),
        case(4, 4, 4, "all sizes alike, so that no shape gives a mistake away"),
        case(7, 2, 5, "more outputs than inputs"),
    ]


def _with(position, change):
    """The right three gradients, one of them changed: `change` gets it and the inputs."""

    def answer(x, weight, grad):
        parts = [grad @ weight, grad.T @ x, grad.sum(0)]
        parts[position] = change(parts[position], x, weight, grad)
        return tuple(parts)

    return answer


LINEAR_BACKWARD = FunctionExercise(
    name="linear_backward",
    points=1,
    minutes=8,
    by_hand=AUTOGRAD,
    oracle=by_autograd,
    cases=_cases,
    keeps_inputs=True,
    rtol=1e-6,
    atol=1e-9,
    misconceptions=(
        Misconception(
            "weight's gradient averaged",
            _with(1, lambda part, x, weight, grad: part / len(x)),
            "You divide the weight's gradient by the number of images. The layer adds over the images; a mean, "
            "where there is one, is the loss's business and is in `grad` already.",
        ),
        Misconception(
            "bias averaged",
            _with(2, lambda part, x, weight, grad: grad.mean(0)),
            "You take the mean over the images for the bias. Each image uses the same bias, so the gradients add.",
        ),
        Misconception(
            "both averaged",
            lambda x, weight, grad: (grad @ weight, grad.T @ x / len(x), grad.mean(0)),
            "You average over the images. They share one weight and one bias, so their gradients add; a mean in "
            "the loss is in `grad` already.",
        ),
        Misconception(
            "bias not summed",
            _with(2, lambda part, x, weight, grad: grad),
            "The bias's gradient must have the bias's shape, (K,): it is used for every image, so add over them.",
        ),
        Misconception(
            "bias summed over the outputs",
            _with(2, lambda part, x, weight, grad: grad.sum(1)),
            "You add the bias's gradient over the outputs. There is one bias for each output: add over the images.",
        ),
        Misconception(
            "weight's gradient transposed",
            _with(1, lambda part, x, weight, grad: part.T),
            "Your weight's gradient is transposed: the weight has the shape (K, D), outputs first.",
        ),
        Misconception(
            "weight transposed on the way to x",
            lambda x, weight, grad: (grad @ weight.T, grad.T @ x, grad.sum(0)),
            "On the way back the weight is not transposed: the forward pass used x Wᵀ, so the gradient for x is "
            "`grad @ weight`, (N, K) times (K, D).",
        ),
        Misconception(
            "weight and x in the wrong order",
            lambda x, weight, grad: (grad.T @ x, grad @ weight, grad.sum(0)),
            "You return the weight's gradient first. The order asked for is x, weight, bias.",
        ),
        Misconception(
            "grad ignored for x",
            _with(0, lambda part, x, weight, grad: weight.sum(0).expand_as(x)),
            "Your gradient for x adds the weights alone, as if every entry of `grad` were 1. "
            "What comes from the layer above multiplies: `grad @ weight`.",
        ),
    ),
    hints=(
        "Write the shapes beside each sum: (N, D) for x, (K, D) for the weight, (K,) for the bias.",
        "A sum over k of grad[n, k] * weight[k, d] is the product (N, K) @ (K, D).",
        "grad @ weight, then grad.T @ x, then grad.sum(dim=0).",
    ),
    see="The linear layer",
)
