"""Lesson 08: the stretch exercise `group_norm`."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.making_it_train.draws import normal, of_channel, positive, whole


def _right(x, groups, scale, shift, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError(f"{groups} groups do not divide {x.shape[1]} channels")
    return F.group_norm(x, groups, scale, shift, eps)


def _one_case(
    rng: torch.Generator, shape: tuple, groups: int, label: str, spread: float = 1.0, **more
) -> Case:
    offset = 2 * normal(rng, *shape[:2], *[1] * (len(shape) - 2))
    x = spread * (normal(rng, *shape) + offset)
    return Case((x, groups, positive(rng, shape[1]), normal(rng, shape[1])), more, label=label)


def _cases(rng: torch.Generator) -> list[Case]:
    each = whole(rng, 2, 4)
    return [
        _one_case(rng, (3, 3 * each, 4, 5), 3, "three groups"),
        _one_case(rng, (2, 6, 3, 3), 2, "two groups of three channels"),
        _one_case(rng, (4, 5, 2, 3), 1, "one group: layer norm"),
        _one_case(rng, (2, 4, 5, 3), 4, "as many groups as channels"),
        _one_case(rng, (1, 8, 2, 2), 4, "a single image, tiny values: eps counts", spread=2e-3),
        _one_case(rng, (5, 4 * each), 2, "no pixels, as after a flattening"),
        _one_case(rng, (2, 6, 7), 3, "one axis of positions", eps=0.1),
        _one_case(rng, (2, 7, 3, 3), 3, "groups that do not divide the channels"),
    ]


def _variant(
    *,
    correction: int = 0,
    divide: Callable = lambda centred, var, eps: centred / (var + eps).sqrt(),
    affine: Callable = lambda x_hat, scale, shift: x_hat * scale + shift,
    with_batch: bool = False,
    check: bool = True,
    interleaved: bool = False,
) -> Callable:
    """Group norm that departs from the right one in what is named."""

    def answer(x, groups, scale, shift, eps=1e-5):
        if check and x.shape[1] % groups:
            raise ValueError("the groups do not divide the channels")
        given = x
        if interleaved:
            order = torch.arange(x.shape[1]).view(-1, groups).T.reshape(-1)
            x = x[:, order]
        grouped = x.reshape(len(x), groups, -1)
        over = (0, 2) if with_batch else 2
        centred = grouped - grouped.mean(dim=over, keepdim=True)
        var = grouped.var(dim=over, correction=correction, keepdim=True)
        x_hat = divide(centred, var, eps).reshape(given.shape)
        if interleaved:
            x_hat = x_hat[:, order.argsort()]
        return affine(x_hat, of_channel(scale, given), of_channel(shift, given))

    return answer


def _positions_only(x, groups, scale, shift, eps=1e-5):
    return _right(x, x.shape[1] if x.ndim > 2 and x.shape[1] % groups == 0 else groups, scale, shift, eps)


def _whole_image(x, groups, scale, shift, eps=1e-5):
    return _right(x, 1 if x.shape[1] % groups == 0 else groups, scale, shift, eps)


GROUP_NORM = FunctionExercise(
    name="group_norm",
    points=3,
    minutes=25,
    by_hand=("group_norm", "GroupNorm", "native_group_norm", "layer_norm", "instance_norm", "batch_norm"),
    oracle=_right,
    cases=_cases,
    rtol=1e-6,
    atol=1e-9,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "unbiased variance",
            _variant(correction=1),
            "You divide by one less than the number of values in a group. All these norms normalise by the biased "
            "variance: `correction=0`.",
        ),
        Misconception(
            "over the batch as well",
            _variant(with_batch=True),
            "Your mean and variance go over the images, too. A group's belong to one image alone: that is the point "
            "of this norm.",
        ),
        Misconception(
            "each channel by itself",
            _positions_only,
            "You normalise each channel by itself. All channels of a group share one mean and one variance.",
        ),
        Misconception(
            "all channels together",
            _whole_image,
            "You normalise all channels of an image together, as layer norm does. Each group has a mean and a variance "
            "of its own.",
        ),
        Misconception(
            "every so-manieth channel",
            _variant(interleaved=True),
            "You put every so-manieth channel into a group. The groups are neighbours: the first C / groups channels "
            "are the first group.",
        ),
        Misconception(
            "eps outside the root",
            _variant(divide=lambda centred, var, eps: centred / (var.sqrt() + eps)),
            "You add eps to the standard deviation. It belongs inside the root, to the variance.",
        ),
        Misconception(
            "divided by the variance",
            _variant(divide=lambda centred, var, eps: centred / (var + eps)),
            "You divide by the variance. Divide by its root.",
        ),
        Misconception(
            "scale and shift forgotten",
            _variant(affine=lambda x_hat, scale, shift: x_hat),
            "You left scale and shift out; there is one of each a channel.",
        ),
        Misconception(
            "shift forgotten",
            _variant(affine=lambda x_hat, scale, shift: x_hat * scale),
            "You left the shift out.",
        ),
        Misconception(
            "groups not checked",
            _variant(check=False),
            "The numbers are right. Where the groups do not divide the channels, raise ValueError: here PyTorch raises "
            "something else, or mixes channels in silence.",
        ),
    ),
    hints=(
        "`x.reshape(N, groups, -1)` puts all numbers of a group into one row, because its channels are neighbours.",
        "Normalise along that last axis, reshape back, and only then scale and shift.",
        "`scale.view(1, -1, *[1] * (x.ndim - 2))` lines up with the channels, whatever follows them.",
    ),
    see="Layer norm and group norm",
)
