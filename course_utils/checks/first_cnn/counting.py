"""Lesson 06: the exercises `count_parameters`, `initial_loss_is_plausible` and `images_behind`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from course_utils.checks import explain
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.counting import MODELS, count_in


def _count_cases(rng: torch.Generator) -> list[Case]:
    width = int(torch.randint(4, 12, (), generator=rng))
    return [
        Case(("linear", width), label="one linear layer with bias"),
        Case(("convolution", width), label="a convolution without bias"),
        Case(("nested", width), label="layers inside layers, with batch norm"),
        Case(("scale", width), label="a parameter of another name"),
        Case(("tied", width), label="two layers that share one weight"),
        Case(("frozen", width), label="a frozen weight: it is a parameter all the same"),
        Case(("empty", width), label="no parameters at all"),
    ]


@dataclass(frozen=True, kw_only=True)
class _CountExercise(ObservedExercise):
    """The models are built where the answer lives; the learner reads their kind, as in any function's call."""

    def describe(self, case: Case, answer: Any) -> str:
        kind, width = case.args
        return explain.written_call(self.name, Case((MODELS[kind](width),)), answer, self.oracle)


def _count(model: nn.Module) -> int:
    """Independent of `parameters()`: walks the modules and counts each storage once."""
    seen = {id(p): p for module in model.modules() for p in module._parameters.values() if p is not None}
    return sum(math.prod(p.shape) for p in seen.values())


COUNT_PARAMETERS = _CountExercise(
    name="count_parameters",
    points=1,
    minutes=5,
    by_hand=("count_parameters",),
    oracle=_count,
    scene=count_in,
    cases=_count_cases,
    misconceptions=(
        Misconception(
            "tensors counted",
            lambda model: len(list(model.parameters())),
            "You count the tensors. Each of them holds many numbers: `numel()` says how many.",
        ),
        Misconception(
            "shared weight counted twice",
            lambda model: sum(
                p.numel() for m in model.modules() for p in m._parameters.values() if p is not None
            ),
            "You count a weight that two layers share twice. It is one set of numbers: "
            "`model.parameters()` lists it once.",
        ),
        Misconception(
            "buffers counted",
            lambda model: sum(t.numel() for t in model.state_dict().values()),
            "You count the whole state dict: it also holds buffers, such as batch norm's running "
            "means, which no gradient moves, and it lists a shared weight twice. `model.parameters()` "
            "does neither.",
        ),
        Misconception(
            "parameters and buffers added",
            lambda model: sum(t.numel() for t in (*model.parameters(), *model.buffers())),
            "You add the buffers, such as batch norm's running means. No gradient moves them: they are no "
            "parameters.",
        ),
        Misconception(
            "frozen weights left out",
            lambda model: sum(p.numel() for p in model.parameters() if p.requires_grad),
            "You count only what is trained at the moment. A frozen weight is a parameter too: this "
            "exercise asks for all of them.",
        ),
        Misconception(
            "biases left out",
            lambda model: sum(p.numel() for name, p in model.named_parameters() if name.endswith("weight")),
            "You count only what is called `weight`. Biases are parameters too, and a module may have "
            "others.",
        ),
        Misconception(
            "weights and biases by name",
            lambda model: sum(
                p.numel() for n, p in model.named_parameters() if n.endswith(("weight", "bias"))
            ),
            "You count only what is called `weight` or `bias`; a module may give its parameters other names.",
        ),
        Misconception(
            "weight and bias of each layer",
            lambda model: sum(
                t.numel()
                for m in model.modules()
                for t in (getattr(m, "weight", None), getattr(m, "bias", None))
                if t is not None
            ),
            "You ask each layer for `weight` and `bias`. A module may give its parameters other names, and a "
            "weight that two layers share is counted twice. `model.parameters()` lists each parameter once.",
        ),
        Misconception(
            "first dimensions only",
            lambda model: sum(p.shape[0] for p in model.parameters()),
            "You add up the lengths of the tensors, `len(p)`: that is their first dimension only. "
            "`numel()` multiplies all dimensions.",
        ),
        Misconception(
            "outer layers only",
            lambda model: sum(p.numel() for c in model.children() for p in c.parameters(recurse=False)),
            "You look only at the model's direct children. Layers can hold layers: "
            "`model.parameters()` goes all the way down.",
        ),
    ),
    hints=(
        "`model.parameters()` yields each parameter tensor once, however deep it sits.",
        "The number of entries of a tensor is `tensor.numel()`.",
    ),
    see="Counting what can be learned",
)


