"""Lesson 03: in how many windows each pixel of a row lies."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

ROW = "One row of numbers"


def counted(size: int, kernel: int, stride: int = 1, padding: int = 0) -> list[int]:
    """With all weights and all gradients 1, the gradient of the input counts the paths."""
    row = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():
        out = F.conv1d(row, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride, padding=padding)
        (paths,) = torch.autograd.grad(out.sum(), row)
    return [round(number) for number in paths[0, 0].tolist()]


def touching_cases(rng: torch.Generator) -> list[Case]:
    size, extra = (int(torch.randint(*ends, (), generator=rng)) for ends in ((9, 14), (11, 16)))
    return [
        Case((size, 3), label="stride 1"),
        Case((size, 4), {"padding": 2}, "padding 2"),
        Case((2 * size + 1, 3), {"stride": 2}, "stride 2, fits exactly"),
        Case((2 * size, 3), {"stride": 2}, "stride 2, one pixel left over"),
        Case((3 * extra + 1, 5), {"stride": 3, "padding": 1}, "stride 3 and padding 1"),
        Case((2 * extra, 2), {"stride": 4}, "windows with gaps between them"),
    ]


def swept(size, kernel, stride=1, padding=0, *, end=0):
    """Counts over the padded row; `end` lets windows hang over by that many pixels."""
    counts = [0] * (size + 2 * padding)
    for start in range(0, size + 2 * padding - kernel + 1 + end, stride):
        for place in range(start, min(start + kernel, len(counts))):
            counts[place] += 1
    return counts


def wrapped(size, kernel, stride=1, padding=0):
    """Places before the row count at its end, as negative indices of a list do."""
    counts = [0] * size
    for start in range(-padding, size + padding - kernel + 1, stride):
        for place in range(start, min(start + kernel, size)):
            counts[place] += 1
    return counts


def padded_once(size, kernel, stride=1, padding=0):
    """The number of windows of a row that is padded at one end only."""
    starts = range(-padding, size - kernel + 1, stride)
    return [sum(start <= place < start + kernel for start in starts) for place in range(size)]


def inside_only(size, kernel, stride=1, padding=0):
    """Every pixel treated as one in the middle."""
    return [math.ceil(kernel / stride)] * size


outputs_per_pixel = FunctionExercise(
    name="outputs_per_pixel",
    points=1,
    minutes=8,
    oracle=counted,
    cases=touching_cases,
    see=ROW,
    hints=(
        "Walk through the windows, not through the pixels: each adds 1 to every pixel in it.",
        "Count on the padded row, size + 2 * padding long, and cut the padding off at the end.",
        "The starts are range(0, size + 2 * padding - kernel + 1, stride).",
    ),
    misconceptions=(
        Misconception(
            "padding not cut off",
            swept,
            "Your list still counts the padding. Only the `size` pixels of the row itself are asked for: leave "
            "`padding` places off at each end.",
        ),
        Misconception(
            "padding cut off at one end",
            lambda size, kernel, stride=1, padding=0: swept(size, kernel, stride, padding)[:size],
            "Your counts are those of the padded row's first pixels. Pixel 0 of the row lies at place `padding`.",
        ),
        Misconception(
            "padding ignored",
            lambda size, kernel, stride=1, padding=0: swept(size, kernel, stride),
            "You left the padding out: it makes the row longer at both ends, so that windows can begin before "
            "pixel 0.",
        ),
        Misconception(
            "negative places wrap",
            wrapped,
            "Where a window reaches into the padding, your place is negative, and Python counts from the end: the "
            "last pixels get what belongs to the padding. Count on the padded row and cut it, or skip such places.",
        ),
        Misconception(
            "padding counted once",
            padded_once,
            "You add the padding once to the length of the row. There are `padding` zeros at each end: "
            "size + 2 * padding.",
        ),
        Misconception(
            "touched or not",
            lambda size, kernel, stride=1, padding=0: [
                min(count, 1) for count in counted(size, kernel, stride, padding)
            ],
            "You say whether a window holds the pixel. How many do? Each adds 1.",
        ),
        Misconception(
            "stride ignored",
            lambda size, kernel, stride=1, padding=0: swept(size, kernel, 1, padding)[
                padding : padding + size
            ],
            "You moved the window by one pixel each time. Windows start at 0, stride, 2 * stride and so on.",
        ),
        Misconception(
            "every pixel is in the middle",
            inside_only,
            "You gave every pixel the same count. Near the ends fewer windows reach a pixel, and with a stride "
            "the counts alternate.",
        ),
        Misconception(
            "windows hang over the end",
            lambda size, kernel, stride=1, padding=0: swept(size, kernel, stride, padding, end=kernel - 1)[
                padding : padding + size
            ],
            "You let windows hang over the far end. A window that does not fit wholly does not exist, so the last "
            "pixels may lie in none.",
        ),
        Misconception(
            "last window missed",
            lambda size, kernel, stride=1, padding=0: swept(size, kernel, stride, padding, end=-1)[
                padding : padding + size
            ],
            "The window that ends at the last place of the row is missing: starts run up to and including "
            "size + 2 * padding - kernel.",
        ),
        Misconception(
            "counted from the other end",
            lambda size, kernel, stride=1, padding=0: counted(size, kernel, stride, padding)[::-1],
            "Your list runs backwards: windows start at the first place of the row, so what is left over lies at "
            "the far end.",
        ),
    ),
)
