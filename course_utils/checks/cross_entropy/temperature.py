"""Exercise of lesson 04: the temperature that makes a model as sure as it should be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import as_tensor
from course_utils.checks.cross_entropy.draws import draw_logits
from course_utils.checks.exercise import Failure
from course_utils.checks.functions import FunctionExercise


def _temperature_by(slope, low=-6.0, high=6.0):
    """The root of a falling-to-rising `slope(b)` in b = 1 / T, by bisection on log b; returns T."""
    for _ in range(45):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(math.exp(middle)) > 0 else (middle, high)
    return math.exp(-(low + high) / 2)


def _best_temperature(logits, labels):
    """Zero of d(mean loss)/db = mean(sum_k p_k z_k - z_label), where p = softmax(b z): it rises with b."""
    z = logits.double()
    z_true = z.gather(1, labels[:, None])[:, 0]
    return _temperature_by(lambda b: float(((torch.softmax(b * z, 1) * z).sum(1) - z_true).mean()))


def _confidence_temperature(logits, labels):
    z = logits.double()
    accuracy = float((z.argmax(1) == labels).double().mean())
    return _temperature_by(lambda b: float(torch.softmax(b * z, 1).max(1).values.mean()) - accuracy)


def _squared_error_temperature(logits, labels):
    grid = torch.logspace(-1.4, 1.4, 320, base=10, dtype=torch.float64)
    hot = F.one_hot(labels, logits.shape[1]).double()
    errors = [float(((torch.softmax(logits.double() / t, 1) - hot) ** 2).mean()) for t in grid]
    return float(grid[errors.index(min(errors))])


def _temperature_cases(rng):
    """Labels drawn from softmax(z), then the logits are multiplied: the best temperature is near the factor.

    None is near 1, where T and 1 / T are one, and two lie beyond each end of the ranges that come to mind.
    """

    def case(n, k, factor, label):
        z = draw_logits(rng, n, k)
        labels = torch.multinomial(torch.softmax(z, dim=1), 1, generator=rng)[:, 0]
        return Case((z * factor, labels), label=label)

    return [
        case(400, 10, 6.0, "far too sure"),
        case(400, 3, 2.5, "too sure"),
        case(500, 5, 0.3, "not sure enough"),
        case(500, 4, 0.12, "far from sure enough"),
        case(600, 7, 12.0, "absurdly sure"),
        case(600, 6, 15.0, "more absurdly still"),
    ]


@dataclass(frozen=True, kw_only=True)
class _TemperatureExercise(FunctionExercise):
    """Tells from wrong temperatures where the search went wrong, which no fixed wrong answer could."""

    def remark(self, failures: Sequence[Failure]) -> str:
        pairs = [_numbers(failure) for failure in failures]
        if not all(pairs):
            return ""
        return _always_the_same(pairs) or _end_of_search(pairs) or _near(pairs) or super().remark(failures)


def _numbers(failure):
    """(expected, got) where both are positive numbers, else nothing."""
    got = as_tensor(failure.response.value)
    if got is None or got.numel() != 1 or not 0 < float(got) < math.inf:
        return ()
    return float(failure.expected.value), float(got)


def _always_the_same(pairs):
    first = pairs[0][1]
    if len(pairs) < 5 or any(got != first for _, got in pairs):
        return ""
    return f"You answer {first:.4g} whatever the logits and labels are. The loss must choose."


def _end_of_search(pairs):
    """Do at least two answers, and half of the wrong ones, stand at one end while the best lies beyond?"""
    for end in (min(got for _, got in pairs), max(got for _, got in pairs)):
        there = [best for best, got in pairs if math.isclose(got, end, rel_tol=1e-3)]
        elsewhere = [best for best, got in pairs if not math.isclose(got, end, rel_tol=1e-3)]
        beyond = "below" if all(best < end for best in there) else "above"
        one_side = beyond == "below" or all(best > end for best in there)
        if len(there) >= 2 and len(there) >= len(elsewhere) and one_side:
            return (
                f"On {len(there)} calls you answer {end:.4g} where the best temperature lies {beyond} it: "
                "your answer lies at the end of your search range. Search from 0.05 to 20."
            )
    return ""


def _near(pairs):
    """Right valley, wrong place in it."""
    if any(abs(got - best) > max(0.25 * best, 0.25) for best, got in pairs):
        return ""
    return (
        "You are in the right valley, but too coarse: 1 % is asked. Even steps in T are wide where T is "
        "small; take even steps in log T, or search once more around your best."
    )


fit_temperature = _TemperatureExercise(
    name="fit_temperature",
    points=4,
    minutes=25,
    needs=("softmax", "log_softmax", "cross_entropy", "cross_entropy_grad"),
    seconds=20.0,
    oracle=_best_temperature,
    cases=_temperature_cases,
    rtol=1e-2,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "multiplied for divided",
            lambda z, y: 1 / _best_temperature(z, y),
            "You found the best factor. A temperature divides the logits: return one over your number.",
        ),
        Misconception(
            "chosen by accuracy: the first one tried",
            lambda z, y: 0.05,
            "Your temperature is always 0.05, the first of the range. Accuracy cannot choose it: dividing by T "
            "never changes which class is first, so all temperatures tie. Minimise the cross-entropy.",
        ),
        Misconception(
            "chosen by accuracy: the last one tried",
            lambda z, y: 20.0,
            "Your temperature is always 20, the last of the range. Accuracy cannot choose it: dividing by T "
            "never changes which class is first, so all temperatures tie. Minimise the cross-entropy.",
        ),
        Misconception(
            "chosen by accuracy",
            lambda z, y: 1.0,
            "Your temperature is always 1. Accuracy cannot choose it: dividing by T never changes which "
            "class is first. "
            "Minimise the cross-entropy.",
        ),
        Misconception(
            "confidence made equal to accuracy",
            _confidence_temperature,
            "You matched the mean of the largest probabilities with the accuracy. That is a sensible aim "
            "and a "
            "different one: this asks for the smallest cross-entropy.",
        ),
        Misconception(
            "squared error",
            _squared_error_temperature,
            "You minimised the squared error of the probabilities; this asks for the smallest cross-entropy.",
        ),
    ),
    hints=(
        "Plot the mean loss over T for one set of logits. What shape has it, and where is its lowest point?",
        (
            "One unknown: a grid of a thousand temperatures, evenly spaced in log T from 0.05 to 20, is an "
            "honest answer."
        ),
        (
            "Or put b = 1/T. The mean loss has one valley in b, with slope mean(Σ p_k z_k - z_label): "
            "bisect for its zero."
        ),
        "Or make log T a parameter and let autograd descend.",
    ),
    see="Temperature",
)
