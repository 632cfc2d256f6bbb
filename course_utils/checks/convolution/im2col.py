"""Lesson 02, the layer as one matrix product."""

from __future__ import annotations

from torch.nn import functional as F

from course_utils.checks.by_hand import CONVOLUTIONS
from course_utils.checks.case import Misconception
from course_utils.checks.convolution.layer import SHARED, layer, layer_cases
from course_utils.checks.functions import FunctionExercise

COLUMNS = "One matrix product"


def columns_of(images, weight, stride, padding):
    """Windows as (N, H_out, W_out, C, KH, KW)."""
    rows, columns = weight.shape[2:]
    padded = F.pad(images, (padding,) * 4)
    return padded.unfold(2, rows, stride).unfold(3, columns, stride).permute(0, 2, 3, 1, 4, 5)


def with_bias(out, bias):
    return out if bias is None else out + bias[:, None, None]


def channels_last_columns(images, weight, bias=None, stride=1, padding=0):
    windows = columns_of(images, weight, stride, padding)
    n, height, width = windows.shape[:3]
    matrix = windows.permute(0, 1, 2, 4, 5, 3).reshape(n, height * width, -1)
    out = matrix @ weight.reshape(weight.shape[0], -1).T
    return with_bias(out.transpose(1, 2).reshape(n, -1, height, width), bias)


def product_not_transposed(images, weight, bias=None, stride=1, padding=0):
    windows = columns_of(images, weight, stride, padding)
    n, height, width = windows.shape[:3]
    out = windows.reshape(n, height * width, -1) @ weight.reshape(weight.shape[0], -1).T
    return with_bias(out.reshape(n, -1, height, width), bias)


def windows_not_permuted(images, weight, bias=None, stride=1, padding=0):
    """The view (N, C, H_out, W_out, KH, KW) reshaped as if the channels lay beside the window."""
    windows = columns_of(images, weight, stride, padding)
    n, height, width = windows.shape[:3]
    matrix = windows.permute(0, 3, 1, 2, 4, 5).reshape(n, height * width, -1)
    out = matrix @ weight.reshape(weight.shape[0], -1).T
    return with_bias(out.transpose(1, 2).reshape(n, -1, height, width), bias)


def batch_folded_into_positions(images, weight, bias=None, stride=1, padding=0):
    windows = columns_of(images, weight, stride, padding)
    n, height, width = windows.shape[:3]
    out = weight.reshape(weight.shape[0], -1) @ windows.reshape(n * height * width, -1).T
    return with_bias(out.reshape(n, -1, height, width), bias)


def height_and_width_exchanged(images, weight, bias=None, stride=1, padding=0):
    out = layer(images, weight, None, stride, padding)
    n, channels, height, width = out.shape
    return with_bias(out.reshape(n, channels, width, height), bias)


def kernel_transposed(images, weight, bias=None, stride=1, padding=0):
    windows = columns_of(images, weight, stride, padding)
    n, height, width = windows.shape[:3]
    matrix = windows.transpose(4, 5).reshape(n, height * width, -1)
    out = matrix @ weight.reshape(weight.shape[0], -1).T
    return with_bias(out.transpose(1, 2).reshape(n, -1, height, width), bias)


conv2d_im2col = FunctionExercise(
    name="conv2d_im2col",
    points=3,
    minutes=20,
    needs=("output_size",),
    by_hand=CONVOLUTIONS,
    oracle=layer,
    cases=layer_cases,
    see=COLUMNS,
    hints=(
        "F.unfold(images, kernel_size=(KH, KW), stride=stride, padding=padding) has the shape (N, C_in*KH*KW, L).",
        "The weight as a matrix is (C_out, C_in*KH*KW). Which product gives (N, C_out, L)?",
        "L = out_height * out_width, in reading order: one reshape at the end, height before width.",
    ),
    misconceptions=(
        Misconception(
            "channels and window interleaved the wrong way",
            channels_last_columns,
            "Your columns list the window first and the channels last; weight.reshape(C_out, -1) lists the channels "
            "first. Each number meets another one's weight: put both in the same order.",
        ),
        Misconception(
            "rows and columns of the window swapped",
            kernel_transposed,
            "Inside each window, rows and columns have changed places against the weight's.",
        ),
        Misconception(
            "positions read as channels",
            product_not_transposed,
            "Your product is (N, L, C_out), and you reshaped it as if it were (N, C_out, L). A reshape does not "
            "transpose: swap the two axes first.",
        ),
        Misconception(
            "windows not permuted",
            windows_not_permuted,
            "The view is (N, C, H_out, W_out, KH, KW): its channels stand before the positions. A reshape reads the "
            "axes in their order, so move the channels beside the window first (permute).",
        ),
        Misconception(
            "batch folded into the positions",
            batch_folded_into_positions,
            "Your product is (C_out, N*L), and you reshaped it as if the images came first. Split N*L into (N, L), "
            "then swap the first two axes.",
        ),
        Misconception(
            "height and width exchanged",
            height_and_width_exchanged,
            "You reshaped to (N, C_out, width, height). Height comes before width.",
        ),
        *SHARED,
    ),
)
