"""Lesson 02, the layer: channels, stride, padding and bias."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import CONVOLUTIONS
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

CHANNELS = "Many channels"
FLIPPED = "Convolution or cross-correlation?"


def layer_cases(rng: torch.Generator) -> list[Case]:
    def draw(images, weight, label, *, bias=True, **options) -> Case:
        inputs = [torch.randn(images, generator=rng), torch.randn(weight, generator=rng)]
        if bias:
            inputs.append(torch.randn(weight[0], generator=rng))
        return Case(tuple(inputs), options, label)

    return [
        draw((1, 1, 5, 6), (1, 1, 3, 3), "one channel in, one out", bias=False),
        draw((1, 3, 5, 6), (1, 3, 2, 3), "three channels in"),
        draw((2, 2, 7, 5), (4, 2, 3, 2), "two images, four channels out"),
        draw((2, 3, 7, 6), (4, 3, 3, 2), "stride 2", stride=2),
        draw((1, 2, 4, 6), (3, 2, 3, 3), "padding 1", padding=1),
        draw((2, 3, 8, 7), (5, 3, 3, 4), "stride, padding and bias at once", stride=3, padding=2),
        draw((3, 4, 6, 9), (2, 4, 1, 1), "a 1x1 kernel", bias=False),
    ]


def layer(images, weight, bias=None, stride=1, padding=0):
    return F.conv2d(images, weight, bias, stride=stride, padding=padding)


def last_channel_only(images, weight, bias=None, stride=1, padding=0):
    return layer(images[:, -1:], weight[:, -1:], bias, stride, padding)


def first_channel_only(images, weight, bias=None, stride=1, padding=0):
    return layer(images[:, :1], weight[:, :1], bias, stride, padding)


def channels_kept_apart(images, weight, bias=None, stride=1, padding=0):
    planes = [
        layer(images[:, c : c + 1], weight[:, c : c + 1], None, stride, padding)
        for c in range(weight.shape[1])
    ]
    return torch.stack(planes, dim=2)  # (N, C_out, C_in, H, W)


def bias_per_input_channel(images, weight, bias=None, stride=1, padding=0):
    repeated = None if bias is None else bias * weight.shape[1]
    return layer(images, weight, repeated, stride, padding)


def padding_on_one_side(images, weight, bias=None, stride=1, padding=0):
    return layer(F.pad(images, (padding, 0, padding, 0)), weight, bias, stride)


def padding_at_the_end(images, weight, bias=None, stride=1, padding=0):
    return layer(F.pad(images, (0, padding, 0, padding)), weight, bias, stride)


def padding_at_the_end_of_both(images, weight, bias=None, stride=1, padding=0):
    return layer(F.pad(images, (0, 2 * padding, 0, 2 * padding)), weight, bias, stride)


def edge_repeated(images, weight, bias=None, stride=1, padding=0):
    return layer(F.pad(images, (padding,) * 4, mode="replicate"), weight, bias, stride)


def width_padded_only(images, weight, bias=None, stride=1, padding=0):
    return layer(F.pad(images, (padding, padding)), weight, bias, stride)


def bias_along_the_width(images, weight, bias=None, stride=1, padding=0):
    out = layer(images, weight, None, stride, padding)
    return out if bias is None else out + bias


def stride_on_rows(images, weight, bias=None, stride=1, padding=0):
    return F.conv2d(images, weight, bias, stride=(stride, 1), padding=padding)


def stride_on_columns(images, weight, bias=None, stride=1, padding=0):
    return F.conv2d(images, weight, bias, stride=(1, stride), padding=padding)


def stride_in_the_output_only(images, weight, bias=None, stride=1, padding=0):
    """The right number of outputs, taken from neighbouring windows: the window's start is not multiplied."""
    out = layer(images, weight, bias, stride, padding)
    return layer(images, weight, bias, 1, padding)[..., : out.shape[2], : out.shape[3]]


