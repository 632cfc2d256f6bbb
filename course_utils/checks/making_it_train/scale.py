"""Lesson 08: the exercise `he_init`."""

from __future__ import annotations

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.making_it_train.draws import normal, whole


def _he(noise: torch.Tensor) -> torch.Tensor:
    """PyTorch's own rule decides the scale."""
    fan_in = torch.nn.init._calculate_correct_fan(noise, "fan_in")
    return noise * (torch.nn.init.calculate_gain("relu") / math.sqrt(fan_in))


def _noise_cases(rng: torch.Generator) -> list[Case]:
    ins, outs = whole(rng, 5, 9), whole(rng, 10, 14)
    return [
        Case((normal(rng, outs, ins),), label="a linear layer"),
        Case((normal(rng, 3, 17),), label="a linear layer, fewer out than in"),
        Case((normal(rng, outs, ins, 3, 3),), label="a 3×3 convolution"),
        Case((normal(rng, 2, ins, 5, 2),), label="a kernel that is not square"),
        Case((normal(rng, outs, 3, 7, 7),), label="the first layer of a network for colour images"),
        Case((normal(rng, 4, ins, 1, 1).float(),), label="a 1×1 convolution"),
    ]


def _scaled(std):
    """noise times a number that depends on (fan_in, fan_out, window)."""

    def answer(noise):
        window = math.prod(noise.shape[2:])
        return noise * std(noise.shape[1] * window, noise.shape[0] * window, window)

    return answer


HE_INIT = FunctionExercise(
    name="he_init",
    points=1,
    minutes=6,
    by_hand=("kaiming_normal_", "kaiming_uniform_", "xavier_normal_", "_calculate_correct_fan"),
    oracle=_he,
    cases=_noise_cases,
    rtol=1e-5,
    atol=1e-8,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "standard normal",
            lambda noise: noise.clone(),
            "These are draws from N(0, 1), as they came. He's variance is 2 divided by the fan-in: multiply by its "
            "square root.",
        ),
        Misconception(
            "variance for standard deviation",
            _scaled(lambda n, m, k: 2 / n),
            "You multiplied by the variance, 2/n. Multiplying by a number c multiplies the variance by c²: take the "
            "square root.",
        ),
        Misconception(
            "fan-out",
            _scaled(lambda n, m, k: math.sqrt(2 / m)),
            "You used the fan-out. The fan-in counts what goes into one output: in × rows × columns; the weight's "
            "first axis is the outputs.",
            see="The way back, and Xavier's compromise",
        ),
        Misconception(
            "window forgotten",
            _scaled(lambda n, m, k: math.sqrt(2 / (n / k))),
            "You counted the channels only. One output of a convolution sums over the window as well: in × rows × "
            "columns.",
        ),
        Misconception(
            "outputs for inputs, window forgotten",
            _scaled(lambda n, m, k: math.sqrt(2 / (m / k))),
            "You counted the output channels. The fan-in counts what goes into one output: in × rows × columns.",
        ),
        Misconception(
            "factor 1",
            _scaled(lambda n, m, k: math.sqrt(1 / n)),
            "Your variance is 1/n, right without a ReLU. The ReLU takes half of the second moment away, and He's 2 "
            "gives it back.",
            see="What the ReLU takes away",
        ),
        Misconception(
            "Xavier",
            _scaled(lambda n, m, k: math.sqrt(2 / (n + m))),
            "That is Xavier's variance, 2/(n + m). He's is 2/n, with the fan-in alone.",
            see="The way back, and Xavier's compromise",
        ),
        Misconception(
            "all numbers of the weight",
            _scaled(lambda n, m, k: math.sqrt(2 * k / (n * m))),
            "You divided by all numbers of the weight. One output sees only its own row, `noise[0]`.",
        ),
        Misconception(
            "2 outside the root",
            _scaled(lambda n, m, k: 2 / math.sqrt(n)),
            "Your 2 stands outside the root, so your variance is 4/n.",
        ),
        Misconception(
            "PyTorch's default",
            _scaled(lambda n, m, k: math.sqrt(1 / (3 * n))),
            "Your variance is 1/(3n), that of PyTorch's default. He's is 2/n.",
        ),
        Misconception(
            "divided",
            _scaled(lambda n, m, k: math.sqrt(n / 2)),
            "You divided by the standard deviation; multiply by it.",
        ),
    ),
    hints=(
        "How many products does one output add up? That is the fan-in: all axes of `noise` but the first.",
        "Standard normal noise has variance 1; times a number c, it has variance c².",
    ),
    see="What the ReLU takes away",
)
