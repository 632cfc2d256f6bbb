"""Lesson 02, one channel: sliding a kernel over a plane, and the flipped formula."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import as_tensor
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


def sizes_exchanged(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return plane(image, kernel).T


cross_correlate = FunctionExercise(
    name="cross_correlate",
    points=2,
    minutes=15,
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
            "mean instead of sum",
            lambda image, kernel: plane(image, kernel) / kernel.numel(),
            "You averaged the products. They are added.",
        ),
    ),
)


def textbook_convolution(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """The flipped sum over all positions where kernel and image overlap: (H + KH - 1, W + KW - 1)."""
    rows, columns = kernel.shape
    padded = F.pad(image, (columns - 1, columns - 1, rows - 1, rows - 1))
    return plane(padded, kernel.flip(0, 1))


def fools(kernel: object) -> str:
    """ "" for a 3x3 kernel that hides the flip though its numbers differ, else what is wrong with it."""
    tensor = as_tensor(kernel)
    if tensor is None or tuple(tensor.shape) != (3, 3):
        return "Return a tensor of shape (3, 3)."
    tensor = tensor.double()
    if not bool(torch.isfinite(tensor).all()) or float(tensor.std()) < 1e-3:
        return "A kernel whose nine numbers are all the same (or not finite) would be too easy. Vary them."
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
