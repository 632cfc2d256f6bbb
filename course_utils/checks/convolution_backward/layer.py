"""Lesson 03: the backward pass of the convolution layer."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from course_utils.checks.by_hand import AUTOGRAD, TRANSPOSED
from course_utils.checks.case import Case, Misconception
from course_utils.checks.convolution_backward.layer_edges import EDGES
from course_utils.checks.convolution_backward.layer_faults import (
    channels_exchanged,
    images_averaged,
    overwritten,
    stride_not_spread,
    weight_slid_too_far,
)
from course_utils.checks.functions import FunctionExercise

LAYER = "The whole layer"


def layer_gradients(grad_out, images, weight, stride=1, padding=0):
    """All three gradients by autograd."""
    with torch.enable_grad():
        x, w = (each.detach().clone().requires_grad_() for each in (images, weight))
        bias = torch.zeros(len(weight), dtype=weight.dtype, requires_grad=True)
        out = F.conv2d(x, w, bias, stride=stride, padding=padding)
        return torch.autograd.grad(out, (x, w, bias), grad_out)


def layer_cases(rng: torch.Generator) -> list[Case]:
    def draw(images, weight, label, stride=1, padding=0, dtype=torch.float64):
        x, w = (torch.randn(shape, generator=rng, dtype=dtype) for shape in (images, weight))
        out = F.conv2d(x, w, stride=stride, padding=padding)
        grad_out = torch.randn(out.shape, generator=rng, dtype=dtype)
        return Case((grad_out, x, w), {"stride": stride, "padding": padding}, label)

    return [
        draw((1, 1, 5, 6), (1, 1, 3, 3), "one image, one channel"),
        draw((3, 2, 6, 5), (4, 2, 2, 3), "a batch, channels, a kernel that is not square"),
        draw((2, 3, 5, 6), (3, 3, 3, 2), "as many channels out as in"),
        draw((2, 2, 9, 7), (3, 2, 3, 3), "stride 2, fits exactly", stride=2),
        draw((2, 2, 6, 7), (3, 2, 3, 3), "padding 1", padding=1),
        draw((2, 3, 10, 9), (2, 3, 3, 4), "stride 3, rows and columns left over", stride=3),
        draw(
            (2, 2, 9, 10),
            (3, 2, 4, 3),
            "stride 2 and padding 2, leftovers in the padding",
            stride=2,
            padding=2,
        ),
    ]


def changed(change):
    """The right gradients, altered: change(grad_images, grad_weight, grad_bias, grad_out) -> three."""

    def wrong(grad_out, images, weight, stride=1, padding=0):
        return change(*layer_gradients(grad_out, images, weight, stride, padding), grad_out)

    return wrong


def turned_kernel(grad_out, images, weight, stride=1, padding=0):
    turned = layer_gradients(grad_out, images, weight.flip(2, 3), stride, padding)[0]
    return turned, *layer_gradients(grad_out, images, weight, stride, padding)[1:]


def padding_left_on(grad_out, images, weight, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4)
    return layer_gradients(grad_out, padded, weight, stride, 0)


def padding_cut_at_the_end(grad_out, images, weight, stride=1, padding=0):
    full, *others = padding_left_on(grad_out, images, weight, stride, padding)
    return full[..., : images.shape[2], : images.shape[3]], *others


conv2d_backward = FunctionExercise(
    name="conv2d_backward",
    points=4,
    minutes=35,
    by_hand=(*TRANSPOSED, *AUTOGRAD, "conv2d_weight"),
    oracle=layer_gradients,
    cases=layer_cases,
    keeps_inputs=True,
    see=LAYER,
    hints=(
        "Pad the images first. Then loop over the positions (i, j) of the output; each has one window.",
        "Into the weight goes einsum('no,nchw->ochw', grad_out[:, :, i, j], window), added up over all windows.",
        "Into the window of the padded gradient goes einsum('no,ochw->nchw', grad_out[:, :, i, j], weight), with +=.",
        "At the end crop `padding` rows and columns on each side; the bias takes grad_out.sum(dim=(0, 2, 3)).",
    ),
    misconceptions=(
        Misconception(
            "kernel flipped for the input",
            turned_kernel,
            "In grad_images your kernel is turned the wrong way. Scattered into windows it stands as it is; only "
            "where it slides over grad_out is it turned by half a turn.",
        ),
        Misconception(
            "'=' for '+='",
            overwritten,
            "In grad_images later windows overwrite earlier ones where they overlap. A pixel collects from every "
            "window that holds it: add.",
        ),
        Misconception(
            "padding not cropped",
            padding_left_on,
            "grad_images still has its padding: crop `padding` rows and columns on each side.",
        ),
        Misconception(
            "padding cropped at the far end only",
            padding_cut_at_the_end,
            "grad_images has the right size and is shifted: row 0 of the images is row `padding` of the padded ones.",
        ),
        Misconception(
            "stride not dilated",
            stride_not_spread,
            "You treat the outputs as neighbours one pixel apart. Output (i, j) belongs to the window that starts at "
            "(i * stride, j * stride); written as sliding windows, grad_out has to be spread with zeros first.",
        ),
        Misconception(
            "batch sum missing",
            images_averaged,
            "Your grad_weight is the mean over the images. Every image has used the weights, and the chain rule adds "
            "them up; a mean, if there is one, belongs to the loss and is in grad_out already.",
        ),
        Misconception(
            "weight gradient too large",
            weight_slid_too_far,
            "You slid the spread grad_out over the images as far as it goes. Where rows are left over that gives more "
            "numbers than the kernel has: keep the first KH rows and KW columns.",
        ),
        Misconception(
            "weight gradient turned",
            changed(lambda x, w, b, g: (x, w.flip(2, 3), b)),
            "grad_weight is turned by half a turn. It is a plain cross-correlation of the images with grad_out: "
            "nothing turns there.",
        ),
        Misconception(
            "channels exchanged",
            channels_exchanged,
            "In grad_images input and output channels have changed places: sum over the *output* channels o, with "
            "weight[o, c].",
        ),
        Misconception(
            "weight channels exchanged",
            changed(lambda x, w, b, g: (x, w.transpose(0, 1), b)),
            "grad_weight has its two channel axes exchanged: the shape is that of weight, output channels first.",
        ),
        Misconception(
            "bias summed over the batch only",
            changed(lambda x, w, b, g: (x, w, g.sum(0))),
            "grad_bias is summed over the images only. A bias is also in every row and column of its map: sum over "
            "0, 2 and 3.",
        ),
        Misconception(
            "bias summed over rows and columns only",
            changed(lambda x, w, b, g: (x, w, g.sum((2, 3)))),
            "grad_bias is summed over rows and columns only. All images share one bias: sum over 0, 2 and 3.",
        ),
        Misconception(
            "bias summed over all channels",
            changed(lambda x, w, b, g: (x, w, g.sum())),
            "grad_bias is one number. Each output channel has its own bias: leave axis 1 standing.",
        ),
        Misconception(
            "bias averaged",
            changed(lambda x, w, b, g: (x, w, g.mean((0, 2, 3)))),
            "grad_bias is a mean. The chain rule adds: use sum.",
        ),
        Misconception(
            "order of the results",
            changed(lambda x, w, b, g: (w, x, b)),
            "Your first two results have changed places: (grad_images, grad_weight, grad_bias).",
        ),
        *EDGES,
    ),
)