def _plausible(loss, num_classes, tolerance=0.15):
    ratio = float(loss) * 1.0 / math.log(num_classes)
    return bool(1 - tolerance <= ratio <= 1 + tolerance)


def _loss_cases(rng: torch.Generator) -> list[Case]:
    classes = int(torch.randint(20, 400, (), generator=rng))
    chance = math.log(classes)
    return [
        Case((2.31, 10), label="ten classes, close to chance"),
        Case((0.6937, 2), label="two classes, close to chance"),
        Case((torch.tensor(6.95), 1000), label="a tensor; a thousand classes"),
        Case((2.6852, 2), label="two classes, and far too high"),
        Case((0.72, 1000), label="a thousand classes, and far too low"),
        Case((2.3, 1000), label="right for ten classes, not for a thousand"),
        Case((chance * 1.13, classes), label="just inside"),
        Case((chance * 0.83, classes), label="just outside, below"),
        Case((chance * 1.165, classes), label="just outside, above"),
        Case((chance * 1.18, classes, 0.25), label="a wider tolerance"),
        Case((chance * 0.95, classes, 0.03), label="a narrower tolerance"),
        Case((3.02, 1000), label="right for the decimal logarithm only"),
        Case((1.01, 2), label="right for the logarithm to base 2 only"),
        Case((0.7, 10), label="right for two classes, not for ten"),
        Case((0.101, 10), label="the probability of chance, not its loss"),
        Case((float("nan"), 10), label="a loss that is not a number"),
        Case((float("inf"), 10), label="an infinite loss"),
    ]


def _by(test) -> object:
    """A misconception: the same question, asked by another test of (loss, num_classes, tolerance)."""
    return lambda loss, num_classes, tolerance=0.15: bool(test(float(loss), num_classes, tolerance))


INITIAL_LOSS = FunctionExercise(
    name="initial_loss_is_plausible",
    points=1,
    minutes=5,
    oracle=_plausible,
    cases=_loss_cases,
    misconceptions=(
        Misconception(
            "nan passes",
            _by(lambda x, k, t: not abs(x - math.log(k)) > t * math.log(k)),
            "You let nan through: every comparison with nan is False, so `not (distance > limit)` is "
            "True for it. Ask whether the distance is within the limit instead.",
        ),
        Misconception(
            "tolerance ignored",
            _by(lambda x, k, t: abs(x - math.log(k)) <= 0.15 * math.log(k)),
            "You use 0.15 whatever `tolerance` says.",
        ),
        Misconception(
            "share of the loss, not of ln K",
            _by(lambda x, k, t: abs(x - math.log(k)) <= t * x),
            "You measure the distance as a share of the loss. Measure it as a share of ln K: otherwise "
            "any loss, however large, seems near (and inf even equal).",
        ),
        Misconception(
            "math.isclose",
            _by(lambda x, k, t: math.isclose(x, math.log(k), rel_tol=t)),
            "`math.isclose` takes its share of the larger of the two numbers. Here it is a share of ln K, "
            "whichever is larger: `abs(loss - chance) <= tolerance * chance`.",
        ),
        Misconception(
            "only too high is caught",
            _by(lambda x, k, t: x <= (1 + t) * math.log(k)),
            "You accept every loss that is low enough. An untrained network that beats chance by far "
            "is as suspicious as one that is far worse: does it see the labels, or is the loss another "
            "one?",
        ),
        Misconception(
            "only too low is caught",
            _by(lambda x, k, t: x >= (1 - t) * math.log(k)),
            "You accept every loss that is high enough. Far above ln K something is wrong too: first weights "
            "that are too large, images that were not normalised, or a loss that is summed.",
        ),
        Misconception(
            "one class too few",
            _by(lambda x, k, t: abs(x - math.log(max(k - 1, 1))) <= t * math.log(max(k - 1, 1))),
            "You compare with ln(K - 1). All K classes are equally likely at the start, the right one too: ln K.",
        ),
        Misconception(
            "never plausible",
            _by(lambda x, k, t: False),
            "You answer False even for losses that are right at chance, ln K.",
        ),
        Misconception(
            "always plausible",
            _by(lambda x, k, t: math.isfinite(x)),
            "You accept every loss that is a number, however far from chance it is.",
        ),
        Misconception(
            "absolute tolerance",
            _by(lambda x, k, t: abs(x - math.log(k)) <= t),
            "Your tolerance does not grow with ln K: it is absolute, or a share of the probability 1/K, which "
            "comes to nearly the same. It is meant as a share of ln K: a distance of 0.15 is much for two "
            "classes and little for a thousand.",
        ),
        Misconception(
            "always ln 2",
            _by(lambda x, k, t: abs(x - math.log(2)) <= t * math.log(2)),
            "You compare with ln 2, chance for two classes. For K classes chance is ln K.",
        ),
        Misconception(
            "always ten classes",
            _by(lambda x, k, t: abs(x - math.log(10)) <= t * math.log(10)),
            "You compare with ln 10 whatever the number of classes. Use `num_classes`.",
        ),
        Misconception(
            "log to base 2",
            _by(lambda x, k, t: abs(x - math.log2(k)) <= t * math.log2(k)),
            "You compare with log2 K. PyTorch's cross-entropy is in nats: the natural logarithm, ln K.",
        ),
        Misconception(
            "log to base 10",
            _by(lambda x, k, t: abs(x - math.log10(k)) <= t * math.log10(k)),
            "You compare with log10 K. PyTorch's cross-entropy is in nats: the natural logarithm, ln K.",
        ),
        Misconception(
            "probability 1/K",
            _by(lambda x, k, t: abs(x - 1 / k) <= t / k),
            "1/K is the probability that chance gives to the right class. The loss is minus its "
            "logarithm, ln K.",
        ),
        Misconception(
            "the other way round",
            _by(lambda x, k, t: not abs(x - math.log(k)) <= t * math.log(k)),
            "You answer the opposite question: True means that the loss is plausible.",
        ),
    ),
    hints=(
        "An untrained network knows nothing: what is the cross-entropy of K equal probabilities?",
        "`abs(loss - chance) <= tolerance * chance`, where `chance` is the natural logarithm of K.",
    ),
    see="First rung: the loss at the start",
)


