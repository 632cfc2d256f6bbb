"""Lesson 03: the numerical gradient by central differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.convolution_backward.nudging_faults import (
    all_at_once,
    central,
    entrywise,
    exact,
    in_place,
    in_rows,
    on_a_copy_by_mistake,
    same_tensor_twice,
    single_precision,
    with_step,
)
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.convolution_backward import nudge

NUDGE = "Do not trust, nudge"


def what_came(raw: Mapping[str, Any], *_case: Any) -> dict:
    return {"the gradient": raw["gradient"], "x afterwards": raw["x"]}


def nudging_cases(rng: torch.Generator) -> list[Case]:
    def draw(kind, shape, how, h, label):
        x = torch.randn(shape, generator=rng, dtype=torch.float64)
        seed = int(torch.randint(1_000_000, (), generator=rng))
        return Case((kind, x, how, h, seed), label=label)

    return [
        draw("cubic", (4,), "plain", 0.1, "a wide step, h = 0.1"),
        draw("wave", (2, 3), "plain", 1e-2, "two axes, h = 0.01"),
        draw("number", (3,), "plain", 0.05, "the function returns a Python float"),
        draw("cubic", (3, 4), "transposed", 1e-2, "x is not contiguous in memory"),
        draw("layer", (2, 2, 4, 3), "plain", 1e-5, "a convolution, h = 1e-5"),
        draw("wave", (2, 2), "every second", 1e-5, "x is a view of every second number"),
    ]


numerical_gradient = ObservedExercise(
    name="numerical_gradient",
    points=3,
    minutes=20,
    by_hand=(*AUTOGRAD, "gradcheck"),
    written="numerical_gradient(function, x, h)",
    oracle=central,
    scene=nudge,
    look=what_came,
    cases=nudging_cases,
    rtol=1e-5,
    atol=1e-7,
    see=NUDGE,
    hints=(
        "One entry at a time: a tensor of zeros of x's shape, with h in one place.",
        "The slope is (function(x + nudge) - function(x - nudge)) / (2 * h).",
        "np.ndindex(*x.shape) walks through all places of any shape, and x stays as it was if you never write to it.",
    ),
    misconceptions=(
        Misconception(
            "forward difference",
            entrywise(lambda f, x, e, h: (f(x + e) - f(x)) / h),
            "That is the forward difference, whose error shrinks only with h. Go up by h and down by h: the central "
            "difference.",
        ),
        Misconception(
            "backward difference",
            entrywise(lambda f, x, e, h: (f(x) - f(x - e)) / h),
            "That is the backward difference, whose error shrinks only with h. Go up by h and down by h: the central "
            "difference.",
        ),
        Misconception(
            "divided by h",
            entrywise(lambda f, x, e, h: (f(x + e) - f(x - e)) / h),
            "Your slopes are twice too large: between x + h and x - h lie 2 h.",
        ),
        Misconception(
            "multiplied by h",
            entrywise(lambda f, x, e, h: (f(x + e) - f(x - e)) / 2 * h),
            "`/ 2 * h` divides by 2 and then multiplies by h. Put brackets round 2 * h.",
        ),
        Misconception(
            "sign lost",
            entrywise(lambda f, x, e, h: abs(f(x + e) - f(x - e)) / (2 * h)),
            "You take the absolute value of the difference. A slope may be negative.",
        ),
        Misconception(
            "other sign",
            entrywise(lambda f, x, e, h: (f(x - e) - f(x + e)) / (2 * h)),
            "Your slopes have the wrong sign: f(x + h) minus f(x - h).",
        ),
        Misconception(
            "half of each step",
            with_step(lambda h: h / 2),
            "You go up and down by h / 2. Here h is the step to each side.",
        ),
        Misconception(
            "step of its own, 1e-5",
            with_step(lambda h: 1e-5),
            "Your slopes are those of a step of 1e-5, or of a finer rule, whatever h is. The caller chooses the step: take "
            "the central difference with h.",
        ),
        Misconception(
            "step too small",
            with_step(lambda h: 1e-12),
            "Your step is about 1e-12, not h. Round-off, divided by so small a number, is all that is left: see the "
            "left arm of the V.",
        ),
        Misconception(
            "x left at x - h",
            in_place(lambda h: 0.0),
            "You change x in place and leave it changed: each entry stays at x - h while the next one is tried. Put "
            "it back, or work on a copy.",
        ),
        Misconception(
            "x put back by the wrong step",
            in_place(lambda h: 2 * h),
            "You change x in place and do not put it back where it was: after + h and - 2 h, add h once.",
        ),
        Misconception(
            "nudges a copy",
            on_a_copy_by_mistake,
            "Where x is not contiguous in memory, `reshape(-1)` (and `flatten`) make a copy, so that your nudges never "
            "reach x and the slope is 0. Nudge x by its own indices.",
        ),
        Misconception(
            "one tensor for up and down",
            same_tensor_twice,
            "Your slopes are 0: both values of the function are the same. `up = x` would do that, for it is another name "
            "for the same tensor, not a copy. Use x.clone().",
        ),
        Misconception(
            "a whole row at once",
            in_rows,
            "You nudged whole rows, x[k] for a tensor of several axes. One entry at a time, whatever the shape.",
        ),
        Misconception(
            "all entries at once",
            all_at_once,
            "You nudged all entries at once, which gives the sum of the gradient everywhere. One entry at a time.",
        ),
        Misconception(
            "single precision",
            single_precision,
            "Somewhere the numbers pass through float32, where a step of 1e-5 drowns in rounding. Stay in float64.",
        ),
        Misconception(
            "the exact derivative",
            exact,
            "This is the exact derivative, by autograd. The exercise is about the numerical one, which owes nothing to "
            "the code that it is to check.",
        ),
    ),
)
