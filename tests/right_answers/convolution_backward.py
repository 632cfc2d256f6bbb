"""Honest answers to the exercises of lesson 03, in several styles: every one must pass."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F


def touch_by_formula(size, kernel, stride=1, padding=0):
    outputs = (size + 2 * padding - kernel) // stride + 1
    return [sum(0 <= p + padding - i * stride < kernel for i in range(outputs)) for p in range(size)]


def touch_numpy(size, kernel, stride=1, padding=0):
    starts = np.arange(0, size + 2 * padding - kernel + 1, stride)
    places = (starts[:, None] + np.arange(kernel)).ravel()
    return np.bincount(places, minlength=size + 2 * padding)[padding : padding + size]


def touch_tensor(size, kernel, stride=1, padding=0):
    row = torch.zeros(size + 2 * padding, dtype=torch.int64)
    for start in range(0, len(row) - kernel + 1, stride):
        row[start : start + kernel] += 1
    return row[padding : padding + size].tolist()


def touch_closed_form(size, kernel, stride=1, padding=0):
    last = (size + 2 * padding - kernel) // stride
    places = [p + padding for p in range(size)]
    return [max(0, min(p // stride, last) - max(0, -(-(p - kernel + 1) // stride)) + 1) for p in places]


def touch_by_fold(size, kernel, stride=1, padding=0):
    ones = torch.ones(1, kernel, (size + 2 * padding - kernel) // stride + 1)
    return F.fold(ones, (1, size), (1, kernel), stride=(1, stride), padding=(0, padding)).flatten().int()


def jacobian_by_masks(w, size, stride, dilation):
    rows = (size - dilation * (len(w) - 1) - 1) // stride + 1
    i, p = torch.arange(rows)[:, None], torch.arange(size)
    a, rest = (p - i * stride) // dilation, (p - i * stride) % dilation
    fits = (a >= 0) & (a < len(w)) & (rest == 0)
    return torch.where(fits, w[a.clamp(0, len(w) - 1)], torch.zeros((), dtype=w.dtype))


def jacobian_lists(w, size, stride, dilation):
    rows = (size - dilation * (len(w) - 1) - 1) // stride + 1
    table = [[0.0] * size for _ in range(rows)]
    for i, a in itertools.product(range(rows), range(len(w))):
        table[i][i * stride + a * dilation] = float(w[a])
    return torch.tensor(table, dtype=torch.float64)


def jacobian_numpy(w, size, stride, dilation):
    w = w.numpy()
    rows = (size - dilation * (len(w) - 1) - 1) // stride + 1
    table = np.zeros((rows, size))
    for i in range(rows):
        table[i, i * stride : i * stride + dilation * (len(w) - 1) + 1 : dilation] = w
    return table


def input_by_jacobian(g, w, size, stride, dilation):
    return jacobian_by_masks(w, size, stride, dilation).T @ g


def input_by_convolution(g, w, size, stride, dilation):
    """Spread both, and take the product of polynomials."""
    wide_g = np.zeros((len(g) - 1) * stride + 1)
    wide_w = np.zeros((len(w) - 1) * dilation + 1)
    wide_g[::stride], wide_w[::dilation] = g.numpy(), w.numpy()
    full = np.convolve(wide_g, wide_w)
    return np.pad(full, (0, size - len(full)))


def input_by_pixel(g, w, size, stride, dilation):
    out = torch.zeros(size, dtype=g.dtype)
    for p, i, a in itertools.product(range(size), range(len(g)), range(len(w))):
        if i * stride + a * dilation == p:
            out[p] += g[i] * w[a]
    return out


def weight_by_slices(g, x, kernel, stride, dilation):
    reach = (len(g) - 1) * stride + 1
    return torch.stack([x[a * dilation : a * dilation + reach : stride] @ g for a in range(kernel)])


def weight_by_windows(g, x, kernel, stride, dilation):
    windows = x.unfold(0, dilation * (kernel - 1) + 1, stride)[:, ::dilation]  # (M, K)
    return torch.einsum("i,ia->a", g, windows)


def weight_numpy(g, x, kernel, stride, dilation):
    x, g = x.numpy(), g.numpy()
    return np.array([sum(g[i] * x[i * stride + a * dilation] for i in range(len(g))) for a in range(kernel)])


def adjoint_by_allclose(forward, backward, x_shape, y_shape):
    x, y = torch.randn(x_shape, dtype=torch.float64), torch.randn(y_shape, dtype=torch.float64)
    left, right = torch.sum(y * forward(x)), torch.sum(backward(y) * x)
    return torch.allclose(left, right, rtol=1e-7, atol=0.0)


def adjoint_several_times(forward, backward, x_shape, y_shape):
    generator = torch.Generator().manual_seed(3)
    for _ in range(3):
        x = torch.randn(x_shape, generator=generator, dtype=torch.float64)
        y = torch.randn(y_shape, generator=generator, dtype=torch.float64)
        left, right = (
            torch.dot(y.flatten(), forward(x).flatten()),
            torch.vdot(backward(y).flatten(), x.flatten()),
        )
        if abs(left - right) > 1e-8 * max(abs(left), abs(right)):
            return False
    return True


def adjoint_numpy(f, b, xs, ys):
    rng = np.random.default_rng(0)
    x, y = torch.from_numpy(rng.normal(size=xs)), torch.from_numpy(rng.normal(size=ys))
    left, right = np.vdot(y.numpy(), f(x).numpy()), np.vdot(b(y).numpy(), x.numpy())
    return np.isclose(left, right, rtol=1e-6, atol=0)


def adjoint_by_unit_vectors(forward, backward, x_shape, y_shape):
    """Every entry of both matrices."""
    x_units = torch.eye(int(np.prod(x_shape)), dtype=torch.float64)
    y_units = torch.eye(int(np.prod(y_shape)), dtype=torch.float64)
    there = torch.stack([forward(u.reshape(x_shape)).flatten() for u in x_units])
    back = torch.stack([backward(u.reshape(y_shape)).flatten() for u in y_units], dim=1)
    return bool((there - back).abs().max() <= 1e-9 * there.abs().max())


def adjoint_uniform(forward, backward, x_shape, y_shape):
    """Drawn in float32, tested in float64; the verdict is a tensor."""
    x, y = torch.rand(x_shape).double(), torch.rand(y_shape).double()
    out = forward(x)
    return ((y * out).sum() - (backward(y) * x).sum()).abs() < 1e-9 * y.norm() * out.norm()


def layer_by_columns(grad_out, images, weight, stride=1, padding=0):
    options = {"kernel_size": weight.shape[2:], "stride": stride, "padding": padding}
    g = grad_out.flatten(2)  # (N, C_out, L)
    columns = F.unfold(images, **options)  # (N, C_in*KH*KW, L)
    grad_weight = torch.einsum("nol,nkl->ok", g, columns).reshape(weight.shape)
    grad_images = F.fold(weight.flatten(1).T @ g, images.shape[2:], **options)
    return grad_images, grad_weight, g.sum((0, 2))


def spread(g, stride):
    wide = torch.zeros(*g.shape[:2], *((n - 1) * stride + 1 for n in g.shape[2:]), dtype=g.dtype)
    wide[:, :, ::stride, ::stride] = g
    return wide


def layer_by_sliding(grad_out, images, weight, stride=1, padding=0):
    """Both as convolutions: the spread gradient as kernel, and the turned kernel over it."""
    rows, columns = weight.shape[2:]
    wide = spread(grad_out, stride)
    x = F.pad(images, (padding,) * 4)
    grad_weight = F.conv2d(x.transpose(0, 1), wide.transpose(0, 1)).transpose(0, 1)[:, :, :rows, :columns]
    left_over = [x.shape[2] - rows - wide.shape[2] + 1, x.shape[3] - columns - wide.shape[3] + 1]
    framed = F.pad(wide, (columns - 1, columns - 1 + left_over[1], rows - 1, rows - 1 + left_over[0]))
    grad_x = F.conv2d(framed, weight.flip(2, 3).transpose(0, 1))
    inside = [slice(padding, n - padding) for n in grad_x.shape[2:]]
    return grad_x[:, :, inside[0], inside[1]], grad_weight, grad_out.sum(dim=(0, 2, 3))


def layer_by_taps(grad_out, images, weight, stride=1, padding=0):
    """One weight of the kernel at a time, over the whole picture."""
    x = F.pad(images, (padding,) * 4)
    grad_x, grad_weight = torch.zeros_like(x), torch.zeros_like(weight)
    rows, columns = ((n - 1) * stride + 1 for n in grad_out.shape[2:])
    for a, b in itertools.product(range(weight.shape[2]), range(weight.shape[3])):
        place = (..., slice(a, a + rows, stride), slice(b, b + columns, stride))
        grad_weight[:, :, a, b] = torch.einsum("noij,ncij->oc", grad_out, x[place])
        grad_x[place] += torch.einsum("noij,oc->ncij", grad_out, weight[:, :, a, b])
    height, width = images.shape[2:]
    return [
        grad_x[..., padding : padding + height, padding : padding + width],
        grad_weight,
        grad_out.sum((0, 2, 3)),
    ]


def layer_numpy(grad_out, images, weight, stride=1, padding=0):
    g, w = grad_out.numpy(), weight.numpy()
    x = np.pad(images.numpy(), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    grad_x, grad_w = np.zeros_like(x), np.zeros_like(w)
    for n, o, i, j in np.ndindex(*g.shape):
        rows, columns = slice(i * stride, i * stride + w.shape[2]), slice(j * stride, j * stride + w.shape[3])
        grad_w[o] += g[n, o, i, j] * x[n, :, rows, columns]
        grad_x[n, :, rows, columns] += g[n, o, i, j] * w[o]
    end = [s - padding for s in x.shape[2:]]
    return grad_x[:, :, padding : end[0], padding : end[1]], grad_w, g.sum(axis=(0, 2, 3))


def layer_in_float32(grad_out, images, weight, stride=1, padding=0):
    x, w, b = layer_by_columns(grad_out, images, weight, stride, padding)
    return [x.float(), w.float().mT.contiguous().mT, b.float()]


def layer_negative_pad(grad_out, images, weight, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4)
    full, w, b = layer_by_taps(grad_out, padded, weight, stride)
    return F.pad(full, (-padding,) * 4), w, b


def max_pool_loops(grad_out, images, kernel_size, stride):
    out = torch.zeros_like(images)
    for n, c, i, j in np.ndindex(*grad_out.shape):
        best, where = None, None
        for a, b in itertools.product(range(kernel_size), range(kernel_size)):
            value = images[n, c, i * stride + a, j * stride + b]
            if best is None or value > best:
                best, where = value, (i * stride + a, j * stride + b)
        out[(n, c, *where)] += grad_out[n, c, i, j]
    return out


def max_pool_scatter(grad_out, images, kernel_size, stride):
    n, c, height, width = images.shape
    windows = images.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride)
    rows, columns = windows.shape[2:4]
    place = windows.flatten(4).argmax(4)  # (N, C, rows, columns)
    row = torch.arange(rows)[:, None] * stride + place // kernel_size
    column = torch.arange(columns) * stride + place % kernel_size
    out = torch.zeros(n, c, height * width, dtype=grad_out.dtype)
    return out.scatter_add_(2, (row * width + column).flatten(2), grad_out.flatten(2)).reshape(images.shape)


def max_pool_numpy(g, x, k, s):
    g, x = g.numpy(), x.numpy()
    out = np.zeros_like(x)
    for n, c, i, j in np.ndindex(*g.shape):
        window = x[n, c, i * s : i * s + k, j * s : j * s + k]
        a, b = np.unravel_index(window.argmax(), window.shape)
        out[n, c, i * s + a, j * s + b] += g[n, c, i, j]
    return out


def max_pool_fold(grad_out, images, kernel_size, stride):
    n, c, height, width = images.shape
    columns = F.unfold(images.reshape(n * c, 1, height, width), kernel_size, stride=stride)
    winners = F.one_hot(columns.argmax(1), kernel_size**2).mT.to(images.dtype)
    sent = winners * grad_out.reshape(n * c, 1, -1)
    return F.fold(sent, (height, width), kernel_size, stride=stride).reshape(images.shape)


def max_pool_first_of_mask(grad_out, images, kernel_size, stride):
    out, k = torch.zeros_like(images), kernel_size
    for i, j in np.ndindex(*grad_out.shape[2:]):
        place = (..., slice(i * stride, i * stride + k), slice(j * stride, j * stride + k))
        window = images[place]
        mask = (window == window.amax((2, 3), keepdim=True)).flatten(2)
        mask &= mask.cumsum(2) == 1
        out[place] += mask.reshape(window.shape) * grad_out[:, :, i : i + 1, j : j + 1]
    return out


def avg_pool_matrices(grad_out, image_size, kernel_size, stride):
    def shares(size, outputs):
        offset = torch.arange(size) - stride * torch.arange(outputs)[:, None]
        return ((offset >= 0) & (offset < kernel_size)).to(grad_out.dtype) / kernel_size

    rows, columns = (shares(*pair) for pair in zip(image_size, grad_out.shape[2:], strict=True))
    return torch.einsum("ncij,ip,jq->ncpq", grad_out, rows, columns)


def avg_pool_kron(grad_out, image_size, kernel_size, stride):
    """Transposed convolution by hand: spread, then every pixel of the window."""
    wide = spread(grad_out / kernel_size**2, stride)
    out = torch.zeros(*grad_out.shape[:2], *image_size, dtype=grad_out.dtype)
    for a, b in itertools.product(range(kernel_size), range(kernel_size)):
        out[:, :, a : a + wide.shape[2], b : b + wide.shape[3]] += wide
    return out


def avg_pool_fold(grad_out, image_size, kernel_size, stride):
    n, c = grad_out.shape[:2]
    columns = grad_out.reshape(n * c, 1, -1).expand(-1, kernel_size**2, -1) / kernel_size**2
    rows, cols = ((m - 1) * stride + kernel_size for m in grad_out.shape[2:])
    small = F.fold(columns, (rows, cols), kernel_size, stride=stride).reshape(n, c, rows, cols)
    return F.pad(small, (0, image_size[1] - cols, 0, image_size[0] - rows))


def avg_pool_numpy(grad_out, image_size, kernel_size, stride):
    out = np.zeros((*grad_out.shape[:2], *image_size))
    for i, j in np.ndindex(*grad_out.shape[2:]):
        share = grad_out[:, :, i, j].numpy()[..., None, None] / kernel_size**2
        out[..., i * stride : i * stride + kernel_size, j * stride : j * stride + kernel_size] += share
    return out


def nudge_copies(function, x, h=1e-5):
    slopes = torch.zeros(x.numel(), dtype=x.dtype)
    for k in range(x.numel()):
        up, down = x.flatten().clone(), x.flatten().clone()
        up[k] += h
        down[k] -= h
        slopes[k] = (function(up.reshape(x.shape)) - function(down.reshape(x.shape))) / (2 * h)
    return slopes.reshape(x.shape)


def nudge_in_place(function, x, h=1e-5):
    """Changes x itself, and puts back the very number that was there."""
    gradient = np.zeros(tuple(x.shape))
    for place in np.ndindex(*x.shape):
        old = x[place].item()
        x[place] = old + h
        plus = float(function(x))
        x[place] = old - h
        minus = float(function(x))
        x[place] = old
        gradient[place] = (plus - minus) / (2 * h)
    return gradient


def nudge_by_steps(f, x, step=1e-5):
    units = torch.eye(x.numel(), dtype=x.dtype).unflatten(1, x.shape) * step
    return torch.tensor([(f(x + e) - f(x - e)) / 2 / step for e in units], dtype=x.dtype).view(x.shape)


def nudge_and_return(function, x, h=1e-5):
    """Up, down, and up again: x is back but for rounding."""
    gradient = torch.zeros_like(x)
    for place in np.ndindex(*x.shape):
        x[place] += h
        plus = function(x)
        x[place] -= 2 * h
        gradient[place] = (plus - function(x)) / (2 * h)
        x[place] += h
    return gradient


def nudge_in_halves(function, x, h=1e-5):
    """The mean of the forward and the backward difference."""
    gradient, here = torch.zeros(x.shape, dtype=x.dtype), function(x)
    for place in np.ndindex(*x.shape):
        nudge = torch.zeros_like(x)
        nudge[place] = h
        gradient[place] = ((function(x + nudge) - here) / h + (here - function(x - nudge)) / h) / 2
    return gradient


class ByColumns(torch.autograd.Function):
    """Saves the columns."""

    @staticmethod
    def forward(ctx, images, weight, bias, stride, padding):
        columns = F.unfold(images, weight.shape[2:], stride=stride, padding=padding)
        ctx.save_for_backward(columns, weight)
        ctx.size, ctx.options = images.shape[2:], {"stride": stride, "padding": padding}
        height = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
        out = (weight.flatten(1) @ columns).unflatten(2, (height, -1))
        return out if bias is None else out + bias[:, None, None]

    @staticmethod
    def backward(ctx, grad_out):
        columns, weight = ctx.saved_tensors
        g, (images, weights, bias) = grad_out.flatten(2), ctx.needs_input_grad[:3]
        back = F.fold(weight.flatten(1).T @ g, ctx.size, weight.shape[2:], **ctx.options) if images else None
        kernel = torch.einsum("nol,nkl->ok", g, columns).reshape(weight.shape) if weights else None
        return back, kernel, g.sum((0, 2)) if bias else None, None, None


class BySliding(torch.autograd.Function):
    @staticmethod
    def forward(ctx, images, weight, bias, stride, padding):
        ctx.save_for_backward(images, weight)
        ctx.geometry = stride, padding
        return F.conv2d(images, weight, bias, stride=stride, padding=padding)

    @staticmethod
    def backward(ctx, grad_out):
        three = layer_by_sliding(grad_out, *ctx.saved_tensors, *ctx.geometry)
        result = [None] * 5
        for k in range(3):
            if ctx.needs_input_grad[k]:
                result[k] = three[k]
        return tuple(result)


class ThreeIfs(torch.autograd.Function):
    """Saves the bias, too, computes in float32, and returns more than is asked for at the end."""

    @staticmethod
    def forward(ctx, images, weight, bias, stride, padding):
        ctx.save_for_backward(images, weight, bias)
        ctx.geometry = (stride, padding)
        return F.conv2d(images, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx, grad_out):
        images, weight, bias = ctx.saved_tensors
        grad_images = grad_weight = grad_bias = None
        three = layer_in_float32(grad_out, images, weight, *ctx.geometry)
        if ctx.needs_input_grad[0]:
            grad_images = three[0]
        if ctx.needs_input_grad[1]:
            grad_weight = three[1]
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = three[2]
        return grad_images, grad_weight, grad_bias, None, None, None


class WithSetup(torch.autograd.Function):
    """The newer form, with setup_context."""

    @staticmethod
    def forward(images, weight, bias, stride, padding):
        return F.conv2d(images, weight, bias, stride, padding)

    @staticmethod
    def setup_context(ctx, inputs, output):
        images, weight, _, ctx.stride, ctx.padding = inputs
        ctx.save_for_backward(images, weight)

    @staticmethod
    def backward(ctx, grad_out):
        grads = layer_by_taps(grad_out, *ctx.saved_tensors, ctx.stride, ctx.padding)
        return (*(g if n else None for g, n in zip(grads, ctx.needs_input_grad, strict=False)), None, None)


def witness(stride, kernel_size, rows):
    return {"images": torch.tensor([[rows]]), "kernel_size": kernel_size, "stride": stride}


def block_by_steps(grad_out, images, weight, bias):
    z = F.conv2d(images, weight, bias)
    g = torch.where(z > 0, grad_out[..., None, None] / z[0, 0].numel(), torch.zeros((), dtype=z.dtype))
    return layer_by_columns(g, images, weight)


def block_by_taps(grad_out, images, weight, bias):
    z = F.conv2d(images, weight, bias)
    g = grad_out.view(*grad_out.shape, 1, 1).expand_as(z) * (z > 0) / (z.size(2) * z.size(3))
    return layer_by_taps(g, images, weight)


def block_numpy(grad_out, images, weight, bias):
    z = F.conv2d(images, weight, bias).numpy()
    g = grad_out.numpy()[:, :, None, None] * (z > 0) / z.shape[2] / z.shape[3]
    return layer_numpy(torch.from_numpy(g), images, weight)


def block_gate_at_zero(grad_out, images, weight, bias):
    """Lets through at exactly 0, too; no random z is."""
    z = F.conv2d(images, weight, bias)
    g = grad_out[:, :, None, None] * (z >= 0) / z[0, 0].numel()
    return layer_by_sliding(g, images, weight)


RIGHT = {
    "outputs_per_pixel": [
        touch_by_formula,
        touch_numpy,
        touch_tensor,
        touch_closed_form,
        touch_by_fold,
    ],
    "conv_gradient": [
        (jacobian_by_masks, input_by_jacobian, weight_by_slices),
        (jacobian_lists, input_by_convolution, weight_by_windows),
        (jacobian_numpy, input_by_pixel, weight_numpy),
    ],
    "adjoint_test": [
        adjoint_by_allclose,
        adjoint_several_times,
        adjoint_numpy,
        adjoint_by_unit_vectors,
        adjoint_uniform,
    ],
    "conv2d_backward": [
        layer_by_columns,
        layer_by_sliding,
        layer_by_taps,
        layer_numpy,
        layer_in_float32,
        layer_negative_pad,
    ],
    "max_pool2d_backward": [
        max_pool_loops,
        max_pool_scatter,
        max_pool_numpy,
        max_pool_fold,
        max_pool_first_of_mask,
    ],
    "avg_pool2d_backward": [avg_pool_kron, avg_pool_fold, avg_pool_numpy, avg_pool_matrices],
    "numerical_gradient": [
        nudge_copies,
        nudge_in_place,
        nudge_by_steps,
        nudge_and_return,
        nudge_in_halves,
    ],
    "ConvFunction": [ByColumns, BySliding, WithSetup, ThreeIfs],
    "overlap_witness": [
        lambda: witness(1, 2, [[1.0, 2.0, 3.0], [4.0, 50.0, 6.0], [7.0, 8.0, 9.0]]),
        witness(2, 3, [[0.0, 1.0, 9.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0, 8.0], [-1.0, -2.0, -3.0, -4.0, -5.0]]),
        {
            "stride": np.int64(1),
            "kernel_size": 2,
            "images": np.array([[[[0.5, 3.0, -1.0], [0.0, 1.0, 2.0]]]]),
        },
        {"stride": 1, "kernel_size": 2, "images": torch.tensor([[[[0, 9, 1], [2, 3, 4]]]]).half()},
        {"stride": 1, "kernel_size": 2, "images": torch.tensor([[[[0, 9, 1], [2, 3, 4]]]])},
    ],
    "block_backward": [block_by_steps, block_by_taps, block_numpy, block_gate_at_zero],
}
