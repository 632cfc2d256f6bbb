"""Lesson 03: the test that tells an adjoint from what looks like one."""

from __future__ import annotations

from math import prod

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.convolution_backward import try_adjoint_test

ADJOINT = "The same again, as an adjoint"


def matrix_of(linear, shape):
    """The matrix of a linear map, one column for each unit vector."""
    units = torch.eye(prod(shape), dtype=torch.float64)
    return torch.stack([linear(unit.reshape(shape)).reshape(-1) for unit in units], dim=1)


def by_matrices(forward, backward, x_shape, y_shape):
    """Are the two matrices each other's transposes?"""
    there, back = matrix_of(forward, x_shape), matrix_of(backward, y_shape).T
    return bool((there - back).norm() <= 1e-8 * (there.norm() + back.norm()))


PAIRS = (
    ("columns", "columns added", 1.0, "columns added into place"),
    ("columns", "columns averaged", 1.0, "columns put back and divided by the counts"),
    ("plain layer", "kernel turned", 1.0, "a layer, and its transpose with the kernel turned"),
    ("plain layer", "kernel turned", 1e-12, "a layer, and its transpose with the kernel turned, times 1e-12"),
    ("layer", "scattered", 1e12, "a layer and its transpose, times 1e12"),
    ("layer", "padding cropped at the end", 1.0, "a layer, and padding cropped at one end"),
    ("layer", "two per cent too large", 1.0, "two per cent too large"),
    ("layer", "two per cent too small", 1.0, "two per cent too small"),
    ("layer", "other sign", 1.0, "the wrong sign"),
    ("matrix", "transposed", 1e-12, "a matrix and its transpose, times 1e-12"),
    ("matrix", "inverse", 1.0, "a matrix and its inverse"),
    ("matrix", "one entry wrong", 1.0, "a transpose with one wrong entry"),
    ("matrix", "outputs reversed", 1.0, "a transpose that reads the outputs from the other end"),
    ("matrix", "inputs reversed", 1.0, "a transpose whose result is read from the other end"),
    ("matrix", "transposed", 1.0, "a matrix and its transpose"),
)


def verdict_of(raw, *_case):
    """The verdict alone: a single yes or no, which by itself does not tell one mistake from another."""
    return raw["verdict"]


def adjoint_cases(rng: torch.Generator) -> list[Case]:
    """In an order that changes, so that no list of verdicts passes; with the same numbers in all, so that what
    is too large and what is too small differ in the sign alone."""
    order = torch.randperm(len(PAIRS), generator=rng).tolist()
    seed = int(torch.randint(1_000_000, (), generator=rng))
    return [Case((*PAIRS[k][:3], seed), label=PAIRS[k][3]) for k in order]


