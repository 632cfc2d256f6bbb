"""Lesson 05: a tiny reverse-mode engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from course_utils.checks.backprop_and_optimizers.engines import tape, wrong_engine
from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.backprop_and_optimizers import run_engine

ENGINE = "An engine that does it by itself"
ORDER = "In which order"


def _numbers(rng: torch.Generator, signs: str) -> tuple[float, ...]:
    sizes = (0.5 + torch.rand(len(signs), generator=rng, dtype=torch.float64)).tolist()
    return tuple({"+": 1, "-": -1, "0": 0}[sign] * size for sign, size in zip(signs, sizes, strict=True))


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        Case(("product", _numbers(rng, "+-")), label="a * b"),
        Case(("square", _numbers(rng, "++")), label="a * a + b: a is used twice"),
        Case(("shared", _numbers(rng, "+-")), label="s = a + b; s * a + s * b"),
        Case(("in order", _numbers(rng, "++")), label="c = a * b; d = c + a; d * c"),
        Case(("late", _numbers(rng, "-+")), label="c = a * b; e = c * c + c; e * c + c"),
        Case(("relu", _numbers(rng, "+-+")), label="relu(a) * b + relu(b) * c + relu(c), b negative"),
        Case(("at zero", _numbers(rng, "0+")), label="relu(a) * b + a * b at a = 0"),
        Case(("doubled", _numbers(rng, "+-")), label="a = a + a, ten times, then a * b"),
        Case(("neuron", _numbers(rng, "+++++")), label="o = relu(x v + y w + b); o * o + v * w"),
        Case(("two results", _numbers(rng, "+-+")), label="backward from a * b, then from a * c"),
    ]


@dataclass(frozen=True, kw_only=True)
class _EngineExercise(ObservedExercise):
    """The learner writes a class with three methods, each of which may still be a stub."""

    def own_names(self) -> set[str]:
        return {self.name, "__mul__", "relu", "backward"}

    def describe(self, case: Case, answer: Callable) -> str:
        kind, numbers = case.args
        return f"{kind}, from " + ", ".join(f"{number:.3g}" for number in numbers)


MISCONCEPTIONS = (
    Misconception(
        "overwritten instead of added",
        wrong_engine(overwrite=("mul", "relu")),
        "You write `grad = ...`, so a number that is used twice forgets one of the uses. Gradients of several "
        "uses add: `grad += ...`.",
    ),
    Misconception(
        "product overwrites",
        wrong_engine(overwrite=("mul",)),
        "For products you write `grad = ...`, so a number that is used twice forgets one of the uses. Gradients of "
        "several uses add: `grad += ...`.",
    ),
    Misconception(
        "relu overwrites",
        wrong_engine(overwrite=("relu",)),
        "For relu you write `grad = ...`, which wipes out what other uses of the number have left. Write `grad += ...`.",
    ),
    Misconception(
        "own factor for the other",
        wrong_engine(product=lambda a, b: (a, b)),
        "In a product you multiply each gradient by the factor's own value. The slope of a b with respect to a is b: "
        "each gets the *other* factor.",
    ),
    Misconception(
        "product like a sum",
        wrong_engine(product=lambda a, b: (1.0, 1.0)),
        "Your product hands its gradient on unchanged, as a sum does. The slope of a b with respect to a is b.",
    ),
    Misconception(
        "relu passes everything",
        wrong_engine(relu=lambda z, g: True),
        "Your relu hands its gradient on for negative numbers too. There it is flat: slope 0.",
    ),
    Misconception(
        "slope 1 at zero",
        wrong_engine(relu=lambda z, g: z >= 0),
        "At exactly 0 your relu has slope 1. Any value would do for the mathematics; the exercise, like PyTorch, "
        "takes 0.",
    ),
    Misconception(
        "relu of the gradient",
        wrong_engine(relu=lambda z, g: g > 0),
        "Your relu looks at the sign of the gradient. What decides is the sign of the number that went in.",
    ),
    Misconception(
        "nothing to begin with",
        wrong_engine(seed=0.0),
        "All your gradients are 0: the result's own gradient must be set to 1 before the first rule runs.",
        see=ORDER,
    ),
    Misconception(
        "only the last rule",
        wrong_engine(order="own rule only"),
        "Only the result's own rule has an effect: either no other rule runs, or the others run first, before "
        "they have anything to hand on. Walk the list backwards, from the result to the inputs.",
        see=ORDER,
    ),
    Misconception(
        "rules run once for each path",
        wrong_engine(order="every path"),
        "A number that is reached along several paths runs its rule several times, each time with all that it has "
        "collected so far: some gradients are counted twice. Each rule runs once, when its gradient is complete.",
        see=ORDER,
    ),
    Misconception(
        "recursion that hands on the whole gradient",
        wrong_engine(order="recursion"),
        "Your recursion hands on a number's whole gradient each time that it gets a part of it, so the earlier parts "
        "are counted again. Let each number hand on once, when its gradient is complete.",
        see=ORDER,
    ),
    Misconception(
        "the one met last first",
        wrong_engine(order="stacked"),
        "You run the rule of the number that you met last. It may still be used by a number that has not had its turn: "
        "go through `reversed(in_order(self))`.",
        see=ORDER,
    ),
    Misconception(
        "slope without the gradient from above",
        wrong_engine(chained=False),
        "You add the slope alone. The chain rule multiplies: slope times the gradient of the node that hands on.",
    ),
    Misconception(
        "relu hands nothing on",
        wrong_engine(relu=lambda z, g: False),
        "Nothing comes back through your relu. Its result needs the number as its parent, with slope 1 above 0.",
    ),
    Misconception(
        "in the order of the first meeting",
        wrong_engine(order="first met"),
        "You run a rule when you first meet its number, before other uses of it have handed theirs on. Put a number "
        "on the list *after* its parents, and walk the list backwards.",
        see=ORDER,
    ),
    Misconception(
        "level by level",
        wrong_engine(order="by level"),
        "You go back level by level. A number may be used on several levels, and its rule must wait for all of them.",
        see=ORDER,
    ),
    Misconception(
        "gradients wiped at the start",
        wrong_engine(reset=True),
        "You set all gradients to 0 at the start of `backward`. Then a second result forgets the first one: as in "
        "PyTorch, gradients add up until somebody clears them.",
    ),
)


VALUE = _EngineExercise(
    name="Value",
    points=3,
    minutes=25,
    oracle=tape,
    scene=run_engine,
    cases=_cases,
    rtol=1e-9,
    atol=1e-12,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "`__mul__` is `__add__` with other slopes: the slope of a b with respect to a is b.",
        "In `relu` the slope is 1.0 where the number is above 0, else 0.0.",
        "`backward`: set `self.grad = 1.0`, then go through `reversed(in_order(self))`.",
        "For each node, go through its parents and slopes together: `parent.grad += slope * node.grad`.",
    ),
    see=ENGINE,
)
