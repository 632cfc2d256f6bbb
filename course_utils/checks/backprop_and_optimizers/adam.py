"""Lesson 05: a step of Adam, and Adams that go wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch

from course_utils.checks.backprop_and_optimizers.steps import (
    OPTIMIZERS,
    by_torch,
    case,
    constant,
    falling,
    follow_steps,
    where_it_went,
)
from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise

ADAM = "Adam, and why it divides by $1 - \\beta^t$"


def adam_cases(rng: torch.Generator, **more) -> list[Case]:
    usual = (0.9, 0.999)
    return [
        case(rng, constant(0.01), "the paper's settings", betas=usual, eps=1e-8, **more),
        case(rng, constant(0.05), "shorter memories, a large ε", betas=(0.7, 0.95), eps=0.1, **more),
        case(rng, falling(0.02), "a rate that rises and falls", betas=usual, eps=1e-3, **more),
        case(
            rng, constant(0.01), "two parameters in turn", ((3, 2), (2,)), betas=(0.8, 0.99), eps=1e-2, **more
        ),
        case(rng, constant(0.01), "gradients near ε", size=1e-3, betas=usual, eps=1e-3, **more),
    ]


def adam(
    w, grad, state, lr, betas, eps,
    *, correct=(True, True), first=1, counted=True, swapped=False, weights=True, square=True, root="outside", sign=-1
):  # fmt: skip
    """Adam, departing from the paper in what is named."""
    one, two = betas[::-1] if swapped else betas
    t = state["t"] = state.get("t", first - 1) + 1 if counted else 1
    share = (1 - one, 1 - two) if weights else (1.0, 1.0)
    m = state["m"] = one * state.get("m", torch.zeros_like(w)) + share[0] * grad
    v = state["v"] = two * state.get("v", torch.zeros_like(w)) + share[1] * (
        grad**2 if square else grad.abs()
    )
    below = (1 - one**t if correct[0] else 1.0), (1 - two**t if correct[1] else 1.0)
    m_hat, v_hat = m / below[0], v / below[1]  # of a tensor, so 0 gives no error
    scale = {
        "outside": lambda: v_hat.sqrt() + eps,
        "inside": lambda: (v_hat + eps).sqrt(),
        "none": lambda: v_hat + eps,
        "hat": lambda: (v.sqrt() + eps) / below[1] ** 0.5,
        "no eps": lambda: v_hat.sqrt(),
    }[root]()
    return w + sign * lr * m_hat / scale


def adam_like(**departures) -> Callable:
    return functools.partial(adam, **departures)


def _corrected_kept(w, grad, state, lr, betas, eps):
    """Keeps the corrected means, which the next step then corrects again."""
    t = state["t"] = state.get("t", 0) + 1
    zero = torch.zeros_like(w)
    m = state["m"] = (betas[0] * state.get("m", zero) + (1 - betas[0]) * grad) / (1 - betas[0] ** t)
    v = state["v"] = (betas[1] * state.get("v", zero) + (1 - betas[1]) * grad**2) / (1 - betas[1] ** t)
    return w - lr * m / (v.sqrt() + eps)


def _mean_of_scaled(w, grad, state, lr, betas, eps):
    """RMSProp first, then a running mean of the scaled gradients."""
    t = state["t"] = state.get("t", 0) + 1
    v = state["v"] = betas[1] * state.get("v", torch.zeros_like(w)) + (1 - betas[1]) * grad**2
    scaled = grad / ((v / (1 - betas[1] ** t)).sqrt() + eps)
    m = state["m"] = betas[0] * state.get("m", torch.zeros_like(w)) + (1 - betas[0]) * scaled
    return w - lr * m / (1 - betas[0] ** t)


ADAM_STEP = ObservedExercise(
    name="adam_step",
    points=3,
    minutes=18,
    by_hand=OPTIMIZERS,
    written="adam_step(w, grad, state, lr, betas, eps), 50 steps",
    oracle=by_torch(lambda parameters, **options: torch.optim.Adam(parameters, lr=1.0, **options)),
    scene=follow_steps,
    look=where_it_went,
    cases=adam_cases,
    rtol=1e-7,
    atol=1e-10,
    misconceptions=(
        Misconception(
            "no bias correction",
            adam_like(correct=(False, False)),
            "Your running means are not corrected. They start at 0 and are too small at first: divide them by "
            "1 - β₁ᵗ and 1 - β₂ᵗ.",
        ),
        Misconception(
            "only m corrected",
            adam_like(correct=(True, False)),
            "You correct m and not v. With β₂ = 0.999 an uncorrected v is a thousandth of what it should be in the "
            "first step, and the step far too long.",
        ),
        Misconception(
            "only v corrected",
            adam_like(correct=(False, True)),
            "You correct v and not m: the first steps are too short. Divide m by 1 - β₁ᵗ.",
        ),
        Misconception(
            "ε inside the root",
            adam_like(root="inside"),
            "Your ε stands inside the root. The paper and PyTorch add it after the root: √v̂ + ε. Inside, 1e-8 acts "
            "like 1e-4 outside.",
        ),
        Misconception(
            "ε before the correction",
            adam_like(root="hat"),
            "You add ε to √v before you correct, so the correction scales ε too. Correct v first, then take the root, "
            "then add ε. (The paper's faster form does it your way, and calls the number ε-hat.)",
        ),
        Misconception(
            "ε left out",
            adam_like(root="no eps"),
            "Your ε is missing: √v̂ + ε.",
        ),
        Misconception(
            "no root",
            adam_like(root="none"),
            "You divide by v̂ without the root. v̂ is a mean of *squares*: only its root has the size of a gradient.",
        ),
        Misconception(
            "t from 0",
            adam_like(first=0),
            "You count the steps from 0. Then 1 - β⁰ = 0 divides the first step: t is 1 in the first step.",
        ),
        Misconception(
            "t from 2",
            adam_like(first=2),
            "Your t is one too high: it is 1 in the first step. Do you count up twice, or start at 1 and count up "
            "before you use it?",
        ),
        Misconception(
            "t stays 1",
            adam_like(counted=False),
            "Your t is 1 in every step. Keep the count in `state`.",
        ),
        Misconception(
            "betas swapped",
            adam_like(swapped=True),
            "You use β₁ for the squares and β₂ for the gradient. The first belongs to m, the second to v.",
        ),
        Misconception(
            "sums for means",
            adam_like(weights=False),
            "You add the whole gradient, as momentum does. Adam keeps means: the new part gets the factor 1 - β.",
        ),
        Misconception(
            "not squared",
            adam_like(square=False),
            "Your v is a mean of absolute values. Adam's is a mean of squares.",
        ),
        Misconception(
            "mean of scaled gradients",
            _mean_of_scaled,
            "You scale each gradient first and average then. Adam averages the plain gradients and scales the mean.",
        ),
        Misconception(
            "corrected means kept",
            _corrected_kept,
            "You keep the corrected means in `state`, so the next step corrects them again. Keep m and v as they are; "
            "the corrected ones are only for the step.",
        ),
        Misconception(
            "uphill",
            adam_like(sign=1),
            "You add the step, and so climb. Subtract it.",
        ),
    ),
    hints=(
        "Three things live in `state`: t, m and v. All begin at 0, and t is counted up before it is used.",
        "m = β₁ m + (1 - β₁) g and v = β₂ v + (1 - β₂) g²; keep these two uncorrected.",
        "The corrected ones are only for the step: m / (1 - β₁ᵗ), v / (1 - β₂ᵗ), then w - lr * m̂ / (√v̂ + ε).",
    ),
    see=ADAM,
)
