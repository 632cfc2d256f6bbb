"""Lesson 03, bug hunt: the backward pass of a block with four faults."""

from __future__ import annotations

from itertools import combinations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

FAULTS = {
    "gate": "The ReLU is opened and closed by the sign of the gradient; it was the sign of z that decided forward.",
    "mean": "The mean over H_out * W_out positions is forgotten: each position gets only that share of grad_out.",
    "kernel": "In grad_images the kernel slides as it stands; over a gradient it slides turned by half a turn.",
    "bias": "grad_bias takes the mean over the images; the chain rule adds.",
}


def block_gradients(grad_out, images, weight, bias):
    with torch.enable_grad():
        x, w, b = (each.detach().clone().requires_grad_() for each in (images, weight, bias))
        return torch.autograd.grad(F.conv2d(x, w, b).relu().mean((2, 3)), (x, w, b), grad_out)


def with_faults(left):
    """The block's backward pass with these faults left in it."""

    def answer(grad_out, images, weight, bias):
        z = F.conv2d(images, weight, bias)
        sent = grad_out[:, :, None, None].expand_as(z)
        sent = sent if "mean" in left else sent / z[0, 0].numel()
        sent = sent * ((sent if "gate" in left else z) > 0)
        rows, columns = weight.shape[2:]
        framed = F.pad(sent, (columns - 1, columns - 1, rows - 1, rows - 1))
        kernel = weight if "kernel" in left else weight.flip(2, 3)
        grad_images = F.conv2d(framed, kernel.transpose(0, 1))
        grad_weight = F.conv2d(images.transpose(0, 1), sent.transpose(0, 1)).transpose(0, 1)
        maps = sent.sum((2, 3))
        return grad_images, grad_weight, maps.mean(0) if "bias" in left else maps.sum(0)

    return answer


def gated(grad_out, images, weight, bias):
    """z, and the gradient by it."""
    z = F.conv2d(images, weight, bias)
    return z, grad_out[:, :, None, None] * (z > 0) / z[0, 0].numel()


def changed(change):
    """The right gradients, altered: change(grad_images, grad_weight, grad_bias, grad_z) -> three."""

    def wrong(grad_out, images, weight, bias):
        return change(
            *block_gradients(grad_out, images, weight, bias), gated(grad_out, images, weight, bias)[1]
        )

    return wrong


def half_turned(grad_out, images, weight, bias):
    _, sent = gated(grad_out, images, weight, bias)
    turned = F.conv_transpose2d(sent, weight.flip(3))  # the transposed layer turns both axes by itself
    return turned, *block_gradients(grad_out, images, weight, bias)[1:]


def doubly_gated(grad_out, images, weight, bias):
    return block_gradients(grad_out.clamp(min=0), images, weight, bias)


def block_cases(rng: torch.Generator) -> list[Case]:
    def draw(images, weight, label):
        outer = (images[0], weight[0])
        shapes = (outer, images, weight, weight[:1])
        return Case(
            tuple(torch.randn(shape, generator=rng, dtype=torch.float64) for shape in shapes), label=label
        )

    return [
        draw((2, 1, 4, 5), (1, 1, 3, 3), "one channel"),
        draw((4, 2, 6, 5), (3, 2, 3, 2), "channels, and a kernel that is not square"),
        draw((3, 3, 5, 5), (2, 3, 2, 2), "more channels in than out"),
        draw((5, 2, 5, 4), (4, 2, 2, 3), "a larger batch"),
        draw((2, 2, 6, 6), (2, 2, 5, 5), "a large kernel"),
    ]


def _subsets():
    """All ways to leave some faults in, all four first."""
    for count in range(len(FAULTS), 0, -1):
        yield from combinations(FAULTS, count)


def _misconception(left):
    if len(left) == len(FAULTS):
        return Misconception(
            "as published",
            with_faults(left),
            "This still computes what the published code computes. Take the block apart, the last operation first, "
            "and write down what each passes back.",
        )
    count = {1: "One fault is", 2: "Two faults are", 3: "Three faults are"}[len(left)]
    return Misconception(
        f"left in: {', '.join(left)}",
        with_faults(left),
        f"{count} still there. " + " ".join(FAULTS[name] for name in left),
    )


block_backward = FunctionExercise(
    name="block_backward",
    points=3,
    minutes=20,
    by_hand=AUTOGRAD,
    oracle=block_gradients,
    cases=block_cases,
    keeps_inputs=True,
    see="A block that learns, a little wrong",
    hints=(
        "Walk backwards: the mean first, then the ReLU, then the layer. What does each pass on?",
        "The mean gives each position its share; the ReLU lets through where z > 0.",
        "For grad_images the kernel slides turned: weight.flip(2, 3). For grad_bias everything but the channel is "
        "added up.",
    ),
    misconceptions=(
        *map(_misconception, _subsets()),
        Misconception(
            "bias averaged over all positions",
            changed(lambda x, w, b, grad_z: (x, w, grad_z.mean((0, 2, 3)))),
            "grad_bias is a mean over images, rows and columns. The mean of the block has its share in grad_z already; "
            "here the chain rule adds.",
        ),
        Misconception(
            "kernel turned over, not by half a turn",
            half_turned,
            "In grad_images the kernel is turned along one axis only. Half a turn reverses rows and columns.",
        ),
        Misconception(
            "both gates",
            doubly_gated,
            "You let through where z > 0 and, still, only where the gradient is positive. The ReLU asks about z alone: "
            "a negative gradient passes, too.",
        ),
    ),
)
