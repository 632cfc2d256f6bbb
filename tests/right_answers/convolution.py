"""Honest answers to the exercises of lesson 02, in several styles: every one must pass."""

import functools
import math

import numpy as np
import torch
import torch.nn.functional as F


def windows_of(image, rows, columns):
    return image.unfold(0, rows, 1).unfold(1, columns, 1)


def correlate_view(image, kernel):
    return (windows_of(image, *kernel.shape) * kernel).sum((-1, -2))


def correlate_shifts(image, kernel):
    """Adds whole shifted pictures, one for each number of the kernel."""
    height, width = (a - b + 1 for a, b in zip(image.shape, kernel.shape, strict=True))
    out = 0
    for a in range(kernel.shape[0]):
        for b in range(kernel.shape[1]):
            out = out + kernel[a, b] * image[a : a + height, b : b + width]
    return out


def correlate_numpy(img, k):
    windows = np.lib.stride_tricks.sliding_window_view(img.numpy(), tuple(k.shape))
    return np.einsum("ijab,ab->ij", windows, k.numpy())


def correlate_double(image, kernel):
    return correlate_view(image.double(), kernel.double())


def correlate_lists(image, kernel):
    image, kernel = image.tolist(), kernel.tolist()
    rows, columns = len(kernel), len(kernel[0])
    return torch.tensor(
        [
            [
                sum(kernel[a][b] * image[i + a][j + b] for a in range(rows) for b in range(columns))
                for j in range(len(image[0]) - columns + 1)
            ]
            for i in range(len(image) - rows + 1)
        ]
    )


def size_by_loop(size, kernel, stride=1, padding=0, dilation=1):
    count, start = 0, 0
    while start + dilation * (kernel - 1) < size + 2 * padding:
        count, start = count + 1, start + stride
    return count


def size_by_floor(n, k, stride=1, padding=0, dilation=1):
    return math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride + 1)


