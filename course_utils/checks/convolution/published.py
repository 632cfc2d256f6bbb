"""Lesson 02, the flipped formula: a kernel that hides the fault, and the fault put right."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import CONVOLUTIONS
from course_utils.checks.case import Misconception
from course_utils.checks.compare import as_tensor
from course_utils.checks.convolution.plane import FLIPPED, plane, plane_cases
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.values import ValueExercise


def textbook_convolution(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """The flipped sum over all positions where kernel and image overlap: (H + KH - 1, W + KW - 1)."""
    rows, columns = kernel.shape
    padded = F.pad(image, (columns - 1, columns - 1, rows - 1, rows - 1))
    return plane(padded, kernel.flip(0, 1))


def fools(kernel: object) -> str:
    """ "" for a 3x3 kernel that hides the flip though its numbers differ, else what is wrong with it."""
    tensor = as_tensor(kernel)
    if tensor is None or tuple(tensor.shape) != (3, 3):
        return "Return a tensor of real numbers, of shape (3, 3)."
    tensor = tensor.double()
    largest = float(tensor.abs().max())
    if not math.isfinite(largest) or float(tensor.std()) <= 1e-6 * largest:
        return "A kernel whose nine numbers are all the same (or not finite) would be too easy. Vary them."
    tensor = tensor / largest
    if bool(torch.isclose(tensor, tensor.flip(0, 1), rtol=1e-6, atol=1e-9).all()):
        return ""
    if bool(torch.isclose(tensor, -tensor.flip(0, 1)).all()):
        return (
            "Your kernel changes its sign under a half turn: everything would come out with the wrong sign."
        )
    if bool(torch.isclose(tensor, tensor.T).all()):
        return (
            "This kernel is symmetric about its diagonal, but the flip is a half turn: "
            "(0, 0) goes to (2, 2), (0, 1) to (2, 1). With your kernel the two results differ."
        )
    return "With this kernel the flipped code and the layer give different results: the flip shows."


fooling_kernel = ValueExercise(
    name="fooling_kernel",
    points=1,
    minutes=5,
    expected=torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]),
    accept=fools,
    see=FLIPPED,
    hints=(
        "Flipping both axes is a half turn. Which kernels look the same after a half turn?",
        "Choose five numbers freely: the centre and four neighbours. The half turn fixes the other four.",
    ),
    misconceptions=(
        Misconception(
            "constant kernel",
            torch.ones(3, 3),
            "A constant kernel hides every kind of turn, so it is excluded here. Find one with different numbers.",
        ),
        Misconception(
            "identity matrix times something",
            torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]),
            "Your kernel is diagonal, but its corners differ, and the half turn exchanges them.",
        ),
        Misconception(
            "Sobel kernel",
            torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]),
            "Sobel's kernel is the opposite of itself after a half turn. You need one that is *the same* after it.",
        ),
    ),
)


def size_mended_only(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """The article's sum on the first H - KH + 1 rows and W - KW + 1 columns."""
    height, width = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    return textbook_convolution(image, kernel)[:height, :width]


def signs_mended_only(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Right direction, but with outputs whose window hangs over the bottom and the right edge."""
    return plane(F.pad(image, (0, 2 * (kernel.shape[1] - 1), 0, 2 * (kernel.shape[0] - 1))), kernel)


published_layer = FunctionExercise(
    name="published_layer",
    points=2,
    minutes=10,
    by_hand=(*CONVOLUTIONS, "cross_correlate"),
    oracle=plane,
    cases=plane_cases,
    see=FLIPPED,
    hints=(
        "Run the article's code and F.conv2d(..., padding=1) on one bright pixel. In which of the two does the kernel come out turned?",
        "Two faults: the direction in which the kernel is read, and the range of positions.",
        "A layer reads image[y + a, x + b], and y runs over height - rows + 1 positions.",
    ),
    misconceptions=(
        Misconception(
            "left as published",
            textbook_convolution,
            "This is still the article's formula: flipped, and with positions where the kernel hangs over the edge.",
        ),
        Misconception(
            "range mended, flip left",
            lambda image, kernel: plane(image, kernel.flip(0, 1)),
            "The range is right now, and the kernel is still flipped: the minus signs must become plus.",
        ),
        Misconception(
            "size mended, minus signs left",
            size_mended_only,
            "The size is right now. The kernel is still read at (y - i, x - j), which flips it: exchange the two.",
        ),
        Misconception(
            "signs mended, size left",
            signs_mended_only,
            "The direction is right now. The output is still too large: count only the positions where the whole "
            "kernel lies inside the image.",
        ),
        Misconception(
            "only rows turned back",
            lambda image, kernel: plane(image, kernel.flip(1)),
            "You turned the rows the right way and left the columns flipped: both minus signs must go.",
        ),
        Misconception(
            "only columns turned back",
            lambda image, kernel: plane(image, kernel.flip(0)),
            "You turned the columns the right way and left the rows flipped: both minus signs must go.",
        ),
        Misconception(
            "flip mended, range left",
            lambda image, kernel: textbook_convolution(image, kernel.flip(0, 1)),
            "The direction is right now. The output is still too large: count only the positions where the whole "
            "kernel lies inside the image.",
        ),
        Misconception(
            "image flipped as well",
            lambda image, kernel: plane(image.flip(0, 1), kernel.flip(0, 1)),
            "Every number is right and stands in the wrong place: your output is turned by half a turn. Did you turn the image as well as the kernel?",
        ),
    ),
)
