"""Exercise of lesson 09: Wilson's interval."""

from __future__ import annotations

import math

import torch
from scipy import stats

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _whole(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high, (), generator=rng))


def _interval_cases(rng: torch.Generator) -> list[Case]:
    n = _whole(rng, 30, 90)
    return [
        Case((_whole(rng, 60, 75), 80), label="eighty images"),
        Case((n, n), label="all images right"),
        Case((0, _whole(rng, 8, 20)), label="no image right"),
        Case((n - 20, n - 19), {"z": 2.576}, label="all but one right, 99 %"),
        Case((_whole(rng, 7000, 9000), 10_000), {"z": 1.0}, label="many images, one standard error"),
        Case((1, 1), label="one image"),
    ]


def _by_scipy(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    ends = stats.binomtest(right, n).proportion_ci(2 * stats.norm.cdf(z) - 1, method="wilson")
    return float(ends.low), float(ends.high)


def _exact(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    ends = stats.binomtest(right, n).proportion_ci(2 * stats.norm.cdf(z) - 1, method="exact")
    return float(ends.low), float(ends.high)


def _around(middle: float, half: float) -> tuple[float, float]:
    return middle - half, middle + half


def _textbook(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    a = right / n
    return _around(a, z * math.sqrt(a * (1 - a) / n))


def _pulled(right: int, n: int, z: float) -> float:
    return (right + z**2 / 2) / (n + z**2)


def _agresti_coull(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    p = _pulled(right, n, z)
    return _around(p, z * math.sqrt(p * (1 - p) / (n + z**2)))


def _wilson_with(right: int, n: int, z: float, under_root: float, scale: float) -> tuple[float, float]:
    low, high = _around(right / n + z**2 / (2 * n), z * math.sqrt(under_root))
    return low / scale, high / scale


def _not_divided(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    a = right / n
    return _wilson_with(right, n, z, a * (1 - a) / n + z**2 / (4 * n**2), 1)


def _root_over_4n(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    a = right / n
    return _wilson_with(right, n, z, a * (1 - a) / n + z**2 / (4 * n), 1 + z**2 / n)


def _root_without_second(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    a = right / n
    return _wilson_with(right, n, z, a * (1 - a) / n, 1 + z**2 / n)


def _not_pulled(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    low, high = _by_scipy(right, n, z)
    return _around(right / n, (high - low) / 2)


def _half_not_divided(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    low, high = _by_scipy(right, n, z)
    return _around(_pulled(right, n, z), (high - low) / 2 * (1 + z**2 / n))


def _root_without_z(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    low, high = _by_scipy(right, n, z)
    return _around(_pulled(right, n, z), (high - low) / 2 / z)


WILSON_INTERVAL = FunctionExercise(
    name="wilson_interval",
    points=3,
    minutes=12,
    by_hand=("proportion_ci", "proportion_confint"),
    oracle=_by_scipy,
    cases=_interval_cases,
    misconceptions=(
        Misconception(
            "the textbook interval",
            _textbook,
            "This is the textbook interval: it takes the standard error at the measured share. "
            "Wilson's takes it at each candidate p.",
            see="The textbook interval",
        ),
        Misconception(
            "the textbook interval, cut off",
            lambda right, n, z=1.96: tuple(min(1.0, max(0.0, end)) for end in _textbook(right, n, z)),
            "This is the textbook interval, cut off at 0 and 1. Cutting hides its fault and mends nothing: "
            "for n of n right it still has no width.",
            see="The textbook interval",
        ),
        Misconception(
            "the adjusted textbook interval",
            _agresti_coull,
            "Your middle is right, but the width is that of a textbook interval around it (Agresti and Coull's "
            "interval). The width that was derived has a(1-a)/n + z²/(4n²) under the root.",
        ),
        Misconception(
            "the exact interval",
            _exact,
            "This is the interval of Clopper and Pearson, from binomial tails. It is a good one, and wider; "
            "asked for is Wilson's.",
        ),
        Misconception(
            "not divided by 1 + z²/n",
            _not_divided,
            "You have the right numerators and did not divide them by 1 + z²/n.",
        ),
        Misconception(
            "only the middle divided by 1 + z²/n",
            _half_not_divided,
            "You divide the middle by 1 + z²/n and not what stands after ±. The divisor is for both: brackets?",
        ),
        Misconception(
            "the root without its z",
            _root_without_z,
            "The root lacks the factor z before it. With z = 1 nobody would see it.",
        ),
        Misconception(
            "z²/(4n) under the root",
            _root_over_4n,
            "Under your root stands z²/(4n). When n is brought inside, that term is divided by n once more: "
            "z²/(4n²).",
        ),
        Misconception(
            "second term under the root forgotten",
            _root_without_second,
            "Under your root the term z²/(4n²) is missing, so that n of n right gives no width at all.",
        ),
        Misconception(
            "the middle not pulled",
            _not_pulled,
            "Your width is right, but your middle is the measured share itself. Wilson's middle is pulled towards "
            "one half: (right + z²/2)/(n + z²).",
        ),
        Misconception(
            "z ignored",
            lambda right, n, z=1.96: _by_scipy(right, n),
            "You always compute with 1.96. Use the `z` that is given.",
        ),
        Misconception(
            "middle and half-width returned",
            lambda right, n, z=1.96: (
                _pulled(right, n, z),
                (_by_scipy(right, n, z)[1] - _by_scipy(right, n, z)[0]) / 2,
            ),
            "You return the middle and half of the width. Asked for are the two ends.",
        ),
        Misconception(
            "ends swapped",
            lambda right, n, z=1.96: _by_scipy(right, n, z)[::-1],
            "You have both ends and return them in the wrong order: the lower one first.",
        ),
    ),
    hints=(
        "Start from a = right / n and the last formula of the derivation.",
        "Three pieces: the middle a + z²/(2n), the root z·sqrt(a(1-a)/n + z²/(4n²)), the divisor 1 + z²/n.",
    ),
    see="Wilson's interval, derived",
)
