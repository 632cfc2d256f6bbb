"""Lesson 02, receptive fields."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

FIELD = "How far does one output see?"


def field_by_gradient(layers: Sequence[tuple[int, int, int]]) -> int:
    """Follows the gradient of one output back to the inputs that move it."""
    size = 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
    signal = torch.ones(1, 1, 2 * size + 1, dtype=torch.float64, requires_grad=True)
    out = signal
    for kernel, stride, dilation in layers:
        out = nn.functional.conv1d(
            out, torch.ones(1, 1, kernel, dtype=out.dtype), stride=stride, dilation=dilation
        )
    (gradient,) = torch.autograd.grad(out[0, 0, 0], signal)
    touched = gradient[0, 0].nonzero()
    return int(touched.max() - touched.min() + 1)


ENDS = ((4, 7), (2, 5), (2, 4), (2, 5))  # of what is drawn anew for each seed: no table of fields is enough


def field_cases(rng: torch.Generator) -> list[Case]:
    kernel, dilation, stride, later = (int(torch.randint(*ends, (), generator=rng)) for ends in ENDS)
    return [
        Case(([(3, 1, 1)],), label="one layer"),
        Case(([(3, 1, 1), (3, 1, 1), (3, 1, 1)],), label="three 3x3 layers"),
        Case(([(3, 2, 1), (3, 1, 1)],), label="the stride comes first"),
        Case(([(3, 1, 1), (3, 2, 1)],), label="the stride comes last"),
        Case(([(7, 2, 1), (3, 2, 1), (3, 1, 1), (3, 1, 1)],), label="the beginning of a ResNet"),
        Case(([(3, 1, 1), (3, 1, 2), (3, 1, 4)],), label="growing dilation"),
        Case(
            ([(kernel, 1, dilation), (1, 2, 1), (2, stride, 1), (3, 1, later)],),
            label="all at once, and a 1x1 layer with a stride",
        ),
    ]


def field(layers, *, span=lambda k, d: d * (k - 1), early=False, strides=True) -> int:
    """The recurrence, with one part spoiled on request."""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        if early and strides:
            jump *= stride
        size += span(kernel, dilation) * jump
        if strides and not early:
            jump *= stride
    return size


def pixels_that_count(layers) -> int:
    """Only the pixels that move the output, without the gaps between them."""
    seen = {0}
    for kernel, stride, dilation in reversed(layers):
        seen = {start * stride + step * dilation for start in seen for step in range(kernel)}
    return len(seen)


receptive_field = FunctionExercise(
    name="receptive_field",
    points=3,
    minutes=15,
    oracle=field_by_gradient,
    cases=field_cases,
    see=FIELD,
    hints=(
        "Keep two numbers while you walk through the layers: the field so far and the distance between neighbours.",
        "A layer with kernel k adds (k - 1) steps. How long is a step, in pixels of the photograph?",
        "field += dilation * (kernel - 1) * jump, and only then jump *= stride.",
    ),
    misconceptions=(
        Misconception(
            "strides ignored",
            lambda layers: field(layers, strides=False),
            "The strides are missing: after a stride of 2, neighbours lie 2 pixels apart, and every later kernel "
            "reaches twice as far.",
        ),
        Misconception(
            "stride applied to its own layer",
            lambda layers: field(layers, early=True),
            "A layer's stride widens the steps of the layers after it, not its own: add first, then update the jump.",
        ),
        Misconception(
            "walked from the last layer",
            lambda layers: field(list(reversed(layers))),
            "You walked from the last layer to the first. This recipe starts at the photograph: the first layer first.",
        ),
        Misconception(
            "gaps left out",
            pixels_that_count,
            "You counted the pixels that move the output. Strides and dilations may leave gaps between them, and the "
            "field reaches from the first to the last, gaps and all.",
        ),
        Misconception(
            "dilation ignored",
            lambda layers: field(layers, span=lambda k, d: k - 1),
            "Dilation is missing: a kernel of 3 with dilation 2 reaches over 5 positions.",
        ),
        Misconception(
            "kernels added",
            lambda layers: sum(kernel for kernel, _, _ in layers),
            "You added the kernel sizes. Two 3x3 layers see 5 pixels, not 6: the second adds only two new ones.",
        ),
        Misconception(
            "kernel for kernel minus one",
            lambda layers: field(layers, span=lambda k, d: d * k),
            "A kernel of 3 adds two pixels to the field, not three: one of its three lies inside already.",
        ),
        Misconception(
            "kernels multiplied",
            lambda layers: math.prod(kernel for kernel, _, _ in layers),
            "You multiplied the kernel sizes. With stride 1 neighbouring windows overlap, so the field grows by "
            "kernel - 1 only.",
        ),
    ),
)