def _random(shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _sides(forward, backward, x, y):
    return (y * forward(x)).sum(), (backward(y) * x).sum()


def with_ones(forward, backward, x_shape, y_shape):
    left, right = _sides(forward, backward, torch.ones(x_shape).double(), torch.ones(y_shape).double())
    return bool((left - right).abs() <= 1e-9 * (left.abs() + right.abs()))


def with_ones_for(which):
    """Random numbers for the other one only."""

    def wrong(forward, backward, x_shape, y_shape):
        x, y = _random(x_shape, 1), _random(y_shape, 2)
        x, y = (torch.ones_like(x), y) if which == "x" else (x, torch.ones_like(y))
        left, right = _sides(forward, backward, x, y)
        return bool((left - right).abs() <= 1e-9 * (left.abs() + right.abs()))

    return wrong


def with_one_entry(forward, backward, x_shape, y_shape):
    x, y = torch.zeros(x_shape).double(), torch.zeros(y_shape).double()
    x.view(-1)[0], y.view(-1)[0] = 1.0, 1.0
    left, right = _sides(forward, backward, x, y)
    return bool((left - right).abs() <= 1e-9 * (left.abs() + right.abs()))


def with_random(agree):
    def wrong(forward, backward, x_shape, y_shape):
        return bool(agree(*_sides(forward, backward, _random(x_shape, 1), _random(y_shape, 2))))

    return wrong


def round_trip(forward, backward, x_shape, y_shape):
    x = _random(x_shape, 1)
    return torch.allclose(backward(forward(x)), x)


def lengths(forward, backward, x_shape, y_shape):
    there, back = forward(_random(x_shape, 1)).norm(), backward(_random(y_shape, 2)).norm()
    return bool(torch.isclose(there, back))


def shapes(forward, backward, x_shape, y_shape):
    return tuple(backward(_random(y_shape, 2)).shape) == tuple(x_shape)


adjoint_test = ObservedExercise(
    name="adjoint_test",
    points=3,
    minutes=20,
    written="adjoint_test(forward, backward, x_shape, y_shape)",
    oracle=by_matrices,
    scene=try_adjoint_test,
    look=verdict_of,
    cases=adjoint_cases,
    see=ADJOINT,
    hints=(
        "Draw x and y with torch.randn in float64. Both sides of the equation are one number each.",
        "(y * forward(x)).sum() against (backward(y) * x).sum().",
        "The two sides differ by rounding: a tiny share of y.norm() * forward(x).norm(). Compare the absolute value "
        "of their difference with, say, 1e-10 of that.",
    ),
    misconceptions=(
        Misconception(
            "shapes only",
            shapes,
            "You accept every pair, as a look at the shapes alone would. A wrong backward pass has the right shape, too: "
            "compare the two inner products.",
        ),
        Misconception(
            "tested with ones",
            with_ones,
            "With x and y full of ones you compare two sums of all entries. A turned kernel has the same sum: draw "
            "random numbers.",
        ),
        Misconception(
            "y full of ones",
            with_ones_for("y"),
            "With y full of ones you compare sums over all outputs: a backward that takes the outputs in another "
            "order is accepted. Draw both x and y at random.",
        ),
        Misconception(
            "x full of ones",
            with_ones_for("x"),
            "With x full of ones you add up what comes back: a backward that puts it in other places is accepted. "
            "Draw both x and y at random.",
        ),
        Misconception(
            "tested on one entry",
            with_one_entry,
            "A single 1 in x and in y looks at one entry of each matrix. Random x and y look at all entries at once.",
        ),
        Misconception(
            "inverse instead of adjoint",
            round_trip,
            "You test whether backward undoes forward. That is an inverse. The adjoint keeps inner products: "
            "<y, forward(x)> = <backward(y), x>.",
        ),
        Misconception(
            "lengths compared",
            lengths,
            "You compare lengths of the results. An adjoint need not keep lengths; compare the two inner products.",
        ),
        Misconception(
            "exact equality",
            with_random(lambda left, right: left == right),
            "You refuse right pairs. The two numbers to compare are (y * forward(x)).sum() and (backward(y) * x).sum(); "
            "they agree up to rounding only, so `==` refuses them.",
        ),
        Misconception(
            "no absolute value",
            with_random(lambda left, right: left - right <= 1e-9 * (left.abs() + right.abs())),
            "You never look at the sign of the difference: when the left side is far too small, you accept. Take the "
            "absolute value.",
        ),
        Misconception(
            "tolerance with a sign",
            with_random(lambda left, right: (left - right).abs() <= 1e-9 * left),
            "Your tolerance is a share of the left side, which may be negative: then nothing is near enough. Take "
            "its absolute value, too.",
        ),
        Misconception(
            "sign of the sides ignored",
            with_random(lambda left, right: torch.isclose(left.abs(), right.abs(), rtol=1e-9, atol=0.0)),
            "You compare the sizes of the two sides, so that a backward with the wrong sign passes. Compare the "
            "sides themselves.",
        ),
        Misconception(
            "absolute tolerance, 1e-6",
            with_random(lambda left, right: (left - right).abs() <= 1e-6),
            "Your tolerance is a fixed number. For maps times 1e-12 everything passes, for maps times 1e12 nothing: "
            "compare with the size of the two sides.",
        ),
        Misconception(
            "absolute tolerance, 1e-8",
            with_random(lambda left, right: torch.allclose(left, right)),
            "`allclose` also allows a difference of 1e-8, whatever the units. For maps times 1e-12 that lets wrong "
            "ones pass: set atol=0, or compare with the size of the two sides.",
        ),
        Misconception(
            "absolute tolerance, 1e-12",
            with_random(lambda left, right: (left - right).abs() <= 1e-12),
            "Your tolerance is a fixed number, below the rounding of numbers of size one: right adjoints are refused. "
            "Compare with the size of the two sides.",
        ),
        Misconception(
            "tolerance too wide",
            with_random(lambda left, right: (left - right).abs() <= 0.025 * (left.abs() + right.abs())),
            "Your tolerance of some per cent lets small faults pass. In float64 the rounding is below one part in a "
            "billion.",
        ),
    ),
)