def _images_behind(steps: int, batch_size: int) -> tuple[int, int]:
    """By search, so that it shares no formula with the answer."""
    sizes = [n for n in range(1, (steps + 1) * batch_size + 1) if len(range(0, n, batch_size)) == steps]
    return min(sizes), max(sizes)


def _log_cases(rng: torch.Generator) -> list[Case]:
    steps = int(torch.randint(30, 300, (), generator=rng))
    size = int(torch.randint(5, 60, (), generator=rng))
    return [
        Case((657, 64), label="the published log"),
        Case((782, 64), label="50,000 images would be among these"),
        Case((1, 32), label="a single step"),
        Case((10, 1), label="batches of one image"),
        Case((steps, size), label="another log"),
    ]


IMAGES_BEHIND = FunctionExercise(
    name="images_behind",
    points=2,
    minutes=10,
    oracle=_images_behind,
    cases=_log_cases,
    misconceptions=(
        Misconception(
            "full batches only",
            lambda steps, batch_size: (steps * batch_size, steps * batch_size),
            "You take every batch to be full. The last one may hold as little as one image.",
        ),
        Misconception(
            "last batch dropped",
            lambda steps, batch_size: (steps * batch_size, (steps + 1) * batch_size - 1),
            "That is the range when the last, incomplete batch is thrown away. Here it is kept, and "
            "counts as a step.",
        ),
        Misconception(
            "off by one below",
            lambda steps, batch_size: ((steps - 1) * batch_size, steps * batch_size),
            "Your lower end is one too low: with exactly (steps - 1) full batches there would be one "
            "step fewer.",
        ),
        Misconception(
            "off by one above",
            lambda steps, batch_size: ((steps - 1) * batch_size + 1, steps * batch_size - 1),
            "Your upper end is one too low: the last batch may be full.",
        ),
        Misconception(
            "off by one at both ends",
            lambda steps, batch_size: ((steps - 1) * batch_size, steps * batch_size - 1),
            "Both ends are one too low: with exactly (steps - 1) full batches there is one step fewer, "
            "and the last batch may be full.",
        ),
        Misconception(
            "rounded to the nearest",
            lambda steps, batch_size: (
                steps * batch_size - batch_size // 2,
                steps * batch_size + (batch_size - 1) // 2,
            ),
            "You round the number of batches to the nearest whole number. A loader rounds up: whatever "
            "is left over makes one more step.",
        ),
        Misconception(
            "ends swapped",
            lambda steps, batch_size: (steps * batch_size, (steps - 1) * batch_size + 1),
            "You have both ends and return them in the wrong order: the fewest first.",
        ),
    ),
    hints=(
        "How many images make 2 steps with a batch size of 64? At least 65, at most 128.",
        "All batches but the last are full. How many images can the last one hold, at least and at most?",
    ),
    see="Steps per epoch",
)
