"""Exercise of lesson 09: the smallest test set that can show a claim."""

from __future__ import annotations

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _whole(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high, (), generator=rng))


def _by_search(accuracy: float, claim: float, z: float = 1.96) -> int:
    """The first n at which Wilson's lower end reaches the claim, by bisection: it rises with n."""
    if accuracy <= claim:
        raise ValueError(f"{accuracy} cannot show {claim}")

    def lower_end(n: int) -> float:
        root = math.sqrt(accuracy * (1 - accuracy) / n + z**2 / (4 * n**2))
        return (accuracy + z**2 / (2 * n) - z * root) / (1 + z**2 / n)

    enough = 1
    while lower_end(enough) < claim:
        enough *= 2
    low, high = enough // 2, enough  # low is too few (or 0), high is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if lower_end(middle) >= claim else (middle, high)
    return high


def _size(accuracy: float, variance: float, claim: float, z: float) -> float:
    if accuracy <= claim:
        raise ValueError(f"{accuracy} cannot show {claim}")
    return z**2 * variance / (accuracy - claim) ** 2


def _clear_of_whole(rng: torch.Generator, z: float) -> tuple[float, float]:
    """(accuracy, claim) whose n before rounding up lies well between two whole numbers, so that rounding off or
    down by mistake is seen and the last digits of a float are not."""
    while True:
        claim = _whole(rng, 60, 94) / 100
        accuracy = round(claim + _whole(rng, 10, 50) / 1000, 3)
        size = _size(accuracy, claim * (1 - claim), claim, z)
        if accuracy < 0.995 and size > 30 and 0.1 < size % 1 < 0.4:
            return accuracy, claim


def _claim_cases(rng: torch.Generator) -> list[Case]:
    return [
        Case((0.92, 0.9), label="the example"),
        Case(_clear_of_whole(rng, 1.96), label="another claim"),
        Case(_clear_of_whole(rng, 1.96), label="a third claim"),
        Case(_clear_of_whole(rng, 2.576), {"z": 2.576}, label="99 %"),
        Case((1.0, _whole(rng, 91, 99) / 100), label="nothing wrong expected"),
        Case((0.9, 0.9), label="no distance at all"),
        Case((0.85, 0.9), label="below the claim"),
    ]


MINIMUM_TEST_SIZE = FunctionExercise(
    name="minimum_test_size",
    points=3,
    minutes=15,
    by_hand=("proportion_ci", "proportion_confint"),
    oracle=_by_search,
    cases=_claim_cases,
    misconceptions=(
        Misconception(
            "variance at the measured share",
            lambda accuracy, claim, z=1.96: math.ceil(_size(accuracy, accuracy * (1 - accuracy), claim, z)),
            "You take the variance at the measured share, as the textbook interval does. At the lower end of "
            "Wilson's interval stands the claim: its variance is claim (1 - claim).",
            see="Wilson's interval, derived",
        ),
        Misconception(
            "variance one quarter",
            lambda accuracy, claim, z=1.96: math.ceil(_size(accuracy, 0.25, claim, z)),
            "You take the variance 1/4, the worst case at a share of one half. At the lower end stands the claim: "
            "claim (1 - claim).",
        ),
        Misconception(
            "rounded down",
            lambda accuracy, claim, z=1.96: math.floor(_size(accuracy, claim * (1 - claim), claim, z)),
            "You round down, and with one image fewer than needed the interval still reaches below the claim. "
            "Round up.",
        ),
        Misconception(
            "one too many",
            lambda accuracy, claim, z=1.96: math.floor(_size(accuracy, claim * (1 - claim), claim, z)) + 2,
            "You ask for one image more than needed: rounding up is enough.",
        ),
        Misconception(
            "distance not squared",
            lambda accuracy, claim, z=1.96: math.ceil(
                _size(accuracy, claim * (1 - claim), claim, z) * (accuracy - claim)
            ),
            "You divide by the distance, not by its square. The standard error falls with the root of n, so half "
            "the distance costs four times the images.",
        ),
        Misconception(
            "z not squared",
            lambda accuracy, claim, z=1.96: math.ceil(_size(accuracy, claim * (1 - claim), claim, z) / z),
            "z stands outside of the root: when the equation is squared, z is squared, too.",
        ),
        Misconception(
            "z ignored",
            lambda accuracy, claim, z=1.96: math.ceil(_size(accuracy, claim * (1 - claim), claim, 1.96)),
            "You always compute with 1.96. Use the `z` that is given.",
        ),
        Misconception(
            "the hopeless claim not refused",
            lambda accuracy, claim, z=1.96: math.ceil(
                z**2 * claim * (1 - claim) / max((accuracy - claim) ** 2, 1e-12)
            ),
            "An accuracy that is not above the claim can never show it, however many images there are: raise a "
            "ValueError. Squaring the distance hides its sign.",
        ),
    ),
    hints=(
        "The ends of Wilson's interval are the p with |a - p| = z times the standard error *at p*.",
        "Put the claim in the place of p, square both sides, and solve for n.",
        "n = z² claim (1 - claim) / (accuracy - claim)², rounded up.",
    ),
    see="How many images does a claim need?",
)
