"""Lesson 03: the backward pass of max-pooling."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.convolution_backward.pooling_faults import (
    all_winners,
    axes_exchanged,
    down_the_columns,
    evenly,
    farthest,
    first,
    last,
    one_place_for_all_channels,
    routed,
    shared_equally,
    smallest,
    started_at,
    starting_from_zero,
)
from course_utils.checks.functions import FunctionExercise

POOLING = "Pooling: the winner takes the gradient"
READY = (
    *AUTOGRAD,
    "max_pool2d",
    "max_pool2d_with_indices",
    "MaxPool2d",
    "max_unpool2d",
    "avg_pool2d",
    "AvgPool2d",
)


def pooled_gradient(grad_out, images, kernel_size, stride):
    with torch.enable_grad():
        x = images.detach().clone().requires_grad_()
        return torch.autograd.grad(F.max_pool2d(x, kernel_size, stride), x, grad_out)[0]


def outputs(size, kernel_size, stride):
    return [(side - kernel_size) // stride + 1 for side in size]


def pooling_cases(rng: torch.Generator) -> list[Case]:
    def draw(shape, kernel_size, stride, label, levels=0):
        x = torch.randn(shape, generator=rng, dtype=torch.float64)
        if levels:
            x = torch.randint(levels, shape, generator=rng).double() - 1  # below zero, too
        grad_shape = (*shape[:2], *outputs(shape[2:], kernel_size, stride))
        grad_out = torch.randn(grad_shape, generator=rng, dtype=torch.float64)
        return Case((grad_out, x, kernel_size, stride), label=label)

    return [
        draw((1, 1, 4, 6), 2, 2, "windows side by side"),
        draw((2, 3, 5, 7), 3, 2, "windows overlap"),
        draw((1, 2, 5, 6), 3, 1, "windows overlap a lot"),
        draw((2, 2, 7, 8), 2, 3, "gaps, and rows left over"),
        draw((2, 2, 6, 6), 2, 2, "ties", levels=2),
        draw((1, 2, 5, 6), 3, 2, "ties and overlaps", levels=3),
        draw((1, 1, 4, 5), 2, 1, "all pixels alike", levels=1),
    ]


def stride_is_kernel(grad_out, images, kernel_size, stride):
    """Windows side by side, whatever the stride; those beyond the edge are lost."""
    rows, columns = outputs(images.shape[2:], kernel_size, kernel_size)
    return routed(first)(grad_out[:, :, :rows, :columns], images, kernel_size, kernel_size)


def leftover_left_off(grad_out, images, kernel_size, stride):
    rows, columns = ((n - 1) * stride + kernel_size for n in grad_out.shape[2:])
    return pooled_gradient(grad_out, images, kernel_size, stride)[..., :rows, :columns]


max_pool2d_backward = FunctionExercise(
    name="max_pool2d_backward",
    points=3,
    minutes=25,
    by_hand=READY,
    oracle=pooled_gradient,
    cases=pooling_cases,
    keeps_inputs=True,
    see=POOLING,
    hints=(
        "Loop over the outputs. Cut the window out, and find where its first maximum lies.",
        "window.flatten(2).argmax(dim=2) is the place of the first maximum, for all images and channels at once.",
        "F.one_hot(place, k * k).unflatten(2, (k, k)) is 1 at the winner. Multiply by grad_out, add with += .",
    ),
    misconceptions=(
        Misconception(
            "'=' for '+='",
            routed(first, add=False),
            "A pixel that wins two windows keeps only the gradient of the last one. Windows may overlap: add with "
            "`+=`.",
        ),
        Misconception(
            "ties given to all",
            routed(all_winners),
            "In a tie you give the whole gradient to every winner, so that more comes back than was sent. The shares "
            "must add up to 1; PyTorch gives all to the first.",
        ),
        Misconception(
            "ties shared equally",
            routed(shared_equally),
            "In a tie you share the gradient equally. That is a valid subgradient; this exercise asks for PyTorch's "
            "choice, all to the first maximum in reading order.",
        ),
        Misconception(
            "ties given to the last",
            routed(last),
            "In a tie you choose the last maximum (a `>=` where a `>` belongs does that). That is a valid "
            "subgradient; PyTorch chooses the first.",
        ),
        Misconception(
            "ties read down the columns",
            routed(down_the_columns),
            "In a tie you take the first maximum down the columns. Reading order goes along the rows.",
        ),
        Misconception(
            "average instead of winner",
            routed(evenly),
            "You gave every pixel of the window an equal share. That is average-pooling; here the winner gets all.",
        ),
        Misconception(
            "stride taken for the kernel's size",
            stride_is_kernel,
            "You laid the windows side by side. They start `stride` pixels apart, which need not be their size.",
        ),
        Misconception(
            "stride forgotten",
            started_at(first, lambda number, stride: number),
            "Your window (i, j) starts at row i and column j. It starts at i * stride, j * stride.",
        ),
        Misconception(
            "row and column of the winner exchanged",
            routed(axes_exchanged),
            "The winner's row and column in the window have changed places: of its number p in a window k wide, the "
            "row is p // k and the column p % k.",
        ),
        Misconception(
            "leftover left off",
            leftover_left_off,
            "The rows and columns that no window holds belong to the result, as zeros: it has the size of the images.",
        ),
        Misconception(
            "search begins with zero",
            routed(starting_from_zero),
            "Your search for the largest begins with 0, so that in a window without positive numbers none wins. Begin "
            "with the window's own first number.",
        ),
        Misconception(
            "one winner for all channels",
            routed(one_place_for_all_channels),
            "You use one winner for all channels. Every channel is pooled by itself.",
        ),
        Misconception(
            "largest in size",
            routed(farthest),
            "You send the gradient to the number that is largest in *size*. With negative pixels that is another "
            "one.",
        ),
        Misconception(
            "pooled value multiplied in",
            routed(lambda window: first(window) * window),
            "You multiplied by the pixel itself. The derivative of the maximum by its winner is 1.",
        ),
        Misconception(
            "minimum",
            routed(smallest),
            "You send the gradient to the smallest number of the window. The output was the largest.",
        ),
    ),
)
