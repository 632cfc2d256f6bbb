"""Lesson 02, stretch: the adjoint of the layer."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import AUTOGRAD, TRANSPOSED
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

ADJOINT = "Stretch: run the layer backwards"


def adjoint_by_autograd(out, weight, image_size, stride=1, padding=0):
    """The adjoint of a linear map is what autograd applies to the output's gradient."""
    images = torch.zeros(out.shape[0], weight.shape[1], *image_size, dtype=out.dtype, requires_grad=True)
    with torch.enable_grad():
        forward = F.conv2d(images, weight, stride=stride, padding=padding)
        (gradient,) = torch.autograd.grad(forward, images, out)
    return gradient


def adjoint_cases(rng: torch.Generator) -> list[Case]:
    def draw(image, weight, label, stride=1, padding=0) -> Case:
        kernel = torch.randn(weight, generator=rng, dtype=torch.float64)
        images = torch.zeros(2, weight[1], *image, dtype=torch.float64)
        shape = F.conv2d(images, kernel, stride=stride, padding=padding).shape
        out = torch.randn(shape, generator=rng, dtype=torch.float64)
        return Case((out, kernel, image), {"stride": stride, "padding": padding}, label)

    return [
        draw((4, 5), (1, 1, 3, 3), "one channel"),
        draw((5, 6), (3, 2, 2, 3), "two channels in, three out"),
        draw((7, 9), (2, 2, 3, 3), "stride 2, fits exactly", stride=2),
        draw((8, 6), (2, 3, 3, 2), "stride 3, pixels left over at the edge", stride=3),
        draw((6, 5), (2, 1, 3, 3), "padding 1", padding=1),
        draw((8, 7), (3, 2, 4, 3), "stride 2 and padding 1", stride=2, padding=1),
    ]


def adjoint_of(spoil):
    """The adjoint of a layer that `spoil` has changed a little: (weight, stride, padding) -> the same."""

    def wrong(out, weight, image_size, stride=1, padding=0):
        return adjoint_by_autograd(out, spoil(weight), image_size, stride, padding)

    return wrong


def strided_as_dense(out, weight, image_size, stride=1, padding=0):
    full = F.conv_transpose2d(out, weight)
    return fitted(full[..., padding:, padding:], image_size)


def padding_left_on(out, weight, image_size, stride=1, padding=0):
    return fitted(F.conv_transpose2d(out, weight, stride=stride), image_size)


def overwritten(out, weight, image_size, stride=1, padding=0):
    """Scatters with `=` where windows overlap."""
    rows, columns = weight.shape[2:]
    full = torch.zeros(
        out.shape[0],
        weight.shape[1],
        image_size[0] + 2 * padding,
        image_size[1] + 2 * padding,
        dtype=out.dtype,
    )
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            patch = torch.einsum("no,ochw->nchw", out[:, :, i, j], weight)
            full[:, :, i * stride : i * stride + rows, j * stride : j * stride + columns] = patch
    return fitted(full[..., padding:, padding:], image_size)


def uncovered_edge_left_off(out, weight, image_size, stride=1, padding=0):
    return F.conv_transpose2d(out, weight, stride=stride, padding=padding)


def fitted(full, image_size):
    """`full` cut, or filled with zeros, to the image's size."""
    height, width = image_size
    full = full[..., :height, :width]
    return F.pad(full, (0, width - full.shape[-1], 0, height - full.shape[-2]))


conv2d_transpose = FunctionExercise(
    name="conv2d_transpose",
    points=4,
    minutes=30,
    needs=("output_size", "conv2d"),
    by_hand=(*TRANSPOSED, *AUTOGRAD),
    oracle=adjoint_by_autograd,
    cases=adjoint_cases,
    see=ADJOINT,
    hints=(
        "Forward, output (i, j) gathers a window. Backward, the same output number is scattered into that window.",
        "Start from zeros of the padded image's size. Add out[:, o, i, j] * weight[o] into window (i, j).",
        "Windows overlap, so add with +=. At the end cut the padding off again.",
    ),
    misconceptions=(
        Misconception(
            "kernel flipped",
            adjoint_of(lambda weight: weight.flip(2, 3)),
            "Your kernel is turned round. Scattering uses it as it stands; the half turn appears only when the "
            "adjoint is written as a sliding window over the output.",
        ),
        Misconception(
            "'=' for '+='",
            overwritten,
            "Where windows overlap, your later ones overwrite the earlier ones. A pixel collects from every window "
            "that holds it: add.",
        ),
        Misconception(
            "stride not dilated",
            strided_as_dense,
            "Your windows lie one pixel apart. Output (i, j) belongs to the window that starts at i * stride.",
        ),
        Misconception(
            "padding not cropped",
            padding_left_on,
            "The padding is still there, so that everything is shifted: row 0 of the image is row `padding` of the "
            "padded image.",
        ),
        Misconception(
            "uncovered edge left off",
            uncovered_edge_left_off,
            "With a stride, some pixels at the far edge may lie in no window. They belong to the result, as zeros: "
            "it has the size of the image.",
        ),
    ),
)
