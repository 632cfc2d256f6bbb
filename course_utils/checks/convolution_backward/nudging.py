"""Lesson 03: the numerical gradient by central differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.convolution_backward import nudge

NUDGE = "Do not trust, nudge"


def what_came(raw: Mapping[str, Any], *_case: Any) -> dict:
    return {"the gradient": raw["gradient"], "x afterwards": raw["x"]}


def central(function, x, h):
    """All nudges as rows of an identity matrix."""
    nudges = h * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    slopes = [float(function(x + e)) / (2 * h) - float(function(x - e)) / (2 * h) for e in nudges]
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


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


def entrywise(slope):
    """Built from `slope(function, x, nudge, h)`, one number for each entry."""

    def wrong(function, x, h=1e-5):
        gradient = torch.zeros_like(x)
        for number in range(x.numel()):
            e = torch.zeros(x.numel(), dtype=x.dtype)
            e[number] = h
            gradient.view(-1)[number] = slope(function, x, e.reshape(x.shape), h)
        return gradient

    def contiguous(function, x, h=1e-5):
        return wrong(function, x.contiguous(), h)

    return contiguous


def in_place(after):
    """Nudges x itself; `after(h)` is what is added at the end to put it back, or not."""

    def wrong(function, x, h=1e-5):
        gradient = torch.zeros(x.shape, dtype=x.dtype)
        for place in torch.ones_like(x).nonzero():
            place = tuple(place.tolist())
            x[place] += h
            plus = function(x)
            x[place] -= 2 * h
            gradient[place] = (plus - function(x)) / (2 * h)
            x[place] += after(h)
        return gradient

    return wrong


def on_a_copy_by_mistake(function, x, h=1e-5):
    """`reshape` copies what is not contiguous: the nudges never reach x."""
    flat, slopes = x.reshape(-1), []
    for number in range(x.numel()):
        old = flat[number].item()
        flat[number] = old + h
        plus = float(function(x))
        flat[number] = old - h
        minus = float(function(x))
        flat[number] = old
        slopes.append((plus - minus) / (2 * h))
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


def exact(function, x, h=1e-5):
    with torch.enable_grad():
        z = x.detach().clone().requires_grad_()
        return torch.autograd.grad(function(z), z)[0]


def all_at_once(function, x, h=1e-5):
    return torch.full_like(x, float(function(x + h) - function(x - h)) / (2 * h))


def with_step(step):
    return lambda function, x, h=1e-5: central(function, x.contiguous(), step(h))


def single_precision(function, x, h=1e-5):
    return central(lambda z: function(z.float().double()), x.contiguous(), h)


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
            "You use a step of 1e-5 whatever h is. The caller chooses the step: use h.",
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
