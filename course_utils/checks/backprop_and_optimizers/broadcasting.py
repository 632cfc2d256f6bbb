"""Lesson 05, stretch: the gradient of broadcasting."""

from __future__ import annotations

import torch

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def by_autograd(grad, shape):
    with torch.enable_grad():
        small = torch.zeros(shape, dtype=grad.dtype, requires_grad=True)
        return torch.autograd.grad(small.expand(grad.shape), small, grad)[0]


def _cases(rng: torch.Generator) -> list[Case]:
    def case(large, small, label):
        return Case((torch.randn(large, generator=rng, dtype=torch.float64), small), label=label)

    return [
        case((5, 3), (3,), "a bias: one axis missing on the left"),
        case((4, 4), (4, 1), "an axis of length 1 on the right, of a square"),
        case((2, 3), (2, 3), "nothing was stretched"),
        case((2, 4, 3), (4, 1), "one axis missing, one of length 1"),
        case((3, 2, 4, 5), (2, 1, 1), "a bias for each channel"),
        case((2, 3), (), "a single number"),
        case((1, 3), (3,), "a missing axis of length 1"),
        case((2, 1, 3), (1, 1, 3), "length 1 before and after"),
    ]


def _leading(grad, shape):
    return grad.sum(dim=tuple(range(grad.ndim - len(shape)))) if grad.ndim > len(shape) else grad


def _right(grad, shape, how="sum"):
    grad = getattr(grad, how)(dim=tuple(range(grad.ndim - len(shape)))) if grad.ndim > len(shape) else grad
    for axis, length in enumerate(shape):
        grad = getattr(grad, how)(dim=axis, keepdim=True) if length == 1 else grad
    return grad


def _no_keepdim(grad, shape):
    grad = _leading(grad, shape)
    for axis in reversed(range(len(shape))):
        grad = grad.sum(dim=axis) if shape[axis] == 1 else grad
    return grad


def _only_ones(grad, shape):
    for axis, length in enumerate(shape):
        if length == 1:
            grad = grad.sum(dim=axis - len(shape), keepdim=True)
    return grad


def _trailing(grad, shape):
    """Lines the shapes up at the left."""
    if grad.ndim > len(shape):
        grad = grad.sum(dim=tuple(range(len(shape), grad.ndim)))
    for axis, length in enumerate(shape):
        grad = grad.sum(dim=axis, keepdim=True) if length == 1 else grad
    return grad


def _first(grad, shape):
    while grad.ndim > len(shape):
        grad = grad[0]
    for axis, length in enumerate(shape):
        grad = grad.narrow(axis, 0, 1) if length == 1 else grad
    return grad


UNBROADCAST = FunctionExercise(
    name="unbroadcast",
    points=3,
    minutes=18,
    by_hand=(*AUTOGRAD, "sum_to_size"),
    oracle=by_autograd,
    cases=_cases,
    keeps_inputs=True,
    rtol=1e-6,
    atol=1e-9,
    misconceptions=(
        Misconception(
            "mean for sum",
            lambda grad, shape: _right(grad, shape, "mean"),
            "You take means. A number that was used many times gets the *sum* of the gradients of its uses.",
        ),
        Misconception(
            "the first of the copies",
            _first,
            "You keep the gradient of one copy and drop the others. All copies are the same number: their gradients "
            "add.",
        ),
        Misconception(
            "axes of length 1 dropped",
            _no_keepdim,
            "Your result has lost its axes of length 1. `keepdim=True` keeps them.",
        ),
        Misconception(
            "missing axes only",
            _leading,
            "You add up the axes that are missing on the left, and leave those of length 1 stretched.",
        ),
        Misconception(
            "axes of length 1 only",
            _only_ones,
            "You add up the axes of length 1, and leave the missing ones on the left.",
        ),
        Misconception(
            "lined up at the left",
            _trailing,
            "You line the shapes up at the left. PyTorch does so at the right: missing axes are missing on the left.",
        ),
        Misconception(
            "everything added up",
            lambda grad, shape: grad.sum().expand(shape).clone(),
            "You add up all entries. Only the stretched axes are added over; the others keep their entries apart.",
        ),
        Misconception(
            "nothing added up",
            lambda grad, shape: grad,
            "You return the gradient in the large shape. It must have the shape that the tensor had before.",
        ),
        Misconception(
            "reshaped",
            lambda grad, shape: grad.reshape(shape),
            "You reshape. Broadcasting made copies, so the large gradient has too many entries: add the copies up.",
        ),
    ),
    hints=(
        "Two steps: first the axes that are missing on the left, then those of length 1.",
        "How many are missing: grad.ndim - len(shape). `sum(dim=(0, 1))` adds over several axes at once; an empty "
        "tuple would add over all of them.",
        "For the others `grad.sum(dim=axis, keepdim=True)`.",
    ),
    see="Stretch: gradients and broadcasting",
)
