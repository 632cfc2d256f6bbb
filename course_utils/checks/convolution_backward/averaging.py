"""Lesson 03: the backward pass of average-pooling."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.convolution_backward.pooling import READY, outputs
from course_utils.checks.convolution_backward.pooling_faults import evenly, routed, started_at
from course_utils.checks.functions import FunctionExercise


def averaged_gradient(grad_out, image_size, kernel_size, stride):
    with torch.enable_grad():
        x = torch.zeros(*grad_out.shape[:2], *image_size, dtype=grad_out.dtype, requires_grad=True)
        return torch.autograd.grad(F.avg_pool2d(x, kernel_size, stride), x, grad_out)[0]


def averaging_cases(rng: torch.Generator) -> list[Case]:
    def draw(size, kernel_size, stride, label):
        grad_shape = (2, 3, *outputs(size, kernel_size, stride))
        grad_out = torch.randn(grad_shape, generator=rng, dtype=torch.float64)
        return Case((grad_out, size, kernel_size, stride), label=label)

    return [
        draw((4, 6), 2, 2, "windows side by side"),
        draw((5, 7), 3, 2, "windows overlap"),
        draw((5, 4), 3, 1, "windows overlap a lot"),
        draw((8, 9), 3, 3, "rows left over"),
        draw((7, 9), 2, 3, "gaps between windows"),
    ]


def averaged(share, add=True):
    """An average-pooling backward in which a window of k × k gets `share(k)` of each gradient."""
    wrong = routed(lambda window: torch.full_like(window, share(window.shape[2])), add)
    return lambda grad_out, image_size, kernel_size, stride: wrong(
        grad_out, torch.zeros(*grad_out.shape[:2], *image_size, dtype=grad_out.dtype), kernel_size, stride
    )


def divided_by_counts(grad_out, image_size, kernel_size, stride):
    counts = averaged(lambda k: 1.0)(torch.ones_like(grad_out), image_size, kernel_size, stride)
    return averaged(lambda k: 1.0)(grad_out, image_size, kernel_size, stride) / counts.clamp(min=1)


def at_neighbours(grad_out, image_size, kernel_size, stride):
    images = torch.zeros(*grad_out.shape[:2], *image_size, dtype=grad_out.dtype)
    return started_at(evenly, lambda number, stride: number)(grad_out, images, kernel_size, stride)


def leftover_left_off(grad_out, image_size, kernel_size, stride):
    rows, columns = ((n - 1) * stride + kernel_size for n in grad_out.shape[2:])
    return averaged_gradient(grad_out, image_size, kernel_size, stride)[..., :rows, :columns]


avg_pool2d_backward = FunctionExercise(
    name="avg_pool2d_backward",
    points=1,
    minutes=8,
    by_hand=READY,
    oracle=averaged_gradient,
    cases=averaging_cases,
    keeps_inputs=True,
    see="Exercise: average-pooling, backwards",
    hints=(
        "Start from zeros of the images' size, and add into each window.",
        "Each pixel of a window gets grad_out[:, :, i, j] divided by the number of pixels in the window.",
    ),
    misconceptions=(
        Misconception(
            "not divided",
            averaged(lambda k: 1.0),
            "Every pixel of the window got the whole gradient. In a mean of k * k pixels each counts 1 / (k * k).",
        ),
        Misconception(
            "divided by k",
            averaged(lambda k: 1 / k),
            "You divided by k. The window has k * k pixels.",
        ),
        Misconception(
            "'=' for '+='",
            averaged(lambda k: 1 / k**2, add=False),
            "Where windows overlap, a later one overwrites an earlier one. A pixel collects its share from each: add.",
        ),
        Misconception(
            "divided by the overlaps",
            divided_by_counts,
            "You divided by the number of windows that hold the pixel. That would undo overlaps, and it is no "
            "adjoint: divide by the number of pixels in a window.",
        ),
        Misconception(
            "stride forgotten",
            at_neighbours,
            "Your window (i, j) starts at row i and column j. It starts at i * stride, j * stride.",
        ),
        Misconception(
            "leftover left off",
            leftover_left_off,
            "The rows and columns that no window holds belong to the result, as zeros: it has the size of the images.",
        ),
    ),
)
