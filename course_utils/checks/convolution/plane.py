"""Lesson 02, one channel: one pixel by hand, then a kernel slid over a plane."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import CONVOLUTIONS
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.values import ValueExercise

SLIDING = "Slide, multiply, add"
FLIPPED = "Convolution or cross-correlation?"

PATCH = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0]])
KERNEL = torch.tensor([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0], [0.0, 3.0, 1.0]])


def plane(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Cross-correlation of one plane (H, W) with one kernel (KH, KW), by PyTorch."""
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


one_pixel = ValueExercise(
    name="one_pixel",
    points=1,
    minutes=3,
    expected=float((PATCH * KERNEL).sum()),
    see=SLIDING,
    hints=(
        "Lay the kernel on the window as it stands: top left on top left.",
        "Nine products, most of them zero. Add the nine.",
    ),
    misconceptions=(
        Misconception(
            "kernel flipped",
            float((PATCH * KERNEL.flip(0, 1)).sum()),
            "You turned the kernel round before laying it on the window. A layer lays it as it stands.",
            see=FLIPPED,
        ),
        Misconception(
            "matrix product",
            float((PATCH @ KERNEL).sum()),
            "You added up a matrix product. Here each number of the window meets one number of the kernel only: "
            "the one that lies on it.",
        ),
        Misconception(
            "mean instead of sum",
            float((PATCH * KERNEL).mean()),
            "You divided by nine. The nine products are added, not averaged.",
        ),
        Misconception(
            "kernel transposed",
            float((PATCH * KERNEL.T).sum()),
            "You exchanged the kernel's rows and columns.",
        ),
        Misconception(
            "centre only",
            float(PATCH[1, 1] * KERNEL[1, 1]),
            "You multiplied the two centres only. All nine pairs count.",
        ),
        Misconception(
            "window alone",
            float(PATCH.sum()),
            "You added up the window. Multiply each number by the kernel's number that lies on it first.",
        ),
    ),
)


def plane_cases(rng: torch.Generator) -> list[Case]:
    def pair(height: int, width: int, rows: int, columns: int, label: str) -> Case:
        image = torch.randn(height, width, generator=rng)
        return Case((image, torch.randn(rows, columns, generator=rng)), label=label)

    return [
        pair(5, 5, 3, 3, "a square image"),
        pair(6, 9, 3, 3, "wider than high"),
        pair(9, 6, 2, 2, "an even kernel"),
        pair(7, 8, 3, 2, "a kernel that is not square"),
        pair(4, 7, 1, 5, "a kernel of one row"),
        pair(5, 4, 5, 4, "a kernel as large as the image"),
    ]


def same_size(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    rows, columns = kernel.shape
    top, left = (rows - 1) // 2, (columns - 1) // 2
    padded = F.pad(image, (left, columns - 1 - left, top, rows - 1 - top))
    return plane(padded, kernel)


def last_position_missed(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return plane(image, kernel)[:-1, :-1]


def last_position_left_zero(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    out = plane(image, kernel)
    out[-1], out[:, -1] = 0, 0
    return out


def first_row_only(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    out = plane(image, kernel)
    out[1:] = 0
    return out


def last_product_only(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    rows, columns = kernel.shape
    return image[rows - 1 :, columns - 1 :] * kernel[-1, -1]


def sizes_exchanged(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return plane(image, kernel).T


cross_correlate = FunctionExercise(
    name="cross_correlate",
    points=2,
    minutes=15,
    by_hand=CONVOLUTIONS,
    oracle=plane,
    cases=plane_cases,
    see=SLIDING,
    hints=(
        "How many positions fit below each other? Write out_height and out_width before any loop.",
        "Two loops, over i and j of the output. In each, cut a window of the kernel's shape out of the image.",
        "The window of output (i, j) is image[i : i + kernel_height, j : j + kernel_width].",
    ),
    misconceptions=(
        Misconception(
            "kernel flipped",
            lambda image, kernel: plane(image, kernel.flip(0, 1)),
            "Your kernel is flipped: this is the true convolution. A layer slides the kernel as it stands.",
            see=FLIPPED,
        ),
        Misconception(
            "kernel transposed",
            lambda image, kernel: plane(image, kernel.T),
            "The kernel's rows and columns have changed places: the first index of each walks down, the second right.",
        ),
        Misconception(
            "rows and columns of the output swapped",
            sizes_exchanged,
            "Your output is transposed: its first index must walk down the image, its second to the right.",
        ),
        Misconception(
            "same instead of valid",
            same_size,
            "You padded, so that the output is as large as the image. "
            "Here only positions count where the whole kernel lies inside the image.",
        ),
        Misconception(
            "last position missed",
            last_position_missed,
            "One row and one column are missing: along 5 pixels a kernel of 3 has 5 - 3 + 1 = 3 positions, not 2.",
        ),
        Misconception(
            "last position left zero",
            last_position_left_zero,
            "The last row and column are still zero: `range(n)` ends at n - 1 by itself, so it needs the whole number "
            "of positions, 5 - 3 + 1.",
        ),
        Misconception(
            "return inside the loop",
            first_row_only,
            "Only the first row is filled: does your `return` stand inside the loop?",
        ),
        Misconception(
            "'=' for '+='",
            last_product_only,
            "Of each window only the last product is left, because `=` overwrites the ones before. Add them: `+=`.",
        ),
        Misconception(
            "mean instead of sum",
            lambda image, kernel: plane(image, kernel) / kernel.numel(),
            "You averaged the products. They are added.",
        ),
    ),
)
