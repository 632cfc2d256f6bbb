"""Lesson 08: the exercise `batch_norm_backward`."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.making_it_train.draws import normal, positive, whole

OVER = (0, 2, 3)


def _by_autograd(grad, x, scale, eps=1e-5):
    x, scale = x.clone().requires_grad_(), scale.clone().requires_grad_()
    shift = torch.zeros_like(scale).requires_grad_()
    y = F.batch_norm(x, None, None, scale, shift, training=True, eps=eps)
    return tuple(part.detach() for part in torch.autograd.grad(y, (x, scale, shift), grad))


def _mean(values):
    return values.mean(dim=OVER, keepdim=True)


def _sum(values):
    return values.sum(dim=OVER, keepdim=True)


def _variant(
    *,
    through_mean: Callable = lambda g, x_hat: _mean(g),
    through_var: Callable = lambda g, x_hat, centred: x_hat * _mean(g * x_hat),
    front: Callable = lambda scale, s: scale / s,
    of_scale: Callable = lambda g, x_hat, x: (g * x_hat).sum(dim=OVER),
    of_shift: Callable = lambda g: g.sum(dim=OVER),
    correction: int = 0,
    with_eps: bool = True,
) -> Callable:
    """The backward pass that departs from the right one in what is named."""

    def answer(grad, x, scale, eps=1e-5):
        var = x.var(dim=OVER, correction=correction, keepdim=True)
        s = (var + eps).sqrt() if with_eps else var.sqrt()
        centred = x - _mean(x)
        x_hat = centred / s
        inner = grad - through_mean(grad, x_hat) - through_var(grad, x_hat, centred)
        return front(scale.view(1, -1, 1, 1), s) * inner, of_scale(grad, x_hat, x), of_shift(grad)

    return answer


def _none(*_):
    return 0.0


def _swapped(grad, x, scale, eps=1e-5):
    grad_x, grad_scale, grad_shift = _by_autograd(grad, x, scale, eps)
    return grad_x, grad_shift, grad_scale


def _one_case(rng: torch.Generator, shape: tuple, label: str, spread: float = 1.0, **more) -> Case:
    channels = shape[1]
    x = spread * (normal(rng, *shape) * positive(rng, 1, channels, 1, 1) + 2 * normal(rng, 1, channels, 1, 1))
    grad = normal(rng, *shape) + 0.7 * normal(rng, 1, channels, 1, 1) + 0.4 * x / spread
    return Case((grad, x, positive(rng, channels)), more, label=label)


def _cases(rng: torch.Generator) -> list[Case]:
    width = whole(rng, 3, 6)
    return [
        _one_case(rng, (4, width, 3, 5), "four images"),
        _one_case(rng, (2, 3, 2, 2), "a small batch"),
        _one_case(rng, (1, 2, 3, 4), "a single image"),
        _one_case(rng, (6, 4, 1, 1), "one pixel an image"),
        _one_case(rng, (3, width, 4, 2), "small values and a large eps", spread=0.3, eps=0.2),
        _one_case(rng, (5, 2, 3, 3), "large values", spread=20.0),
    ]


BATCH_NORM_BACKWARD = FunctionExercise(
    name="batch_norm_backward",
    points=3,
    minutes=25,
    by_hand=(*AUTOGRAD, "native_batch_norm_backward"),
    oracle=_by_autograd,
    cases=_cases,
    rtol=1e-6,
    atol=1e-9,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "mean and variance taken as constants",
            _variant(through_mean=_none, through_var=_none),
            "You treat mean and variance as constants. Both depend on every x of the channel, so two more terms "
            "come through them.",
        ),
        Misconception(
            "way through the mean missing",
            _variant(through_mean=_none),
            "The way through the mean is missing: subtract the channel's mean of g.",
        ),
        Misconception(
            "way through the variance missing",
            _variant(through_var=_none),
            "The way through the variance is missing: subtract x̂ times the channel's mean of g · x̂.",
        ),
        Misconception(
            "sums for means",
            _variant(
                through_mean=lambda g, x_hat: _sum(g),
                through_var=lambda g, x_hat, centred: x_hat * _sum(g * x_hat),
            ),
            "You subtract sums over the channel where the formula has means: the 1/M is missing.",
        ),
        Misconception(
            "sum in the way through the mean",
            _variant(through_mean=lambda g, x_hat: _sum(g)),
            "In the way through the mean you subtract the sum of g. It is the mean of g.",
        ),
        Misconception(
            "sum in the way through the variance",
            _variant(through_var=lambda g, x_hat, centred: x_hat * _sum(g * x_hat)),
            "In the way through the variance you have the sum of g · x̂. It is the mean of g · x̂.",
        ),
        Misconception(
            "x minus mean for x̂",
            _variant(through_var=lambda g, x_hat, centred: centred * _mean(g * centred)),
            "In the way through the variance you have x - μ. It is x̂, both times: divide by s.",
        ),
        Misconception(
            "variance term without x̂",
            _variant(through_var=lambda g, x_hat, centred: _mean(g * x_hat)),
            "In the way through the variance one x̂ is missing: x̂_i times the mean of g · x̂.",
        ),
        Misconception(
            "scale forgotten",
            _variant(front=lambda scale, s: 1 / s),
            "Your gradient of x lacks the scale: x̂ is multiplied by it on the way to y.",
        ),
        Misconception(
            "division by s forgotten",
            _variant(front=lambda scale, s: scale),
            "Your gradient of x lacks the 1/s: x was divided by s on the way to x̂.",
        ),
        Misconception(
            "divided by the variance",
            _variant(front=lambda scale, s: scale / s**2),
            "You divide by s², the variance. The factor in front is scale / s.",
        ),
        Misconception(
            "unbiased variance",
            _variant(correction=1),
            "Your s comes from the variance divided by M - 1. Training normalises by the one divided by M: "
            "`correction=0`.",
        ),
        Misconception(
            "eps forgotten",
            _variant(with_eps=False),
            "You left eps out of s: s is the root of v + eps.",
        ),
        Misconception(
            "gradient of the scale with x",
            _variant(of_scale=lambda g, x_hat, x: (g * x).sum(dim=OVER)),
            "For the gradient of the scale you multiply g by x. The scale multiplies x̂.",
        ),
        Misconception(
            "means for scale and shift",
            _variant(
                of_scale=lambda g, x_hat, x: (g * x_hat).mean(dim=OVER), of_shift=lambda g: g.mean(dim=OVER)
            ),
            "For scale and shift you took means. One scale serves all M numbers of its channel, so its gradient is "
            "the sum of theirs.",
        ),
        Misconception(
            "scale and shift the wrong way round",
            _swapped,
            "The gradient of the scale holds x̂: it is the sum of g · x̂; the shift's is the sum of g alone.",
        ),
    ),
    hints=(
        "Put the three terms of ∂x̂_j/∂x_i into the sum over j, one after the other. The first picks g_i.",
        "The second gives the mean of g over the channel, the third x̂_i times the mean of g · x̂.",
        "In front of all three stands scale / s.",
    ),
    see="Batch norm, backward",
)
