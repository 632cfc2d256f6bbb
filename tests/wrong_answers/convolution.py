"""Wrong answers to the exercises of lesson 02 beyond its misconceptions: every one must be refused."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.checks.convolution.fields import field
from course_utils.checks.convolution.layer import layer
from course_utils.checks.convolution.plane import plane


def spoilt_layer(change):
    """The right layer with its result changed."""
    return lambda images, weight, bias=None, stride=1, padding=0: change(
        layer(images, weight, bias, stride, padding)
    )


def square_only(image, kernel):
    """Takes the height for both sides."""
    n = image.shape[0] - kernel.shape[0] + 1
    return torch.stack(
        [
            torch.stack(
                [(image[i : i + kernel.shape[0], j : j + kernel.shape[1]] * kernel).sum() for j in range(n)]
            )
            for i in range(n)
        ]
    )


def first_image_only(images, weight, bias=None, stride=1, padding=0):
    out = layer(images, weight, bias, stride, padding)
    return out[:1].expand_as(out)


def bias_on_the_wrong_axis(images, weight, bias=None, stride=1, padding=0):
    out = layer(images, weight, None, stride, padding)
    return out if bias is None else out + bias.mean()


def batch_summed(images, weight, bias=None, stride=1, padding=0):
    out = layer(images, weight, bias, stride, padding)
    return out.sum(0, keepdim=True).expand_as(out)


def transposed(out, weight, image_size, stride=1, padding=0):
    """The forward layer in place of its transpose."""
    return F.conv2d(F.pad(out, [9] * 4), weight.transpose(0, 1))[..., : image_size[0], : image_size[1]]


def by_fourier_without_real(image, kernel):
    """The right numbers, and complex."""
    product = torch.fft.fft2(image) * torch.fft.fft2(kernel, s=image.shape).conj()
    rows, columns = (a - b + 1 for a, b in zip(image.shape, kernel.shape, strict=True))
    return torch.fft.ifft2(product)[:rows, :columns]


def size_with_span(span):
    """The right formula with another idea of how far a dilated kernel reaches."""
    return lambda size, kernel, stride=1, padding=0, dilation=1: (
        (size + 2 * padding - span(kernel, dilation)) // stride + 1
    )


def first_layer_without_dilation(layers):
    (size, jump, _), *rest = layers
    for kernel, stride, dilation in rest:
        size, jump = size + dilation * (kernel - 1) * jump, jump * stride
    return size


WRONG = {
    "one_pixel": [
        *(4, 3.5, -3, "3", None, [3], {3}, True, 3 + 0j),
        torch.tensor([3.0]),
        torch.tensor(3 + 0j),
        lambda: np.zeros((3, 3)),
    ],
    "cross_correlate": [
        square_only,
        lambda image, kernel: plane(image, kernel).abs(),
        lambda image, kernel: plane(image, kernel).relu(),
        lambda image, kernel: -plane(image, kernel),
        lambda image, kernel: plane(image.flip(0, 1), kernel),
        lambda image, kernel: plane(image, kernel).flip(0, 1),
        lambda image, kernel: plane(image, kernel)[None],
        lambda image, kernel: plane(image, kernel).sum(),
        lambda image, kernel: plane(image, kernel).tolist(),
        lambda image, kernel: plane(image, kernel)[::2, ::2],
        lambda image, kernel: image @ kernel,
        lambda image, kernel: plane(image, kernel).half(),
        lambda image, kernel: plane(image, kernel).int(),
        by_fourier_without_real,
    ],
    "output_size": [
        lambda size, kernel, stride=1, padding=0, dilation=1: size // stride,
        lambda size, kernel, stride=1, padding=0, dilation=1: (size - kernel + 2 * padding + 1) // stride,
        lambda size, kernel, stride=1, padding=0, dilation=1: (
            math.ceil((size + 2 * padding - dilation * (kernel - 1)) / stride) + 1
        ),
        lambda size, kernel, stride=1, padding=0, dilation=1: float(
            (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        ),
        lambda size, kernel, stride=1, padding=0, dilation=1: (
            (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + padding
        ),
        lambda size, kernel, stride=1, padding=0, dilation=1: str(
            (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        ),
        lambda size, kernel: size - kernel + 1,
        size_with_span(lambda kernel, dilation: kernel + 2 * (dilation - 1)),
        size_with_span(lambda kernel, dilation: 2 * dilation + 1 if dilation > 1 else kernel),
        size_with_span(lambda kernel, dilation: dilation * kernel - (dilation > 1)),
        size_with_span(lambda kernel, dilation: kernel + dilation - 1),
        lambda size, kernel, stride=1, padding=0, dilation=1: math.ceil(
            (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 0.5
        ),
    ],
    "conv2d": [
        first_image_only,
        batch_summed,
        bias_on_the_wrong_axis,
        spoilt_layer(lambda out: out.transpose(2, 3)),
        spoilt_layer(lambda out: out.flatten(2)),
        spoilt_layer(lambda out: out.relu()),
        spoilt_layer(lambda out: out[0]),
        spoilt_layer(lambda out: out.round(decimals=1)),
        lambda images, weight: F.conv2d(images, weight),
        lambda images, weight, bias=None, stride=1, padding=0: F.conv2d(images, weight, bias),
        lambda images, weight, bias=None, stride=1, padding=0: layer(
            images, weight, bias, stride, 2 * padding
        ),
        lambda images, weight, bias=None, stride=1, padding=0: layer(
            images, weight, None if bias is None else -bias, stride, padding
        ),
        lambda images, weight, bias=None, stride=1, padding=0: F.conv2d(
            images, weight, bias, stride, padding, dilation=2
        ),
    ],
    "count_parameters_and_macs": [
        lambda i, o, k, a, groups=1, bias=True: (
            i * o * k[0] * k[1] // groups + o * bias,
            i * o * k[0] * k[1] // groups * a[0] * a[1]
            + o * bias,  # one addition a channel: a small difference
        ),
        lambda i, o, k, a, groups=1, bias=True: (i * o * k[0] ** 2 // groups + o * bias, 0),
        lambda i, o, k, a, groups=1, bias=True: i * o * k[0] * k[1] // groups + o * bias,
        lambda i, o, k, a, groups=1, bias=True: (
            i * o * k[0] * k[1] * a[0] * a[1] // groups,
            i * o * k[0] * k[1] // groups + o * bias,
        ),
        lambda i, o, k, a, groups=1, bias=True: (
            i / groups * o * k[0] * k[1] + o * bias,
            i / groups * o * k[0] * k[1] * a[0] * a[1],
        ),
        lambda i, o, k, a, groups=1, bias=True: (
            i * o * k[0] * k[1] // groups + i * bias,
            i * o * k[0] * k[1] // groups * a[0] * a[1],
        ),
        lambda i, o, k, a, groups=1, bias=True: (
            i * o * k[0] * k[1] // groups + o * bias,
            i * o * k[0] * k[1] // groups * a[0] ** 2,
        ),
    ],
    "conv2d_im2col": [
        first_image_only,
        bias_on_the_wrong_axis,
        spoilt_layer(lambda out: out.transpose(2, 3)),
        spoilt_layer(lambda out: out.flatten(2)),
        spoilt_layer(lambda out: out.flip(1)),
        lambda images, weight, bias=None, stride=1, padding=0: F.conv2d(images, weight, bias),
    ],
    "receptive_field": [
        lambda layers: 1 + sum(k * d for k, _, d in layers),
        lambda layers: math.prod(s for _, s, _ in layers),
        lambda layers: 1 + sum(d * (k - 1) * s for k, s, d in layers),
        lambda layers: sum(d * (k - 1) for k, _, d in layers) * math.prod(s for _, s, _ in layers) + 1,
        lambda layers: float(len(layers) * 2 + 1),
        lambda layers: len(layers) * 2 + 1,
        lambda layers: field([each for each in layers if each[0] > 1]),
        lambda layers: field(layers, span=lambda kernel, dilation: kernel - 1 + 2 * (dilation - 1)),
        first_layer_without_dilation,
        lambda layers: field([(kernel, dilation, stride) for kernel, stride, dilation in layers]),
    ],
    "fooling_kernel": [
        torch.zeros(3, 3),
        torch.eye(3).flip(0) + torch.tensor([[0.0, 0.0, 5.0], [0, 0, 0], [0, 0, 0]]),
        torch.tensor([[1.0, 2.0, 3.0], [2.0, 5.0, 6.0], [3.0, 6.0, 9.0]]),
        torch.full((3, 3), float("nan")),
        torch.eye(5),
        lambda: torch.randn(3, 3),
        [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
        torch.full((3, 3), 1e-9),
        torch.arange(9.0).reshape(3, 3) * 1e-12,
        torch.eye(3) * torch.tensor([1 + 0j, 2, 1]),
        torch.eye(3, device="meta"),
        "symmetric",
        None,
    ],
    "published_layer": [
        lambda image, kernel: plane(image, kernel).T,
        lambda image, kernel: plane(image, kernel.T.flip(0, 1)),
        lambda image, kernel: F.pad(plane(image, kernel), (1, 1, 1, 1)),
        lambda image, kernel: plane(image.flip(0), kernel),
        lambda image, kernel: plane(image, kernel).abs(),
    ],
    "conv2d_transpose": [
        transposed,
        lambda out, weight, image_size, stride=1, padding=0: torch.zeros(
            len(out), weight.shape[1], *image_size
        ),
        lambda out, weight, image_size, stride=1, padding=0: F.interpolate(out, image_size),
        lambda out, weight, image_size, stride=1, padding=0: F.conv_transpose2d(out, weight),
        lambda out, weight, image_size, stride=1, padding=0: (
            2 * F.fold(weight.flatten(1).T @ out.flatten(2), image_size, weight.shape[2:], 1, padding, stride)
        ),
    ],
}
