"""Lesson 08: the exercise `batch_norm`."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.making_it_train.draws import normal, positive, uniform, whole
from course_utils.checks.making_it_train.norm_variants import batch_norm_with

READY_MADE = ("batch_norm", "BatchNorm2d", "BatchNorm1d", "native_batch_norm", "instance_norm")


def _right(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = running_mean.clone(), running_var.clone()
    return F.batch_norm(x, mean, var, scale, shift, training, momentum, eps), mean, var


def _one_case(
    rng: torch.Generator, shape: tuple, training: bool, label: str, spread: float = 2.0, **more
) -> Case:
    channels = shape[1]
    x = spread * (normal(rng, *shape) * positive(rng, 1, channels, 1, 1) + 2 * normal(rng, 1, channels, 1, 1))
    x = x + spread * normal(rng, shape[0], 1, 1, 1)  # images of different brightness
    given = (
        x,
        positive(rng, channels),
        normal(rng, channels),
        normal(rng, channels),
        positive(rng, channels),
    )
    return Case((*given, training), more, label=label)


def _cases(rng: torch.Generator) -> list[Case]:
    width = whole(rng, 3, 6)
    momentum = uniform(rng, 0.2, 0.4)
    return [
        _one_case(rng, (4, width, 5, 3), True, "training"),
        _one_case(rng, (2, 3, 2, 2), True, "training, a small batch"),
        _one_case(rng, (1, 2, 4, 3), True, "training, a single image"),
        _one_case(rng, (6, 4, 3, 3), True, "training, another momentum", momentum=momentum),
        _one_case(rng, (5, 3, 3, 4), True, "training, tiny values: eps counts", spread=2e-3),
        _one_case(rng, (4, width, 5, 3), False, "evaluation"),
        _one_case(rng, (1, 3, 2, 5), False, "evaluation, a single image, a large eps", eps=0.3),
    ]


BATCH_NORM = FunctionExercise(
    name="batch_norm",
    points=3,
    minutes=20,
    by_hand=READY_MADE,
    oracle=_right,
    cases=_cases,
    rtol=1e-6,
    atol=1e-9,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "unbiased variance to normalise",
            batch_norm_with(normalise_by=1),
            "You normalise by the variance divided by M - 1. The batch is normalised by the biased one, divided by "
            "M; the unbiased one goes into the running average. (`x.var()` divides by M - 1 unless told "
            "`correction=0`.)",
        ),
        Misconception(
            "biased variance remembered",
            batch_norm_with(remember=0),
            "Your output is right. Into the running variance goes the unbiased estimate, divided by M - 1.",
        ),
        Misconception(
            "both variances the wrong way round",
            batch_norm_with(normalise_by=1, remember=0),
            "Your two variances have changed places: divide by M to normalise, by M - 1 for the running average.",
        ),
        Misconception(
            "momentum swapped",
            batch_norm_with(swap=True),
            "Your momentum is the other way round: new = (1 - momentum) · old + momentum · batch, so 0.1 gives the "
            "batch little weight.",
        ),
        Misconception(
            "batch statistics in evaluation",
            batch_norm_with(use_batch=lambda training: True),
            "In evaluation you still normalise by the batch. Use the running mean and variance, so that an image's "
            "output does not depend on its companions.",
        ),
        Misconception(
            "batch statistics and updates in evaluation",
            batch_norm_with(use_batch=lambda training: True, update=lambda training: True),
            "You ignore `training`: in evaluation, normalise by the running mean and variance, and leave them as "
            "they are.",
        ),
        Misconception(
            "running averages moved in evaluation",
            batch_norm_with(update=lambda training: True),
            "Your evaluation moves the running averages. It must leave no trace: return them as they came.",
        ),
        Misconception(
            "running averages in training",
            batch_norm_with(use_batch=lambda training: False),
            "You normalise by the running averages in training, too. In training the batch's own mean and variance "
            "are used.",
        ),
        Misconception(
            "updated averages in training",
            batch_norm_with(updated_first=True),
            "In training you normalise by the running averages after their update. Use the batch's own mean and "
            "variance; the running ones are for evaluation.",
        ),
        Misconception(
            "running averages never updated",
            batch_norm_with(update=lambda training: False),
            "You return the running averages as they came, in training too. Each training batch moves them.",
        ),
        Misconception(
            "eps outside the root",
            batch_norm_with(root=lambda var, eps: var.sqrt() + eps),
            "You add eps to the standard deviation. It belongs inside the root, to the variance.",
            see="Batch norm",
        ),
        Misconception(
            "eps forgotten",
            batch_norm_with(root=lambda var, eps: var.sqrt()),
            "You left eps out; it is added to the variance, inside the root.",
            see="Batch norm",
        ),
        Misconception(
            "divided by the variance",
            batch_norm_with(root=lambda var, eps: var + eps),
            "You divide by the variance. Divide by its root.",
            see="Batch norm",
        ),
        Misconception(
            "standard deviation remembered",
            batch_norm_with(keep=lambda var: var.sqrt()),
            "You keep a running standard deviation. What is kept is the running variance.",
        ),
        Misconception(
            "over the batch alone",
            batch_norm_with(over=(0,)),
            "You take mean and variance at each pixel position. A channel has one of each, over N, H and W.",
            see="Batch norm",
        ),
        Misconception(
            "each image by itself",
            batch_norm_with(over=(2, 3)),
            "You normalise each image by itself (that is called instance norm). Batch norm's mean and variance go "
            "over N, H and W.",
            see="Batch norm",
        ),
        Misconception(
            "all channels together",
            batch_norm_with(over=(0, 1, 2, 3)),
            "You take one mean and variance of everything. Each channel has its own, over N, H and W.",
            see="Batch norm",
        ),
        Misconception(
            "scale and shift forgotten",
            batch_norm_with(affine=lambda x_hat, scale, shift: x_hat),
            "You left scale and shift out: the output is scale · x̂ + shift, one of each a channel.",
            see="Batch norm",
        ),
        Misconception(
            "shift before scale",
            batch_norm_with(affine=lambda x_hat, scale, shift: scale * (x_hat + shift)),
            "You add the shift before you scale. The output is scale · x̂ + shift.",
            see="Batch norm",
        ),
    ),
    hints=(
        "`x.mean(dim=(0, 2, 3))` has the shape (C,); `[:, None, None]` lines it up with the channels of x.",
        "Two pairs of statistics: the batch's in training, the running ones in evaluation.",
        "The unbiased variance is the biased one times M / (M - 1), with M = N · H · W.",
    ),
    see="Training and evaluation",
)
