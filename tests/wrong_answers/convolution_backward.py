"""Wrong answers to the exercises of lesson 03 beyond its misconceptions: every one must be refused."""

import torch
import torch.nn.functional as F

from course_utils.checks.convolution_backward.adjoint import by_matrices
from course_utils.checks.convolution_backward.averaging import averaged_gradient
from course_utils.checks.convolution_backward.block import block_gradients, with_faults
from course_utils.checks.convolution_backward.derivation import (
    input_gradient,
    jacobian,
    weight_gradient,
)
from course_utils.checks.convolution_backward.function import conv_class, spoilt
from course_utils.checks.convolution_backward.layer import changed, layer_gradients
from course_utils.checks.convolution_backward.nudging import central
from course_utils.checks.convolution_backward.pooling import pooled_gradient
from course_utils.checks.convolution_backward.pooling_faults import routed
from course_utils.checks.convolution_backward.touching import counted


def steps(**wrong):
    """The derivation, right but for the named steps."""
    right = {
        "dy_dx": jacobian,
        "dloss_dx": input_gradient,
        "dloss_dw": weight_gradient,
    }
    return tuple({**right, **wrong}.values())


def damaging(grad_out, images, weight, stride=1, padding=0):
    """Right numbers; leaves its input changed."""
    result = layer_gradients(grad_out, images, weight, stride, padding)
    weight += 1
    return result


def square_images(grad_out, images, weight, stride=1, padding=0):
    x, w, b = layer_gradients(grad_out, images, weight, stride, padding)
    return x.transpose(2, 3), w, b


def far_end_dropped(grad_out, images, weight, stride=1, padding=0):
    """No zeros for the rows that are left over."""
    x, w, b = layer_gradients(grad_out, images, weight, stride, padding)
    used = [(n - 1) * stride + k for n, k in zip(grad_out.shape[2:], weight.shape[2:], strict=True)]
    return x[..., : used[0], : used[1]], w, b


def pooled(change):
    return lambda grad_out, images, kernel_size, stride: change(
        pooled_gradient(grad_out, images, kernel_size, stride), grad_out
    )


def nudged(change):
    def wrong(function, x, h=1e-5):
        return change(central(function, x.contiguous(), h), x)

    return wrong


def shifting(function, x, h=1e-5):
    """Right numbers, but x is moved for good."""
    gradient = central(function, x.contiguous(), h)
    x += h
    return gradient


def gate_at_zero_side(grad_out, images, weight, bias):
    """The gate looks at the layer without its bias."""
    z = F.conv2d(images, weight)
    g = grad_out[:, :, None, None] * (z > 0) / z[0, 0].numel()
    x, w, b = layer_gradients(g, images, weight)
    return x, w, b


def touched_where(holds):
    """Counts the windows of which holds(place in the padded row - start of the window, kernel) says so."""

    def wrong(size, kernel, stride=1, padding=0):
        starts = range(0, size + 2 * padding - kernel + 1, stride)
        return [sum(holds(place + padding - start, kernel) for start in starts) for place in range(size)]

    return wrong


