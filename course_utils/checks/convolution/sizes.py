"""Lesson 02, how large the output is."""

from __future__ import annotations

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

SIZE = "How large is the output?"


def size_by_trying(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Counts the positions that fit, without a formula."""
    reach = [dilation * k for k in range(kernel)]
    starts = range(-padding, size + padding, stride)
    return sum(1 for start in starts if start + reach[-1] < size + padding)


def size_cases(rng: torch.Generator) -> list[Case]:
    extra = torch.randint(40, 90, (1,), generator=rng).item()
    return [
        Case((7, 3), label="nothing special"),
        Case((224, 3), {"padding": 1}, "padding on both sides"),
        Case((28, 5), {"stride": 2}, "28 - 5 = 23 is odd"),
        Case((14, 4), {"dilation": 3}, "a dilated kernel"),
        Case((224, 11), {"stride": 4, "padding": 2}, "the first layer of AlexNet as torchvision has it"),
        Case((34, 4), {"stride": 3, "padding": 1}, "34 + 2 - 4 = 32 leaves a remainder of 2"),
        Case((extra, 3), {"stride": 2, "padding": 2, "dilation": 3}, "all at once"),
        Case((5, 5), {"stride": 3}, "the kernel fits exactly once"),
    ]


output_size = FunctionExercise(
    name="output_size",
    points=2,
    minutes=10,
    oracle=size_by_trying,
    cases=size_cases,
    see=SIZE,
    hints=(
        "First find how many pixels a dilated kernel spans.",
        "The last start is (padded size) - (span). Every stride-th start from 0 to there counts.",
        "floor(last start / stride) + 1. In Python `//` rounds down.",
    ),
    misconceptions=(
        Misconception(
            "no floor",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1
            ),
            "You divided with `/`. A last step that does not fit is not taken: divide with `//`, which rounds down.",
        ),
        Misconception(
            "rounded up",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                math.ceil((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
            ),
            "You rounded up, which counts a last position where the kernel hangs over the edge. Round down.",
        ),
        Misconception(
            "rounded to nearest",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
            ),
            "You rounded to the nearest whole number. A step that fits by nine tenths still does not fit: round down.",
        ),
        Misconception(
            "no dilation",
            lambda size, kernel, stride=1, padding=0, dilation=1: (size + 2 * padding - kernel) // stride + 1,
            "Dilation is missing: a kernel of 3 with dilation 2 spans 5 pixels, dilation * (kernel - 1) + 1.",
        ),
        Misconception(
            "dilation times kernel",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                (size + 2 * padding - dilation * kernel) // stride + 1
            ),
            "A kernel of 3 with dilation 2 spans 5 pixels, not 6: there are only kernel - 1 steps of 2.",
        ),
        Misconception(
            "padding once",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                (size + padding - dilation * (kernel - 1) - 1) // stride + 1
            ),
            "Padding counts twice: it is added on both sides.",
        ),
        Misconception(
            "padding forgotten",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                (size - dilation * (kernel - 1) - 1) // stride + 1
            ),
            "Padding is missing: it makes the image larger by `padding` on each side.",
        ),
        Misconception(
            "off by one",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                (size + 2 * padding - dilation * (kernel - 1) - 1) // stride
            ),
            "One too few: you counted the steps. The position before the first step counts as well, so add 1.",
        ),
        Misconception(
            "one added before dividing",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                (size + 2 * padding - dilation * (kernel - 1)) // stride
            ),
            "The 1 belongs outside the division: floor(steps / stride) + 1, not floor((steps + 1) / stride).",
        ),
        Misconception(
            "stride ignored",
            lambda size, kernel, stride=1, padding=0, dilation=1: (
                size + 2 * padding - dilation * (kernel - 1)
            ),
            "Stride is missing: only every stride-th position counts.",
        ),
    ),
)
