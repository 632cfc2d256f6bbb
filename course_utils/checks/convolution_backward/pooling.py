"""Lesson 03: the backward pass of max-pooling."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
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
            x = torch.randint(levels, shape, generator=rng).double()
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


def routed(shares, add=True):
    """A pooling backward whose window (N, C, k, k) gets `shares(window)` of each gradient."""

    def wrong(grad_out, images, kernel_size, stride):
        grad_images, k = torch.zeros_like(images), kernel_size
        for i in range(grad_out.shape[2]):
            for j in range(grad_out.shape[3]):
                place = (..., slice(i * stride, i * stride + k), slice(j * stride, j * stride + k))
                share = shares(images[place])
                sent = share * grad_out[:, :, i, j, None, None]
                old = grad_images[place]
                grad_images[place] = old + sent if add else torch.where(share != 0, sent, old)
        return grad_images

    return wrong


def all_winners(window):
    return (window == window.amax((2, 3), keepdim=True)).to(window.dtype)


def shared_equally(window):
    winners = all_winners(window)
    return winners / winners.sum((2, 3), keepdim=True)


def one_of(pick):
    def shares(window):
        flat = window.flatten(2)
        chosen = F.one_hot(pick(flat), flat.shape[2]).to(window.dtype)
        return chosen.unflatten(2, window.shape[2:])

    return shares


first = one_of(lambda flat: flat.argmax(2))
last = one_of(lambda flat: flat.shape[2] - 1 - flat.flip(2).argmax(2))
smallest = one_of(lambda flat: flat.argmin(2))
farthest = one_of(lambda flat: flat.abs().argmax(2))


def down_the_columns(window):
    return first(window.mT).mT


def evenly(window):
    return torch.full_like(window, 1 / window[0, 0].numel())


def stride_is_kernel(grad_out, images, kernel_size, stride):
    """Windows side by side, whatever the stride; those beyond the edge are lost."""
    rows, columns = outputs(images.shape[2:], kernel_size, kernel_size)
    return routed(first)(grad_out[:, :, :rows, :columns], images, kernel_size, kernel_size)


def one_place_for_all_channels(window):
    return one_of(lambda flat: flat.sum(1, keepdim=True).argmax(2).expand(-1, flat.shape[1]))(window)


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
