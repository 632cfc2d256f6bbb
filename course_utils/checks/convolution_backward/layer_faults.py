"""Wrong backward passes of the convolution layer, written out."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def spread(grad_out: torch.Tensor, stride: int) -> torch.Tensor:
    """`stride` - 1 zeros between neighbours, along both directions."""
    rows, columns = ((size - 1) * stride + 1 for size in grad_out.shape[2:])
    wide = torch.zeros(*grad_out.shape[:2], rows, columns, dtype=grad_out.dtype)
    wide[..., ::stride, ::stride] = grad_out
    return wide


def weight_gradient(grad_out, images, weight, stride=1, padding=0, keep=True):
    """The spread gradient as a kernel that slides over the padded images."""
    x = F.pad(images, (padding,) * 4).transpose(0, 1)  # (C_in, N, ...): the images are what is summed over
    slid = F.conv2d(x, spread(grad_out, stride).transpose(0, 1)).transpose(0, 1)
    return slid[..., : weight.shape[2], : weight.shape[3]] if keep else slid


def input_gradient(grad_out, images, weight, stride=1, padding=0, add=True):
    """Scattered into the windows, `add`ed or written over, and cropped."""
    (height, width), (rows, columns) = images.shape[2:], weight.shape[2:]
    full = torch.zeros_like(F.pad(images, (padding,) * 4))
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            place = (..., slice(i * stride, i * stride + rows), slice(j * stride, j * stride + columns))
            patch = torch.einsum("no,ochw->nchw", grad_out[:, :, i, j], weight)
            full[place] = full[place] + patch if add else patch
    return full[:, :, padding : padding + height, padding : padding + width]


def three(grad_out, images, weight, stride=1, padding=0, **options):
    return (
        input_gradient(grad_out, images, weight, stride, padding, **options),
        weight_gradient(grad_out, images, weight, stride, padding),
        grad_out.sum((0, 2, 3)),
    )


def overwritten(grad_out, images, weight, stride=1, padding=0):
    return three(grad_out, images, weight, stride, padding, add=False)


def stride_not_spread(grad_out, images, weight, stride=1, padding=0):
    return three(grad_out, images, weight, 1, padding)


def images_averaged(grad_out, images, weight, stride=1, padding=0):
    x, w, b = three(grad_out, images, weight, stride, padding)
    return x, w / len(images), b


def weight_slid_too_far(grad_out, images, weight, stride=1, padding=0):
    x, _, b = three(grad_out, images, weight, stride, padding)
    return x, weight_gradient(grad_out, images, weight, stride, padding, keep=False), b


def channels_exchanged(grad_out, images, weight, stride=1, padding=0):
    """Uses weight[c, o] where weight[o, c] belongs; fits only where there are as many of each."""
    x = input_gradient(grad_out, images, weight.transpose(0, 1), stride, padding)
    return x, *three(grad_out, images, weight, stride, padding)[1:]
