"""Exercise of lesson 04: the temperature that makes a model as sure as it should be."""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.cross_entropy_draws import draw_logits
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
    grid = torch.logspace(-1.3, 1.3, 300, base=10, dtype=torch.float64)
    hot = F.one_hot(labels, logits.shape[1]).double()
    errors = [float(((torch.softmax(logits.double() / t, 1) - hot) ** 2).mean()) for t in grid]
    return float(grid[errors.index(min(errors))])


def _temperature_cases(rng):
    """Labels drawn from softmax(z), then the logits are multiplied: the best temperature is near
    the factor."""

    def case(n, k, factor, label):
        z = draw_logits(rng, n, k)
        labels = torch.multinomial(torch.softmax(z, dim=1), 1, generator=rng)[:, 0]
        return Case((z * factor, labels), label=label)

    return [
        case(400, 10, 4.0, "far too sure"),
        case(300, 3, 2.0, "too sure"),
        case(500, 5, 0.3, "not sure enough"),
        case(250, 4, 1.0, "about right"),
        case(600, 7, 9.0, "absurdly sure"),
    ]


fit_temperature = FunctionExercise(
    name="fit_temperature",
    points=4,
    minutes=25,
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
        (
            "One unknown: a grid of a thousand temperatures, evenly spaced in log T from 0.05 to 20, is an "
            "honest answer."
        ),
        (
            "Or put b = 1/T. The mean loss is convex in b, with slope mean(Σ p_k z_k - z_label): "
            "bisect for its zero."
        ),
        "Or make log T a parameter and let autograd descend.",
    ),
    see="Temperature",
)
