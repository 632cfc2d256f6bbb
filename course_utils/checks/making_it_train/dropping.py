"""Lesson 08: the exercise `dropout`."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.making_it_train.draws import normal, uniform, whole


def _right(x, u, p, training):
    """With a mask and a multiplication by the inverse: no line in common with the lesson."""
    if not training:
        return x.clone()
    return torch.where(u < p, torch.zeros_like(x), x * (1.0 / (1.0 - p)))


def _one_case(rng: torch.Generator, shape: tuple, p: float, training: bool, label: str) -> Case:
    u = torch.rand(*shape, generator=rng, dtype=torch.float64)
    flat = u.view(-1)
    flat[0], flat[-1] = p / 2, (1 + p) / 2  # one at least is dropped and one kept
    flat[1] = p  # exactly p is not below p
    return Case((normal(rng, *shape) + 0.5, u, p, training), label=label)


def _cases(rng: torch.Generator) -> list[Case]:
    width = whole(rng, 5, 9)
    little, much = uniform(rng, 0.15, 0.35), uniform(rng, 0.6, 0.85)
    return [
        _one_case(rng, (width, 4), little, True, "training, little is dropped"),
        _one_case(rng, (3, 2, 4, 3), much, True, "training, much is dropped"),
        _one_case(rng, (6, width), 0.5, True, "training, half is dropped"),
        _one_case(rng, (4, 3), 0.0, True, "training, nothing is dropped"),
        _one_case(rng, (width, 4), little, False, "evaluation"),
        _one_case(rng, (2, 3, 4), much, False, "evaluation, large p"),
    ]


def _in_training(answer):
    return lambda x, u, p, training: answer(x, u, p) if training else x.clone()


DROPOUT = FunctionExercise(
    name="dropout",
    points=1,
    minutes=8,
    by_hand=("dropout", "Dropout", "feature_dropout", "native_dropout"),
    oracle=_right,
    cases=_cases,
    rtol=1e-6,
    atol=1e-9,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "no scaling",
            _in_training(lambda x, u, p: x * (u >= p)),
            "You drop and do not scale what is left, so in training the mean is only 1 - p of what it is in "
            "evaluation. Divide by 1 - p.",
        ),
        Misconception(
            "scaled in evaluation instead",
            lambda x, u, p, training: x * (u >= p) if training else x * (1 - p),
            "That is the dropout of the paper: nothing in training, times 1 - p in evaluation. Inverted dropout "
            "divides by 1 - p in training, and evaluation leaves x alone.",
        ),
        Misconception(
            "scaled in both",
            lambda x, u, p, training: x * (u >= p) / (1 - p) if training else x * (1 - p),
            "Your training is right. In evaluation nothing was dropped, so nothing is to be put right: return x.",
        ),
        Misconception(
            "scaled up in evaluation",
            lambda x, u, p, training: x * (u >= p) / (1 - p) if training else x / (1 - p),
            "Your training is right. In evaluation nothing was dropped, so nothing is to be scaled: return x.",
        ),
        Misconception(
            "active in evaluation",
            lambda x, u, p, training: x * (u >= p) / (1 - p),
            "You drop in evaluation, too: the same image would get another answer each time. Return x there.",
        ),
        Misconception(
            "nothing dropped",
            lambda x, u, p, training: x.clone(),
            "You return x as it came, in training too. There the values with u < p become 0, and the rest is scaled.",
        ),
        Misconception(
            "training and evaluation swapped",
            lambda x, u, p, training: x.clone() if training else x * (u >= p) / (1 - p),
            "Your two modes have changed places: drop in training, return x in evaluation.",
        ),
        Misconception(
            "p taken as the probability to keep",
            _in_training(lambda x, u, p: torch.where(u < p, x / max(p, 1e-12), torch.zeros_like(x))),
            "You take p as the probability to keep. Here, as in PyTorch, p is the probability to drop.",
        ),
        Misconception(
            "the wrong ones dropped",
            _in_training(lambda x, u, p: x * (u < p) / (1 - p)),
            "Your scale is right and your mask the wrong way round: values with u < p are dropped, the others kept.",
        ),
        Misconception(
            "multiplied for divided",
            _in_training(lambda x, u, p: x * (u >= p) * (1 - p)),
            "You multiply by 1 - p, which makes the mean smaller still. Divide by it.",
        ),
        Misconception(
            "divided by p",
            _in_training(lambda x, u, p: x * (u >= p) / max(p, 1e-12)),
            "You divide by p. The share that is left is 1 - p: divide by that.",
        ),
        Misconception(
            "exactly p dropped",
            _in_training(lambda x, u, p: x * (u > p) / (1 - p)),
            "A value with u exactly p is not below p, so it is kept.",
        ),
    ),
    hints=(
        "`u >= p` is a mask of True and False; times a tensor it counts as 1 and 0.",
        "A share 1 - p is left. By what must it be divided, so that the mean stays?",
    ),
    see="Dropout",
)
