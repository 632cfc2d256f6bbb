"""Lesson 08: the exercise `second_moments`."""

from __future__ import annotations

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.making_it_train.draws import uniform, whole


def _moments(fan_ins: list, weight_stds: list, first: float) -> list[float]:
    """In closed form: the product of all factors so far, through logarithms."""
    logs = [math.log(n) + 2 * math.log(std) for n, std in zip(fan_ins, weight_stds, strict=True)]
    return [first * math.exp(sum(logs[: layer + 1]) - layer * math.log(2)) for layer in range(len(logs))]


def _layers(rng: torch.Generator, count: int, fans: tuple[int, int], label: str) -> Case:
    fan_ins = [whole(rng, *fans) for _ in range(count)]
    stds = [math.sqrt(uniform(rng, 1.2, 3.0) / n) for n in fan_ins]
    return Case((fan_ins, stds, uniform(rng, 1.5, 4.0)), label=label)


def _moment_cases(rng: torch.Generator) -> list[Case]:
    depth = whole(rng, 6, 9)
    return [
        _layers(rng, 1, (10, 90), "a single layer"),
        _layers(rng, 2, (10, 90), "two layers"),
        _layers(rng, 4, (27, 600), "four layers"),
        _layers(rng, depth, (27, 600), f"{depth} layers"),
        Case(([576] * 5, [math.sqrt(2 / 576)] * 5, uniform(rng, 1.5, 4.0)), label="He's weights"),
        Case(([64, 128, 64], [1.0, 1.0, 1.0], uniform(rng, 1.5, 4.0)), label="weights of variance 1"),
    ]


def _chain(step, first_step=None):
    """Multiply layer by layer: what goes from one layer's answer to the next one's."""

    def answer(fan_ins, weight_stds, first):
        moments = []
        for layer, (n, std) in enumerate(zip(fan_ins, weight_stds, strict=True)):
            rule = first_step if first_step and layer == 0 else step
            moments.append(rule(n, std, moments[-1] if moments else first))
        return moments

    return answer


def _of_right(change):
    return lambda fan_ins, stds, first: [change(value) for value in _moments(fan_ins, stds, first)]


SECOND_MOMENTS = FunctionExercise(
    name="second_moments",
    points=2,
    minutes=10,
    oracle=_moments,
    cases=_moment_cases,
    rtol=1e-6,
    atol=1e-12,
    misconceptions=(
        Misconception(
            "ReLU forgotten",
            _chain(lambda n, std, came: n * std**2 * came),
            "You forgot the ReLU: it keeps half of the second moment, so from the second layer on each layer "
            "gets half of what the one before had.",
            see="What the ReLU takes away",
        ),
        Misconception(
            "half in the first layer, too",
            _chain(lambda n, std, came: n * std**2 * came / 2),
            "You halve in the first layer as well. Its input has passed no ReLU; and what is asked for is the "
            "value before a layer's own ReLU.",
            see="What the ReLU takes away",
        ),
        Misconception(
            "standard deviation for variance",
            _chain(lambda n, std, came: n * std * came / 2, lambda n, std, came: n * std * came),
            "You multiply by the standard deviation of the weights. The formula has their variance, its square.",
        ),
        Misconception(
            "fan-in forgotten",
            _chain(lambda n, std, came: std**2 * came / 2, lambda n, std, came: std**2 * came),
            "You left the fan-in out: a value is a sum of n products, and each adds its own share.",
        ),
        Misconception(
            "fan-in squared",
            _chain(lambda n, std, came: n**2 * std**2 * came / 2, lambda n, std, came: n**2 * std**2 * came),
            "Your fan-in is squared. Of the n² products of the double sum only the n on the diagonal are left.",
        ),
        Misconception(
            "variance after the ReLU",
            _chain(
                lambda n, std, came: n * std**2 * came * (0.5 - 0.5 / math.pi),
                lambda n, std, came: n * std**2 * came,
            ),
            "You took the variance after the ReLU, 0.34 of what was there. The next layer's sum wants the "
            "second moment, which is a half: the mean that the ReLU leaves counts, too.",
            see="What the ReLU takes away",
        ),
        Misconception(
            "one layer at a time",
            lambda fan_ins, stds, first: [
                n * std**2 * first / (2 if layer else 1)
                for layer, (n, std) in enumerate(zip(fan_ins, stds, strict=True))
            ],
            "You give every layer the network's own input. Layer 2 gets what layer 1 made of it, and so on: the "
            "factors multiply.",
        ),
        Misconception(
            "root taken",
            _of_right(math.sqrt),
            "You returned root mean squares. The exercise asks for the second moments, without the root.",
        ),
        Misconception(
            "the last layer only",
            lambda fan_ins, stds, first: _moments(fan_ins, stds, first)[-1],
            "You returned one number. A list is asked for, with the second moment of each layer.",
        ),
    ),
    hints=(
        "One layer: the second moment before the ReLU is fan-in times weight variance times the second moment of "
        "what comes in.",
        "What comes into layer 1 is `first`; what comes into a later layer is half of the moment before.",
    ),
    see="The variance of a sum of products",
)
