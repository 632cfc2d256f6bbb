"""Lesson 03: the gradient of one row's convolution, derived step by step."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import AUTOGRAD, CONVOLUTIONS
from course_utils.checks.case import Case, Misconception
from course_utils.checks.convolution_backward.row_faults import (
    input_gradient,
    input_gradient_at,
    jacobian,
    overwritten,
    places,
    weight_gradient,
    with_leftover,
)
from course_utils.checks.derivations import DerivationExercise, Step

GAPS = "Now with gaps"


def layer(x, w, stride, dilation):
    return F.conv1d(x[None, None], w[None, None], stride=stride, dilation=dilation)[0, 0]


def _dy_dx(w, size, stride, dilation):
    """The layer is linear, so its column p is what it makes of the p-th unit vector."""
    units = torch.eye(size, dtype=w.dtype)[:, None]  # (size, 1, size)
    return F.conv1d(units, w[None, None], stride=stride, dilation=dilation)[:, 0].T


def _dloss_dx(g, w, size, stride, dilation):
    x = torch.zeros(size, dtype=w.dtype, requires_grad=True)
    return torch.autograd.grad(layer(x, w, stride, dilation), x, g)[0]


def _dloss_dw(g, x, kernel, stride, dilation):
    w = torch.zeros(kernel, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(layer(x, w, stride, dilation), w, g)[0]


def _points(rng):
    def point(size, kernel, stride, dilation, label):
        x, w = (torch.randn(n, generator=rng, dtype=torch.float64) for n in (size, kernel))
        g = torch.randn(len(layer(x, w, stride, dilation)), generator=rng, dtype=torch.float64)
        sizes = {"size": size, "kernel": kernel, "stride": stride, "dilation": dilation}
        return Case(kwargs={"g": g, "x": x, "w": w, **sizes}, label=label)

    return [
        point(7, 3, 1, 1, "stride 1, no gaps"),
        point(10, 3, 2, 1, "stride 2, a pixel left over"),
        point(10, 4, 1, 2, "dilation 2"),
        point(13, 3, 3, 2, "stride 3 and dilation 2, pixels left over"),
        point(13, 2, 2, 3, "stride 2 and dilation 3, a pixel left over"),
    ]


conv_gradient = DerivationExercise(
    name="conv_gradient",
    points=3,
    minutes=25,
    by_hand=(*AUTOGRAD, *CONVOLUTIONS, "conv_transpose1d", "ConvTranspose1d"),
    steps=(
        Step("dy_dx", _dy_dx, "∂y/∂x, the Jacobian", ("w", "size", "stride", "dilation")),
        Step("dloss_dx", _dloss_dx, "∂L/∂x", ("g", "w", "size", "stride", "dilation")),
        Step("dloss_dw", _dloss_dw, "∂L/∂w", ("g", "x", "kernel", "stride", "dilation")),
    ),
    cases=_points,
    dimensions=lambda symbols: {"M": len(symbols["g"]), "K": symbols["kernel"]},
    see=GAPS,
    misconceptions=(
        Misconception(
            "Jacobian: kernel turned",
            {"dy_dx": lambda w, size, stride, dilation: jacobian(w.flip(0), size, stride, dilation)},
            "Your rows hold the kernel from its other end. In y_i the weight w_a stands beside x[iS + aD]: as a "
            "grows, so does the column.",
        ),
        Misconception(
            "Jacobian: transposed",
            {"dy_dx": lambda w, size, stride, dilation: jacobian(w, size, stride, dilation).T},
            "Rows and columns have changed places: row i is the output, column p the pixel.",
        ),
        Misconception(
            "Jacobian: dilation missing",
            {
                "dy_dx": lambda w, size, stride, dilation: places(
                    w, size, stride, dilation, lambda i, a: i * stride + a
                )
            },
            "Neighbouring weights lie `dilation` pixels apart: w_a stands at the column iS + aD.",
        ),
        Misconception(
            "Jacobian: stride missing",
            {
                "dy_dx": lambda w, size, stride, dilation: places(
                    w, size, stride, dilation, lambda i, a: i + a * dilation
                )
            },
            "Row i starts at the column i * stride, not at i.",
        ),
        Misconception(
            "input: '=' for '+='",
            {"dloss_dx": overwritten},
            "Where windows overlap, a later one overwrites an earlier one. The chain rule adds over all outputs "
            "that hold the pixel.",
        ),
        Misconception(
            "input: kernel turned",
            {
                "dloss_dx": lambda g, w, size, stride, dilation: input_gradient(
                    g, w.flip(0), size, stride, dilation
                )
            },
            "Your kernel is turned. In the sum over iS + aD = p it stands as it is; it *looks* turned only where "
            "the sum is written as a window that slides over g.",
        ),
        Misconception(
            "input: leftover left off",
            {
                "dloss_dx": lambda g, w, size, stride, dilation: input_gradient(g, w, size, stride, dilation)[
                    : (len(g) - 1) * stride + (len(w) - 1) * dilation + 1
                ]
            },
            "Your gradient ends with the last window. The pixels behind it belong to the result, with gradient 0: "
            "make it `size` long.",
        ),
        Misconception(
            "input: stride missing",
            {"dloss_dx": lambda g, w, size, stride, dilation: input_gradient_at(g, w, size, 1, dilation)},
            "Output i belongs to the window that starts at i * stride, not at i: g_i times w_a is added at iS + aD.",
        ),
        Misconception(
            "input: dilation missing",
            {"dloss_dx": lambda g, w, size, stride, dilation: input_gradient_at(g, w, size, stride, 1)},
            "Neighbouring weights lie `dilation` pixels apart: g_i times w_a is added at iS + aD.",
        ),
        Misconception(
            "weight: stride and dilation exchanged",
            {
                "dloss_dw": lambda g, x, kernel, stride, dilation: weight_gradient(
                    g, x, kernel, dilation, stride
                )
            },
            "Stride and dilation change places when you hand g to a convolution as its kernel. In the sum itself "
            "they stay: g_i stands beside x[iS + aD].",
        ),
        Misconception(
            "weight: g turned",
            {
                "dloss_dw": lambda g, x, kernel, stride, dilation: weight_gradient(
                    g.flip(0), x, kernel, stride, dilation
                )
            },
            "You read g from its other end. For the weight nothing turns: g_i meets x[iS + aD], both read forward.",
        ),
        Misconception(
            "weight: leftover not cut off",
            {"dloss_dw": with_leftover},
            "You slide the dilated g over x as far as it goes. Where pixels are left over that is too far: there "
            "are only K weights, so keep the first K numbers.",
            see="The three steps in full",
        ),
        Misconception(
            "weight: stride missing",
            {"dloss_dw": lambda g, x, kernel, stride, dilation: weight_gradient(g, x, kernel, 1, dilation)},
            "Output i meets the pixels from i * stride on: w_a stands beside x[iS + aD].",
        ),
        Misconception(
            "weight: dilation missing",
            {"dloss_dw": lambda g, x, kernel, stride, dilation: weight_gradient(g, x, kernel, stride, 1)},
            "w_a stands beside x[iS + aD]: the dilation is missing.",
        ),
        Misconception(
            "weight: turned",
            {
                "dloss_dw": lambda g, x, kernel, stride, dilation: weight_gradient(
                    g, x, kernel, stride, dilation
                ).flip(0)
            },
            "Your numbers are right and stand in reverse order: entry a belongs to w_a.",
        ),
    ),
    hints=(
        "Write y_0, y_1 and y_2 out for K = 2, stride 3, dilation 2. Which pixels stand in each?",
        "Step 1: one loop over i, one over a, and table[i, i * stride + a * dilation] = w[a].",
        "Step 2 is the Jacobian, transposed, times g; or add g[i] * w[a] at the place i * stride + a * dilation.",
        "Step 3: the same triples (i, a, place), but g[i] * x[place] is added to entry a.",
    ),
)