SHARED = (
    Misconception(
        "kernel flipped",
        lambda images, weight, bias=None, stride=1, padding=0: layer(
            images, weight.flip(2, 3), bias, stride, padding
        ),
        "Your kernel is flipped: this is the true convolution. A layer slides the kernel as it stands.",
        see=FLIPPED,
    ),
    Misconception(
        "bias forgotten",
        lambda images, weight, bias=None, stride=1, padding=0: layer(images, weight, None, stride, padding),
        "The bias is missing: each output channel has one number that is added everywhere.",
    ),
    Misconception(
        "bias along the width",
        bias_along_the_width,
        "`out + bias` lines the bias up with the last axis, the width. It belongs to the channels: "
        "bias[:, None, None] has the shape (C_out, 1, 1).",
    ),
    Misconception(
        "padding forgotten",
        lambda images, weight, bias=None, stride=1, padding=0: layer(images, weight, bias, stride),
        "Padding is missing: put `padding` rows and columns of zeros on each of the four sides first.",
    ),
    Misconception(
        "stride forgotten",
        lambda images, weight, bias=None, stride=1, padding=0: layer(images, weight, bias, 1, padding),
        "Stride is missing: the window moves by `stride` pixels from one output to the next.",
    ),
    Misconception(
        "channels last",
        lambda images, weight, bias=None, stride=1, padding=0: layer(
            images, weight, bias, stride, padding
        ).permute(0, 2, 3, 1),
        "Your channels come last, (N, H_out, W_out, C_out). PyTorch keeps them second, before the rows.",
    ),
)

conv2d = FunctionExercise(
    name="conv2d",
    points=3,
    minutes=25,
    needs=("output_size", "cross_correlate"),
    by_hand=(*CONVOLUTIONS, "F.unfold", "nn.Unfold"),
    oracle=layer,
    cases=layer_cases,
    see=CHANNELS,
    hints=(
        "Write the output size first, and make a tensor of zeros of shape (N, C_out, out_height, out_width).",
        "Pad once, before the loops: F.pad(images, (padding, padding, padding, padding)).",
        "Loop over the output's rows and columns only. The window there is (N, C_in, KH, KW), for all images at once.",
        "torch.einsum('nchw,ochw->no', window, weight) multiplies and adds over channels and window.",
    ),
    misconceptions=(
        *SHARED[:1],
        Misconception(
            "channels not summed",
            last_channel_only,
            "Only the last input channel arrives: an `=` in the loop over channels overwrites the ones before. "
            "Add them up.",
        ),
        Misconception(
            "first channel only",
            first_channel_only,
            "Only the first input channel counts in your result. An output adds up what it finds in all of them.",
        ),
        Misconception(
            "channels kept apart",
            channels_kept_apart,
            "You kept one map for each input channel. They are added: an output channel has one map.",
        ),
        Misconception(
            "bias once per input channel",
            bias_per_input_channel,
            "You added the bias once for each input channel. It is added once, after the channels are summed.",
        ),
        *SHARED[1:4],
        Misconception(
            "width padded only",
            width_padded_only,
            "You padded left and right only. Four numbers pad all four sides: F.pad takes (left, right, top, bottom).",
        ),
        Misconception(
            "padding on one side",
            padding_on_one_side,
            "You padded at the top and on the left only. F.pad takes (left, right, top, bottom).",
        ),
        Misconception(
            "padding at the end only",
            padding_at_the_end,
            "You padded at the bottom and on the right only. F.pad takes (left, right, top, bottom).",
        ),
        Misconception(
            "all padding at the end",
            padding_at_the_end_of_both,
            "All the zeros are at the bottom and on the right. Half of them belong at the top and on the left.",
        ),
        Misconception(
            "edge repeated instead of zeros",
            edge_repeated,
            "You padded with the pixels of the edge. A layer pads with zeros unless told otherwise.",
        ),
        *SHARED[4:],
        Misconception(
            "stride on rows only",
            stride_on_rows,
            "You strode down the rows and not along the columns. Stride counts in both directions.",
        ),
        Misconception(
            "stride on columns only",
            stride_on_columns,
            "You strode along the columns and not down the rows. Stride counts in both directions.",
        ),
        Misconception(
            "stride not in the window",
            stride_in_the_output_only,
            "The output has the right size, and its windows still lie one pixel apart: "
            "output i starts at pixel i * stride.",
        ),
    ),
)
