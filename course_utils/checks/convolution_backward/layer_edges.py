"""Mistakes at the edges of a layer's backward pass: padding cropped wrongly, leftovers, zeros that are none."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.case import Misconception
from course_utils.checks.convolution_backward.layer_faults import input_gradient, spread, three


def with_images(grad_images):
    """A backward pass that is right but for `grad_images(grad_out, images, weight, stride, padding)`."""

    def wrong(grad_out, images, weight, stride=1, padding=0):
        others = three(grad_out, images, weight, stride, padding)[1:]
        return grad_images(grad_out, images, weight, stride, padding), *others

    return wrong


def cropped_by_negative_places(grad_out, images, weight, stride, padding):
    padded = F.pad(images, (padding,) * 4)
    return input_gradient(grad_out, padded, weight, stride)[:, :, padding:-padding, padding:-padding]


def cropped_at_the_start(grad_out, images, weight, stride, padding):
    padded = F.pad(images, (padding,) * 4)
    return input_gradient(grad_out, padded, weight, stride)[:, :, padding:, padding:]


def gathered(widen, before):
    """The turned kernel slides over the widened gradient; `before(rest)` of the leftover rows come first."""

    def grad_images(grad_out, images, weight, stride, padding):
        wide, frame = widen(grad_out, stride), []
        for axis in (3, 2):
            size, kernel = images.shape[axis] + 2 * padding, weight.shape[axis]
            rest = size - kernel + 1 - wide.shape[axis]
            first, last = before(rest)
            frame += [kernel - 1 + first, kernel - 1 + last]
        full = F.conv2d(F.pad(wide, frame), weight.flip(2, 3).transpose(0, 1))
        (height, width) = images.shape[2:]
        return full[:, :, padding : padding + height, padding : padding + width]

    return grad_images


def repeated(grad_out: torch.Tensor, stride: int) -> torch.Tensor:
    """Copies in place of the zeros."""
    rows, columns = ((size - 1) * stride + 1 for size in grad_out.shape[2:])
    return grad_out.repeat_interleave(stride, 2).repeat_interleave(stride, 3)[:, :, :rows, :columns]


EDGES = (
    Misconception(
        "padding cropped by negative places",
        with_images(cropped_by_negative_places),
        "With padding 0 your slice `padding:-padding` is `0:0`, which is empty. Crop to the size of the images: "
        "`padding : padding + height`.",
    ),
    Misconception(
        "padding cropped at the start only",
        with_images(cropped_at_the_start),
        "You crop the padding at the start of the rows and columns; at their end it is still there.",
    ),
    Misconception(
        "leftover left off",
        with_images(gathered(spread, lambda rest: (0, 0))),
        "Where rows or columns are left over at the far end, your grad_images is too small. They are in no window, "
        "their gradient is zero, and they belong to the result.",
    ),
    Misconception(
        "leftover in front",
        with_images(gathered(spread, lambda rest: (rest, 0))),
        "You put the zeros for the leftover rows and columns in front. Windows start at the first row: what is left "
        "over lies at the far end.",
    ),
    Misconception(
        "spread by repeating",
        with_images(gathered(repeated, lambda rest: (0, rest))),
        "You spread grad_out by repeating its numbers. Between neighbours belong zeros: no window starts there.",
    ),
)
