"""Lesson 03, bug hunt: a test that convicts a pooling backward with '=' for '+='."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn import functional as F

from course_utils.checks.case import Misconception
from course_utils.checks.compare import as_tensor
from course_utils.checks.convolution_backward.pooling import pooled_gradient
from course_utils.checks.convolution_backward.pooling_faults import first, routed
from course_utils.checks.values import ValueExercise

KEYS = ("stride", "kernel_size", "images")
LARGEST = 6


def _whole(value: object) -> int | None:
    """A positive whole number, or None."""
    tensor = as_tensor(value)
    if tensor is None or tensor.numel() != 1 or tensor.is_floating_point() or tensor.dtype == torch.bool:
        return None
    return int(tensor) if 0 < int(tensor) <= LARGEST else None


def convicts(given: object) -> str:
    """ "" where the overwriting code gives another gradient than it should, else what is wrong."""
    if not isinstance(given, Mapping) or set(map(str, given)) != set(KEYS):
        return 'Return a dictionary with the keys "stride", "kernel_size" and "images".'
    stride, kernel_size = _whole(given["stride"]), _whole(given["kernel_size"])
    images = as_tensor(given["images"])
    if stride is None or kernel_size is None:
        return f"`stride` and `kernel_size` should be whole numbers from 1 to {LARGEST}."
    if images is None or images.ndim != 4 or tuple(images.shape[:2]) != (1, 1) or max(images.shape) > LARGEST:
        return f"`images` should be a tensor of the shape (1, 1, H, W), H and W at most {LARGEST}."
    if not images.numel() or min(images.shape[2:]) < kernel_size:
        return "Your image is smaller than the window."
    return _convicts(images.double(), kernel_size, stride)


def _convicts(images: torch.Tensor, kernel_size: int, stride: int) -> str:
    if not torch.isfinite(images).all() or images.unique().numel() < images.numel():
        return "Two of your pixels are equal (or not finite): choose different numbers."
    ones = torch.ones_like(F.max_pool2d(images, kernel_size, stride))
    wrong = routed(first, add=False)(ones, images, kernel_size, stride)
    if not torch.equal(wrong, pooled_gradient(ones, images, kernel_size, stride)):
        return ""
    if stride >= kernel_size:
        return "Your windows do not overlap, so no pixel can win twice: both codes agree: such a test convicts nobody."
    if ones.numel() == 1:
        return "Only one window fits into your image. Two that share a pixel are needed."
    return (
        "Your windows overlap, but no pixel wins two of them: put a large number where windows share a pixel."
    )


def _test(stride, kernel_size, rows):
    return {"stride": stride, "kernel_size": kernel_size, "images": torch.tensor([[rows]])}


overlap_witness = ValueExercise(
    name="overlap_witness",
    points=1,
    minutes=8,
    expected=_test(1, 2, [[0.0, 9.0, 1.0], [2.0, 3.0, 4.0]]),
    accept=convicts,
    see="Where this goes wrong in the wild",
    hints=(
        "When can one pixel be written to twice? How large must the window be, compared with the stride?",
        "Two windows of 2 × 2 with stride 1 share a column. Put the largest number there.",
    ),
    misconceptions=(
        Misconception(
            "windows side by side",
            _test(2, 2, [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]),
            "Make the stride smaller than the window: then neighbouring windows share pixels.",
        ),
        Misconception(
            "overlap without a common winner",
            _test(1, 2, [[9.0, 0.0, 8.0], [1.0, 2.0, 3.0]]),
            "Which pixels lie in both windows? The winner of both must be one of them.",
        ),
        Misconception(
            "a single window",
            _test(1, 3, [[1.0, 2.0, 3.0], [4.0, 9.0, 6.0], [7.0, 8.0, 5.0]]),
            "One more column, and a second window has room.",
        ),
        Misconception(
            "ties",
            _test(1, 2, [[0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]),
            "Where winners tie, more than one gradient is right, and your test would convict nobody.",
        ),
    ),
)
