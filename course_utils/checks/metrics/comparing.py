"""Exercise of lesson 09: McNemar's exact test on two models' right answers."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from scipy import stats

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _models(rng: torch.Generator, both: int, only_a: int, only_b: int, neither: int) -> tuple:
    """Two models' answers with these counts, the images in random order."""
    counts = torch.tensor([both, only_a, only_b, neither])
    right_a = torch.tensor([True, True, False, False]).repeat_interleave(counts)
    right_b = torch.tensor([True, False, True, False]).repeat_interleave(counts)
    order = torch.randperm(len(right_a), generator=rng)
    return right_a[order], right_b[order]


def _cases(rng: torch.Generator) -> list[Case]:
    def about(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=rng))

    half = about(3, 9)
    return [
        Case(_models(rng, about(60, 90), about(4, 8), about(10, 16), about(5, 30)), label="B is ahead"),
        Case(_models(rng, about(60, 90), about(12, 20), about(3, 7), about(5, 30)), label="A is ahead"),
        Case(_models(rng, about(20, 40), half, half, about(5, 30)), label="an even split"),
        Case(_models(rng, about(5, 20), 0, 0, about(5, 20)), label="never of different opinion"),
        Case(_models(rng, about(5, 20), 0, about(5, 8), about(5, 20)), label="all on one side"),
        Case(
            _models(rng, about(900, 999), about(80, 90), about(96, 115), about(80, 200)), label="many images"
        ),
    ]


def _counts(right_a: torch.Tensor, right_b: torch.Tensor) -> tuple[int, int]:
    return int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())


def _by_scipy(right_a: torch.Tensor, right_b: torch.Tensor) -> float:
    only_a, only_b = _counts(right_a, right_b)
    return float(stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def _of_counts(formula: Callable) -> Callable:
    """`formula(only_a, only_b)`; 1 where the models never differ."""

    def answer(right_a: torch.Tensor, right_b: torch.Tensor) -> float:
        only_a, only_b = _counts(right_a, right_b)
        return float(formula(only_a, only_b)) if only_a + only_b else 1.0

    return answer


def _tail(only_a: int, only_b: int) -> float:
    return float(stats.binom.cdf(min(only_a, only_b), only_a + only_b, 0.5))


def _chi_square(correction: float) -> Callable:
    def formula(b: int, c: int) -> float:
        return stats.chi2.sf(max(abs(b - c) - correction, 0) ** 2 / (b + c), 1)

    return formula


def _unpaired(right_a: torch.Tensor, right_b: torch.Tensor) -> float:
    """The z test for two proportions from different images."""
    n, a, b = len(right_a), right_a.double().mean().item(), right_b.double().mean().item()
    error = math.sqrt((a + b) / 2 * (1 - (a + b) / 2) * 2 / n)
    return float(2 * stats.norm.sf(abs(a - b) / error))


def _mid_p(only_a: int, only_b: int) -> float:
    return 2 * _tail(only_a, only_b) - stats.binom.pmf(min(only_a, only_b), only_a + only_b, 0.5)


def _agreements(right_a: torch.Tensor, right_b: torch.Tensor) -> float:
    both, neither = int((right_a & right_b).sum()), int((~right_a & ~right_b).sum())
    return float(stats.binomtest(both, both + neither).pvalue)


def _of_all_images(right_a: torch.Tensor, right_b: torch.Tensor) -> float:
    only_a, only_b = _counts(right_a, right_b)
    return min(1.0, 2 * float(stats.binom.cdf(min(only_a, only_b), len(right_a), 0.5)))


MCNEMAR = FunctionExercise(
    name="mcnemar",
    points=3,
    minutes=12,
    by_hand=("binomtest", "binom_test", "mcnemar"),
    oracle=_by_scipy,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "the chi-square approximation",
            _of_counts(_chi_square(0)),
            "This is McNemar's statistic with the chi-square approximation. For few images it is too sure of itself; "
            "asked for is the exact binomial sum.",
        ),
        Misconception(
            "the corrected chi-square approximation",
            _of_counts(_chi_square(1)),
            "This is the chi-square approximation with continuity correction. Asked for is the exact binomial sum.",
        ),
        Misconception(
            "one tail",
            _of_counts(_tail),
            "You have one tail. Before looking, either model could have been ahead, so both tails count: twice as much.",
        ),
        Misconception(
            "above 1",
            _of_counts(lambda b, c: 2 * _tail(b, c)),
            "For an even split both tails hold the middle, and the doubled tail exceeds 1. A probability does not: "
            "take the minimum with 1.",
        ),
        Misconception(
            "the last term forgotten",
            _of_counts(lambda b, c: min(1.0, 2 * float(stats.binom.cdf(min(b, c) - 1, b + c, 0.5)))),
            "Your sum stops before i = m: `range(m)` ends at m - 1. The observed split itself counts.",
        ),
        Misconception(
            "always the tail of A",
            _of_counts(lambda b, c: min(1.0, 2 * float(stats.binom.cdf(b, b + c, 0.5)))),
            "You always add up to the images that only A has right. Where A is ahead, that is more than half of "
            "everything: add up to the smaller count, m = min(b, c).",
        ),
        Misconception(
            "always 1",
            lambda right_a, right_b: 1.0,
            "Your p-value is always 1. Take the *minimum* of 1 and the doubled tail, and let the tail end at the "
            "smaller of the two counts: up to the larger one it is more than half of everything.",
        ),
        Misconception(
            "the pairs torn apart",
            _unpaired,
            "You compare the two accuracies as if they were measured on different images. The images that both have "
            "right, or both wrong, say nothing about a difference.",
            see="Is B better than A?",
        ),
        Misconception(
            "half of the observed split",
            _of_counts(_mid_p),
            "You count the observed split by half (the mid-p value). Asked for is the exact test, which counts it in "
            "full: at least as uneven.",
        ),
        Misconception(
            "the agreements",
            _agreements,
            "You test the images that both have right against those that both have wrong. What tells the models apart "
            "are the images that only one has right.",
        ),
        Misconception(
            "coins for all images",
            _of_all_images,
            "You throw a coin for every image. Only the d images on which the models differ are coins: d draws, not n.",
        ),
        Misconception(
            "the probability of no luck",
            lambda right_a, right_b: 1 - _by_scipy(right_a, right_b),
            "You return 1 minus the p-value. A small p-value means that equal models would seldom split so unevenly.",
        ),
    ),
    hints=(
        "Count the images that only A has right and those that only B has right: `(right_a & ~right_b).sum()`.",
        "`math.comb(d, i) / 2**d` is the probability of exactly i heads in d throws.",
        "Add it up for i from 0 to the smaller of the counts, double it, and take the minimum with 1.",
    ),
    see="Is B better than A?",
)
