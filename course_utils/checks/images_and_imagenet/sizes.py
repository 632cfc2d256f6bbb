"""Exercise of lesson 01: sizes of the parts of a split, after a published one that does not add up."""

from __future__ import annotations

import math
from fractions import Fraction

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _sizes(total, val_percent, test_percent):
    val, test = (max(1, math.floor(Fraction(total * part, 100))) for part in (val_percent, test_percent))
    if total - val - test <= max(val, test):
        raise ValueError("training would not be the largest part")
    return total - val - test, val, test


def _cases(rng: torch.Generator) -> list[Case]:
    def number(low, high):
        return int(torch.randint(low, high, (), generator=rng))

    return [
        Case((1_431_167, number(3, 30), number(3, 30)), label="as many images as ILSVRC-2012"),
        Case(
            (100 * number(10, 99) + 57, number(11, 19), number(21, 39)), label="percentages leave remainders"
        ),
        Case((number(10, 20), number(1, 5), number(1, 5)), label="so few images that a part would be empty"),
        Case((100, 29, 11), label="29 % of a hundred"),
        Case((100, 13, 29), label="13 % and 29 % of a hundred"),
        Case((100 * number(5, 9) + 99, 33, 33), label="a third each, with a remainder"),
        Case((1000, number(46, 49), 10), label="almost half for validation: refuse"),
        Case((1000, 10, number(60, 80)), label="more than half for test: refuse"),
        Case((2, 10, 10), label="two images: refuse"),
        Case((1000, 45, 10), label="training and validation equally large: refuse"),
    ]


def _refusing(answer):
    """The same wrong sizes from a learner who did add the refusal."""

    def checked(total, val_percent, test_percent):
        _sizes(total, val_percent, test_percent)
        return answer(total, val_percent, test_percent)

    return checked


def _parts(total, *percents):
    return [max(1, total * percent // 100) for percent in percents]


def _each_for_itself(total, val_percent, test_percent):
    val, test = _parts(total, val_percent, test_percent)
    return total * (100 - val_percent - test_percent) // 100, val, test


def _test_from_the_rest(total, val_percent, test_percent):
    (val,) = _parts(total, val_percent)
    (test,) = _parts(total - val, test_percent)
    return total - val - test, val, test


def _rounded_to_the_nearest(total, val_percent, test_percent):
    val, test = (max(1, (2 * total * percent + 100) // 200) for percent in (val_percent, test_percent))
    return total - val - test, val, test


def _by_float(total, val_percent, test_percent):
    val, test = (max(1, int(total * (percent / 100))) for percent in (val_percent, test_percent))
    return total - val - test, val, test


def _empty_parts(total, val_percent, test_percent):
    val, test = total * val_percent // 100, total * test_percent // 100
    return total - val - test, val, test


def _no_refusal(total, val_percent, test_percent):
    val, test = _parts(total, val_percent, test_percent)
    return total - val - test, val, test


def _refuses_too_late(total, val_percent, test_percent):
    train, val, test = _no_refusal(total, val_percent, test_percent)
    if train < max(val, test):
        raise ValueError("training is smaller")
    return train, val, test


def _published(total, val_percent, test_percent):
    (val,) = _parts(total, val_percent)
    return val, total - val, val


split_sizes = FunctionExercise(
    name="split_sizes",
    points=2,
    minutes=10,
    oracle=_sizes,
    cases=_cases,
    misconceptions=(
        Misconception(
            "as published",
            _refusing(_published),
            "These are the sizes of the article: they add up to more than there is, and training is the smallest.",
        ),
        Misconception(
            "each part for itself",
            _refusing(_each_for_itself),
            "Each part is rounded for itself, so images get lost. Compute two parts and give training the rest.",
        ),
        Misconception(
            "test from what validation leaves",
            _refusing(_test_from_the_rest),
            "You took the test percentage of what validation left. Both are percentages of the total.",
        ),
        Misconception(
            "rounded to the nearest",
            _refusing(_rounded_to_the_nearest),
            "You rounded to the nearest number. Validation and test are rounded down; training gets the rest.",
        ),
        Misconception(
            "decimal fractions",
            _refusing(_by_float),
            "Almost: 0.29 is no exact binary number, and `int(0.29 * 100)` is 28. Stay with whole numbers: "
            "`total * percent // 100`.",
        ),
        Misconception(
            "empty parts",
            _refusing(_empty_parts),
            "With few images a part is empty. Validation and test get at least one image each.",
        ),
        Misconception(
            "test images trained on",
            _refusing(lambda total, v, t: (total - _parts(total, v)[0], *_parts(total, v, t))),
            "Training gets the test images, too: the three parts add up to more than the total.",
        ),
        Misconception(
            "no refusal",
            _no_refusal,
            "The sizes are right. Raise ValueError where training would not be larger than each of the others.",
        ),
        Misconception(
            "refusal one too late",
            _refuses_too_late,
            "You let training be exactly as large as another part. Training must be larger: refuse equality, too.",
        ),
        Misconception(
            "order of the three",
            _refusing(lambda *given: (_sizes(*given)[0], _sizes(*given)[2], _sizes(*given)[1])),
            "The order is training, validation, test; your validation and test have changed places.",
        ),
    ),
    hints=(
        "`total * percent // 100` rounds down and needs no decimal fractions.",
        "Training is what is left. Is it larger than both others? If not, `raise ValueError(...)`.",
    ),
    see="The split that does not add up",
)