def size_numpy(size, kernel, stride=1, padding=0, dilation=1):
    return np.int64((size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


def size_by_recursion(size, kernel, stride=1, padding=0, dilation=1):
    if padding:
        return size_by_recursion(size + 2 * padding, kernel, stride, 0, dilation)
    span = dilation * (kernel - 1) + 1
    return 0 if size < span else 1 + size_by_recursion(size - stride, kernel, stride, 0, dilation)


def layer_loops(images, weight, bias=None, stride=1, padding=0):
    n, _, height, width = images.shape
    outs, ins, rows, columns = weight.shape
    x = torch.zeros(n, ins, height + 2 * padding, width + 2 * padding)
    x[:, :, padding : padding + height, padding : padding + width] = images
    h, w = (x.shape[2] - rows) // stride + 1, (x.shape[3] - columns) // stride + 1
    out = torch.zeros(n, outs, h, w)
    for m in range(n):
        for o in range(outs):
            for i in range(h):
                for j in range(w):
                    window = x[m, :, i * stride : i * stride + rows, j * stride : j * stride + columns]
                    out[m, o, i, j] = (window * weight[o]).sum()
                    if bias is not None:
                        out[m, o, i, j] += bias[o]
    return out


def layer_einsum(images, weight, bias=None, stride=1, padding=0):
    x = F.pad(images, [padding] * 4)
    windows = x.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
    out = torch.einsum("nchwab,ocab->nohw", windows, weight)
    if bias is not None:
        out += bias.view(1, -1, 1, 1)
    return out


def layer_shifts(images, weight, bias=None, stride=1, padding=0):
    x = F.pad(images.double(), (padding,) * 4)
    rows, columns = weight.shape[2:]
    h, w = (x.shape[2] - rows) // stride + 1, (x.shape[3] - columns) // stride + 1
    out = torch.zeros(len(x), len(weight), h, w, dtype=torch.float64)
    for a in range(rows):
        for b in range(columns):
            part = x[:, :, a : a + stride * h : stride, b : b + stride * w : stride]
            out += torch.tensordot(part, weight[:, :, a, b].double(), dims=([1], [1])).movedim(-1, 1)
    return out if bias is None else out + bias[None, :, None, None]


def layer_by_planes(images, weight, bias=None, stride=1, padding=0):
    """One plane at a time, then strided: the style of somebody who reuses the first exercise."""
    x = F.pad(images, (padding,) * 4)
    out = []
    for image in x:
        maps = [
            sum(correlate_view(plane, k) for plane, k in zip(image, kernel, strict=True))[::stride, ::stride]
            for kernel in weight
        ]
        out.append(torch.stack(maps))
    out = torch.stack(out)
    return out if bias is None else out + bias.reshape(-1, 1, 1)


def im2col_view(images, weight, bias=None, stride=1, padding=0):
    x = F.pad(images, (padding,) * 4)
    windows = x.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
    n, _, h, w = windows.shape[:4]
    columns = windows.permute(0, 2, 3, 1, 4, 5).reshape(n * h * w, -1)
    out = (columns @ weight.flatten(1).T).reshape(n, h, w, -1).permute(0, 3, 1, 2)
    return out if bias is None else out + bias[:, None, None]


def im2col_unfold(images, weight, bias=None, stride=1, padding=0):
    columns = F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
    out = torch.einsum("ok,nkl->nol", weight.flatten(1), columns)
    h = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    out = out.unflatten(2, (h, -1))
    return out if bias is None else out + bias.view(-1, 1, 1)


def im2col_bias_row(images, weight, bias=None, stride=1, padding=0):
    """The bias as one more weight, that of a row of ones."""
    columns = F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
    bias = torch.zeros(len(weight)) if bias is None else bias
    columns = torch.cat([columns, torch.ones_like(columns[:, :1])], dim=1)
    matrix = torch.cat([weight.flatten(1), bias[:, None]], dim=1)
    h = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    return (matrix @ columns).view(len(images), len(weight), h, -1)


def field_backwards(layers):
    size = 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
    return size


def field_products(layers):
    strides = [1, *np.cumprod([stride for _, stride, _ in layers])]
    return 1 + sum(d * (k - 1) * jump for (k, _, d), jump in zip(layers, strides, strict=False))


def field_recursive(layers):
    if not layers:
        return 1
    (kernel, stride, dilation), *rest = layers
    return (field_recursive(rest) - 1) * stride + dilation * (kernel - 1) + 1


def cost_shapes(in_channels, out_channels, kernel_size, output_size, groups=1, bias=True):
    weight = torch.empty(out_channels, in_channels // groups, *kernel_size, device="meta")
    return weight.numel() + bias * out_channels, weight.numel() * math.prod(output_size)


def cost_groups(in_channels, out_channels, kernel_size, output_size, groups=1, bias=True):
    one = (in_channels // groups) * (out_channels // groups) * kernel_size[0] * kernel_size[1]
    parameters = groups * one
    macs = parameters * output_size[0] * output_size[1]
    if bias:
        parameters += out_channels
    return [parameters, macs]


def cost_numpy(i, o, k, a, groups=1, bias=True):
    weights = np.prod(k) * i * o // groups
    return np.array([weights + o * int(bias), weights * np.prod(a)])


def adjoint_pytorch(out, weight, image_size, stride=1, padding=0):
    sizes = [(n - 1) * stride - 2 * padding + k for n, k in zip(out.shape[2:], weight.shape[2:], strict=True)]
    extra = [whole - size for whole, size in zip(image_size, sizes, strict=True)]
    return F.conv_transpose2d(out, weight, stride=stride, padding=padding, output_padding=extra)


def adjoint_fold(out, weight, image_size, stride=1, padding=0):
    columns = weight.flatten(1).T @ out.flatten(2)
    return F.fold(columns, image_size, weight.shape[2:], padding=padding, stride=stride)


def adjoint_matrix(out, weight, image_size, stride=1, padding=0):
    """Builds the matrix of the layer, column by column, and transposes it."""
    pixels = weight.shape[1] * image_size[0] * image_size[1]
    units = torch.eye(pixels, dtype=out.dtype).reshape(pixels, weight.shape[1], *image_size)
    matrix = F.conv2d(units, weight, stride=stride, padding=padding).flatten(1)  # (pixels, outputs)
    return (out.flatten(1) @ matrix.T).reshape(len(out), weight.shape[1], *image_size)


def adjoint_scatter_numpy(out, weight, image_size, stride=1, padding=0):
    y, w = out.numpy(), weight.numpy()
    x = np.zeros((len(y), w.shape[1], image_size[0] + 2 * padding, image_size[1] + 2 * padding))
    for a in range(w.shape[2]):
        for b in range(w.shape[3]):
            rows = slice(a, a + stride * y.shape[2], stride)
            columns = slice(b, b + stride * y.shape[3], stride)
            x[:, :, rows, columns] += np.einsum("nohw,oc->nchw", y, w[:, :, a, b])
    return x[:, :, padding : padding + image_size[0], padding : padding + image_size[1]]


def mended_indices(image, kernel):
    out = torch.zeros(image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1)
    for y in range(len(out)):
        for x in range(len(out[0])):
            for i in range(image.shape[0]):
                for j in range(image.shape[1]):
                    a, b = i - y, j - x
                    if 0 <= a < kernel.shape[0] and 0 <= b < kernel.shape[1]:
                        out[y, x] += image[i, j] * kernel[a, b]
    return out


def correlate_fourier(image, kernel):
    image, kernel = image.double(), kernel.double()
    product = torch.fft.rfft2(image) * torch.fft.rfft2(kernel, s=image.shape).conj()
    rows, columns = (a - b + 1 for a, b in zip(image.shape, kernel.shape, strict=True))
    return torch.fft.irfft2(product, s=image.shape)[:rows, :columns]


def correlate_by_rows(image, kernel):
    """Peels one row off the kernel at a time."""
    if len(kernel) == 1:
        return image.unfold(1, kernel.shape[1], 1) @ kernel[0]
    rest = kernel[1:]
    return correlate_by_rows(image[: -len(rest)], kernel[:1]) + correlate_by_rows(image[1:], rest)


class Layer:
    """An object that can be called, with a module inside, so that the result carries a graph."""

    def __call__(self, images, weight, bias=None, stride=1, padding=0):
        module = torch.nn.Conv2d(*weight.shape[1::-1], tuple(weight.shape[2:]), stride, padding)
        module.weight.data, module.bias.data = weight, torch.zeros(len(weight)) if bias is None else bias
        return module(images)


def size_by_keywords(size, kernel, **options):
    return functools.partial(size_by_floor, size)(kernel, **options)


def field_emptying_its_list(layers):
    size = jump = torch.tensor(1)
    while layers:
        kernel, stride, dilation = layers.pop(0)
        size, jump = size + dilation * (kernel - 1) * jump, jump * stride
    return size


def adjoint_float32(out, weight, image_size, stride=1, padding=0):
    """Collects in `torch.zeros` of the default type, as most people would."""
    rows, columns = weight.shape[2:]
    x = torch.zeros(len(out), weight.shape[1], *(length + 2 * padding for length in image_size))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            patch = torch.einsum("no,ocab->ncab", out[:, :, i, j], weight)
            x[:, :, i * stride : i * stride + rows, j * stride : j * stride + columns] += patch
    return x[:, :, padding : padding + image_size[0], padding : padding + image_size[1]]


RIGHT = {
    "one_pixel": [3, lambda: 3.0, lambda: torch.tensor(3.0), np.float32(3), np.longdouble(3)],
    "cross_correlate": [
        correlate_view,
        correlate_shifts,
        correlate_numpy,
        correlate_double,
        correlate_lists,
        correlate_fourier,
        correlate_by_rows,
    ],
    "output_size": [size_by_loop, size_by_floor, size_numpy, size_by_recursion, size_by_keywords],
    "conv2d": [layer_loops, layer_einsum, layer_shifts, layer_by_planes, Layer()],
    "count_parameters_and_macs": [cost_shapes, cost_groups, cost_numpy],
    "conv2d_im2col": [im2col_view, im2col_unfold, im2col_bias_row],
    "receptive_field": [field_backwards, field_products, field_recursive, field_emptying_its_list],
    "fooling_kernel": [
        torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]),
        lambda: torch.tensor([[1, 2, 3], [4, 5, 4], [3, 2, 1]]),
        np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        torch.tensor([[1e-5, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1e-5]]),
        torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.001, 1.0], [1.0, 1.0, 1.0]]),
        lambda: (lambda any_kernel: any_kernel + any_kernel.rot90(2))(torch.rand(3, 3)),
    ],
    "published_layer": [mended_indices, correlate_view, correlate_shifts],
    "conv2d_transpose": [
        adjoint_pytorch,
        adjoint_fold,
        adjoint_matrix,
        adjoint_scatter_numpy,
        adjoint_float32,
    ],
}
