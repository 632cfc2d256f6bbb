"""Lesson 05: the backward pass of a whole small CNN."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

BACK = "And back again"
OTHERS = "The other layers of a small CNN"


def by_autograd(images, labels, weights):
    with torch.enable_grad():
        w1, b1, w2, b2, head, bias = parts = [weight.clone().requires_grad_() for weight in weights]
        x = F.max_pool2d(F.conv2d(images, w1, b1, padding=1).relu(), 2)
        x = F.conv2d(x, w2, b2, padding=1).relu().mean((2, 3))
        return torch.autograd.grad(F.cross_entropy(F.linear(x, head, bias), labels), parts)


def _cases(rng: torch.Generator) -> list[Case]:
    def case(n, c, c1, c2, k, size, label):
        shapes = [(c1, c, 3, 3), (c1,), (c2, c1, 3, 3), (c2,), (k, c2), (k,)]
        weights = tuple(0.5 * torch.randn(shape, generator=rng, dtype=torch.float64) for shape in shapes)
        labels = torch.randint(0, k, (n,), generator=rng)
        labels[0] = 0
        return Case(
            (torch.randn(n, c, *size, generator=rng, dtype=torch.float64), labels, weights), label=label
        )

    return [
        case(3, 1, 2, 3, 4, (4, 6), "three grey images, four by six"),
        case(2, 3, 4, 2, 5, (8, 4), "colour"),
        case(1, 2, 3, 3, 3, (6, 6), "a single image"),
        case(4, 1, 3, 4, 6, (5, 7), "odd sizes: the pooling leaves pixels over"),
        case(5, 2, 3, 3, 10, (6, 8), "ten classes"),
    ]


def _mask(mode: str, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return {"z": z > 0, "none": torch.ones_like(z), "g": g > 0}[mode]


def _unpooled(mode: str, h: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    if mode == "max":
        places = F.max_pool2d(h, 2, return_indices=True)[1]
        return F.max_unpool2d(g, places, 2, output_size=h.shape)
    spread = g.repeat_interleave(2, 2).repeat_interleave(2, 3) / (4 if mode == "average" else 1)
    return F.pad(spread, (0, h.shape[3] - spread.shape[3], 0, h.shape[2] - spread.shape[2]))


def _weight_grad(x: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return torch.einsum("nop,nip->oi", g.flatten(2), F.unfold(x, 3, padding=1)).view(-1, x.shape[1], 3, 3)


def _variant(
    *, start="p - y", batch=True, mean=True, relu2="z", relu1="z", pool="max", flip=True, biases="sum",
    along_axis=1, entries=False, size="stage",
) -> Callable:  # fmt: skip
    """The backward pass written out, with departures from the right one by name."""

    def answer(images, labels, weights):
        w1, b1, w2, b2, head, bias = weights
        z1 = F.conv2d(images, w1, b1, padding=1)
        h1 = z1.relu()
        p1 = F.max_pool2d(h1, 2)
        z2 = F.conv2d(p1, w2, b2, padding=1)
        f = z2.relu().mean((2, 3))
        p, y = (f @ head.T + bias).softmax(along_axis), F.one_hot(labels, len(head)).double()
        g = {"p - y": p - y, "p": p, "y - p": y - p}[start] / (
            (y.numel() if entries else len(labels)) if batch else 1
        )
        along = (lambda t: t.mean((0, 2, 3))) if biases == "mean" else (lambda t: t.sum((0, 2, 3)))
        last = g.T @ f, g.mean(0) if biases == "mean" else g.sum(0)
        g = (g @ head)[:, :, None, None].expand_as(z2) / (
            (z2 if size == "stage" else z1)[0, 0].numel() if mean else 1
        )
        g = g * _mask(relu2, z2, g)
        second = _weight_grad(p1, g), along(g)
        kernel = w2.transpose(0, 1)
        g = F.conv2d(g, kernel.flip(2, 3) if flip else kernel, padding=1)
        g = _unpooled(pool, h1, g)
        g = g * _mask(relu1, z1, g)
        return _weight_grad(images, g), along(g), *second, *last

    return answer


def _head_first(images, labels, weights):
    w1, b1, w2, b2, head, bias = _variant()(images, labels, weights)
    return head, bias, w2, b2, w1, b1


CNN_BACKWARD = FunctionExercise(
    name="cnn_backward",
    points=4,
    minutes=35,
    by_hand=AUTOGRAD,
    oracle=by_autograd,
    cases=_cases,
    keeps_inputs=True,
    rtol=1e-6,
    atol=1e-9,
    misconceptions=(
        Misconception(
            "mean over the images forgotten",
            _variant(batch=False),
            "All your gradients are N times too large: the loss is the mean over the images, so the way back starts "
            "with (P - Y) / N.",
        ),
        Misconception(
            "label not subtracted",
            _variant(start="p"),
            "You start from P. The gradient at the logits is P - Y, divided by N: the true class loses 1.",
        ),
        Misconception(
            "sign turned round",
            _variant(start="y - p"),
            "Every sign is turned round: the gradient at the logits is (P - Y) / N, what was said minus what was true.",
        ),
        Misconception(
            "mean over positions forgotten",
            _variant(mean=False),
            "The gradients before the mean over positions are too large by the number of positions: each position "
            "has slope 1 / (H W) there, with the H and W of that stage.",
            see=OTHERS,
        ),
        Misconception(
            "positions of the image counted",
            _variant(size="image"),
            "You divide by the number of positions of the images. The mean is taken after the pooling: count those of z2.",
            see=OTHERS,
        ),
        Misconception(
            "mean over images and classes",
            _variant(entries=True),
            "You divide by N times the number of classes. The loss is a mean over the N images only: (P - Y) / N.",
        ),
        Misconception(
            "softmax over the images",
            _variant(along_axis=0),
            "Your softmax runs over the images. The probabilities of one image add up to 1: softmax over dimension 1.",
        ),
        Misconception(
            "both ReLUs passed unchanged",
            _variant(relu1="none", relu2="none"),
            "Your gradient passes both ReLUs unchanged. Where a ReLU gave 0, its slope is 0: multiply by z > 0.",
            see=OTHERS,
        ),
        Misconception(
            "first ReLU passed unchanged",
            _variant(relu1="none"),
            "Your gradient passes the first ReLU unchanged: multiply it by z1 > 0. The max pooling does not do this: "
            "in a window of zeros it still picks one.",
            see=OTHERS,
        ),
        Misconception(
            "second ReLU passed unchanged",
            _variant(relu2="none"),
            "Your gradient passes the second ReLU unchanged: multiply it by z2 > 0.",
            see=OTHERS,
        ),
        Misconception(
            "ReLU of the gradient",
            _variant(relu1="g", relu2="g"),
            "You cut off negative gradients, as if the ReLU were applied to the gradient. What decides is the sign of "
            "the *input* z of the forward pass.",
            see=OTHERS,
        ),
        Misconception(
            "pooling as an average",
            _variant(pool="average"),
            "You share the gradient equally among the four pixels of a window: that is average pooling. Here the "
            "largest pixel gets all of it.",
            see=OTHERS,
        ),
        Misconception(
            "pooling to all",
            _variant(pool="all"),
            "You give every pixel of a window the whole gradient. Only the largest one made the output, so it alone "
            "gets it.",
            see=OTHERS,
        ),
        Misconception(
            "kernel not flipped",
            _variant(flip=False),
            "On the way back through the second convolution your kernel is not turned round. What the forward pass "
            "gathered, the backward pass scatters (lesson 03): use `conv_backward`.",
            see=OTHERS,
        ),
        Misconception(
            "biases averaged",
            _variant(biases="mean"),
            "Your bias gradients are means. A bias is used at every position of every image, and the uses add: sum "
            "over images and positions.",
        ),
        Misconception(
            "head first",
            _head_first,
            "You return the gradients in the order in which you found them, the head's first. The order asked for is "
            "that of `weights`.",
        ),
    ),
    hints=(
        "Follow the table from top to bottom, and write the shape of g beside each line.",
        "The start: g = (softmax of the logits minus one-hot labels) / N. Then the linear layer, which you have.",
        "From (N, C2) to (N, C2, H', W'): g[:, :, None, None] / (H' W'), stretched by broadcasting against z2 > 0.",
        "Then conv_backward(p1, w2, g), max_pool_backward(h1, g), times z1 > 0, conv_backward(images, w1, g).",
    ),
    see=BACK,
)