def centred_on_multiples(size, kernel, stride=1, padding=0):
    """Windows with their middle on every multiple of the stride."""
    return [sum(abs(p - middle) <= kernel // 2 for middle in range(0, size, stride)) for p in range(size)]


def adjoint_of(agree):
    def wrong(forward, backward, x_shape, y_shape):
        x, y = torch.randn(x_shape, dtype=torch.float64), torch.randn(y_shape, dtype=torch.float64)
        return bool(agree(y * forward(x), backward(y) * x))

    return wrong


def sums_compared(forward, backward, x_shape, y_shape):
    x, y = torch.randn(x_shape, dtype=torch.float64), torch.randn(y_shape, dtype=torch.float64)
    return torch.allclose(forward(x).sum(), backward(y).sum(), atol=0.0)


def arange_and_ones(forward, backward, x_shape, y_shape):
    """No random number at all."""
    x, y = torch.arange(float(torch.Size(x_shape).numel())).reshape(x_shape), torch.ones(y_shape)
    left, right = (y.double() * forward(x.double())).sum(), (backward(y.double()) * x.double()).sum()
    return torch.allclose(left, right, atol=0.0)


def ties_at_random(grad_out, images, kernel_size, stride):
    noise = 1e-6 * torch.rand(images.shape, generator=torch.Generator().manual_seed(0))
    return pooled_gradient(grad_out, images + noise, kernel_size, stride)


def masked_by_value(grad_out, images, kernel_size, stride):
    """Every pixel asks one window only whether it equals the maximum."""
    out, sent = F.max_pool2d(images, kernel_size, stride), torch.zeros_like(images)
    for i in range(images.shape[2]):
        for j in range(images.shape[3]):
            a, b = min(i // stride, out.shape[2] - 1), min(j // stride, out.shape[3] - 1)
            sent[:, :, i, j] = (images[:, :, i, j] == out[:, :, a, b]) * grad_out[:, :, a, b]
    return sent


def step_relative(function, x, h=1e-5):
    slopes = [
        float(function(x + h * e * x) - function(x - h * e * x)) / (2 * h)
        for e in torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    ]
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


def block_with(share=lambda z: z[0, 0].numel(), gate=lambda z: z > 0):
    def wrong(grad_out, images, weight, bias):
        z = F.conv2d(images, weight, bias)
        return layer_gradients(grad_out[:, :, None, None] * gate(z) / share(z), images, weight)

    return wrong


WRONG = {
    "outputs_per_pixel": [
        touched_where(lambda offset, kernel: 0 <= offset <= kernel),
        touched_where(lambda offset, kernel: 0 < offset < kernel),
        lambda size, kernel, stride=1, padding=0: [1] * size,
        centred_on_multiples,
        lambda size, kernel, stride=1, padding=0: [kernel] * size,
        lambda size, kernel, stride=1, padding=0: sum(counted(size, kernel, stride, padding)),
        lambda size, kernel, stride=1, padding=0: [float(n) for n in counted(size, kernel, stride, padding)],
        lambda size, kernel, stride=1, padding=0: counted(size, kernel, stride, padding)[:-1],
        lambda size, kernel, stride=1, padding=0: [min(n, 1) for n in counted(size, kernel, stride, padding)],
        lambda size, kernel: counted(size, kernel),
        lambda size, kernel, stride=1, padding=0: (size + 2 * padding - kernel) // stride + 1,
    ],
    "conv_gradient": [
        steps(dy_dx=lambda w, size, stride, dilation: w),
        steps(dy_dx=lambda w, size, stride, dilation: (jacobian(w, size, stride, dilation) != 0).double()),
        steps(dloss_dx=lambda g, w, size, stride, dilation: -input_gradient(g, w, size, stride, dilation)),
        steps(
            dloss_dx=lambda g, w, size, stride, dilation: (
                input_gradient(g, w, size, stride, dilation) / len(g)
            )
        ),
        steps(
            dloss_dw=lambda g, x, kernel, stride, dilation: weight_gradient(g, x, kernel, dilation, stride)
        ),
        steps(dloss_dw=lambda g, x, kernel, stride, dilation: g * x[: len(g)]),
    ],
    "adjoint_test": [
        adjoint_of(lambda left, right: left.sum() / right.sum() - 1 < 1e-9),
        adjoint_of(lambda left, right: round(float(left.sum()), 6) == round(float(right.sum()), 6)),
        adjoint_of(lambda left, right: torch.isclose(left.norm(), right.norm(), rtol=1e-9, atol=0.0)),
        sums_compared,
        arange_and_ones,
        lambda forward, backward, x_shape, y_shape: True,
        lambda forward, backward, x_shape, y_shape: False,
        lambda *maps: None,
        lambda *maps: 1,
        lambda *maps: not by_matrices(*maps),
        lambda *maps: str(by_matrices(*maps)),
        lambda forward, backward: True,
    ],
    "conv2d_backward": [
        changed(lambda x, w, b, g: (x, w / g[0, 0].numel(), b)),
        changed(lambda x, w, b, g: (x, w, torch.zeros_like(b))),
        changed(lambda x, w, b, g: {"images": x, "weight": w, "bias": b}),
        changed(lambda x, w, b, g: (x, w)),
        changed(lambda x, w, b, g: (x, w, b, g)),
        changed(lambda x, w, b, g: (-x, -w, -b)),
        changed(lambda x, w, b, g: (x / len(x), w / len(x), b / len(x))),
        changed(lambda x, w, b, g: (x, w.mT, b)),
        changed(lambda x, w, b, g: (x, w, b[:, None])),
        changed(lambda x, w, b, g: x),
        changed(lambda x, w, b, g: (x.mean(0, keepdim=True).expand_as(x), w, b)),
        far_end_dropped,
        square_images,
        damaging,
    ],
    "max_pool2d_backward": [
        ties_at_random,
        masked_by_value,
        lambda g, x, kernel_size, stride: pooled_gradient(torch.ones_like(g), x, kernel_size, stride),
        lambda g, x, kernel_size, stride: pooled_gradient(g, x, kernel_size, stride) / kernel_size**2,
        pooled(lambda gradient, grad_out: gradient.clamp(-1, 1)),
        pooled(lambda gradient, grad_out: gradient.abs()),
        pooled(lambda gradient, grad_out: (gradient != 0).double()),
        pooled(lambda gradient, grad_out: gradient.mT),
        pooled(lambda gradient, grad_out: gradient.sum(1, keepdim=True).expand_as(gradient)),
        pooled(lambda gradient, grad_out: grad_out),
        routed(lambda window: torch.softmax(window.flatten(2), 2).reshape(window.shape)),
    ],
    "avg_pool2d_backward": [
        lambda g, size, kernel_size, stride: (
            averaged_gradient(g, size, kernel_size, stride) * kernel_size**2 / stride**2
        ),
        lambda g, size, kernel_size, stride: (
            averaged_gradient(g, size, kernel_size, stride)
            .mean(1, keepdim=True)
            .expand(-1, g.shape[1], -1, -1)
        ),
        lambda g, size, k, s: averaged_gradient(g, size, k, s) * len(g),
        lambda g, size, k, s: averaged_gradient(g, size, k, s) / g.shape[1],
        lambda g, size, k, s: F.interpolate(g, size) / k**2,
        lambda g, size, k, s: g.repeat_interleave(k, 2).repeat_interleave(k, 3) / k**2,
        lambda g, size, k, s: averaged_gradient(g, size, k, s).float().round(),
    ],
    "numerical_gradient": [
        step_relative,
        nudged(lambda gradient, x: gradient / 2),
        nudged(lambda gradient, x: torch.zeros_like(x)),
        nudged(lambda gradient, x: gradient.flatten()),
        nudged(lambda gradient, x: gradient.abs()),
        nudged(lambda gradient, x: gradient.sum()),
        nudged(lambda gradient, x: gradient * x),
        nudged(lambda gradient, x: None),
        nudged(lambda gradient, x: gradient / gradient.norm()),
        shifting,
    ],
    "ConvFunction": [
        conv_class(lambda ctx, grad_out: (None, None, grad_out.sum((0, 2, 3)), 0, 0)),
        spoilt(lambda found, ctx, grad_out: [each / 2 for each in found]),
        conv_class(lambda ctx, grad_out: (None,) * 5),
        conv_class(lambda ctx, grad_out: grad_out),
        spoilt(lambda found, ctx, grad_out: [-found[0], found[1], found[2]]),
        spoilt(lambda found, ctx, grad_out: [found[0], found[1].flip(2, 3), found[2]]),
        spoilt(lambda found, ctx, grad_out: [found[0], found[1], found[2] * len(grad_out)]),
        spoilt(lambda found, ctx, grad_out: [found[0], found[1], grad_out.sum((0, 2))]),
        F.conv2d,
        torch.nn.Conv2d,
    ],
    "overlap_witness": [
        {"stride": 1, "kernel_size": (2, 2), "images": torch.rand(1, 1, 4, 4)},
        {"stride": True, "kernel_size": True, "images": torch.rand(1, 1, 4, 4)},
        {"stride": 1, "kernel_size": 2, "images": torch.full((1, 1, 3, 3), float("nan"))},
        {"stride": 1, "kernel_size": 2, "images": torch.rand(1, 2, 4, 4)},
        (1, 2, torch.rand(1, 1, 4, 4)),
        None,
        3,
        {},
        {"stride": 1, "kernel_size": 2},
        {"stride": 1, "kernel_size": 2, "images": torch.tensor([[0.0, 9.0, 1.0], [2.0, 3.0, 4.0]])},
        {"stride": 1.5, "kernel_size": 2, "images": torch.rand(1, 1, 4, 4)},
        {"stride": 0, "kernel_size": 2, "images": torch.rand(1, 1, 4, 4)},
        {"stride": 1, "kernel_size": 9, "images": torch.rand(1, 1, 4, 4)},
        {"stride": 1, "kernel_size": 2, "images": torch.zeros(1, 1, 4, 4)},
        {"stride": 1, "kernel_size": 2, "images": torch.arange(400.0).reshape(1, 1, 20, 20)},
        {"stride": 1, "kernel_size": 1, "images": torch.arange(16.0).reshape(1, 1, 4, 4)},
        {"stride": 1, "kernel_size": 2, "images": "a cat"},
    ],
    "block_backward": [
        block_with(share=lambda z: z.numel()),
        block_with(share=lambda z: z.shape[2] ** 2),
        block_with(share=lambda z: (z > 0).sum((2, 3), keepdim=True).clamp(min=1)),
        block_with(gate=lambda z: z < 0),
        block_with(gate=lambda z: z.relu()),
        gate_at_zero_side,
        lambda g, x, w, b: block_gradients(g, x, w, b)[:2],
        lambda g, x, w, b: [-each for each in block_gradients(g, x, w, b)],
        lambda g, x, w, b: [each / len(g) for each in block_gradients(g, x, w, b)],
        lambda g, x, w, b: with_faults(())(g, x.flip(0), w, b),
    ],
}
