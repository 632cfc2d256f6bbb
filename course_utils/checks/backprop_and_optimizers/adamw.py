"""Lesson 05: a step of AdamW: decoupled decay against an L2 penalty."""

from __future__ import annotations

from collections.abc import Callable

import torch

from course_utils.checks.backprop_and_optimizers.adam import adam, adam_cases
from course_utils.checks.backprop_and_optimizers.steps import (
    OPTIMIZERS,
    by_torch,
    follow_steps,
    where_it_went,
)
from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        *adam_cases(rng, weight_decay=0.5)[:4],
        *adam_cases(rng, weight_decay=2.0)[4:],
        *adam_cases(rng, weight_decay=0.0)[:1],
    ]


def _decays(amount: Callable, **departures) -> Callable:
    """Adam's step, then w minus `amount`(w before, w after Adam, lr, weight_decay)."""

    def answer(w, grad, state, lr, betas, eps, weight_decay):
        moved = adam(w, grad, state, lr, betas, eps, **departures)
        return moved - amount(w, moved, lr, weight_decay)

    return answer


def _penalised(strength: Callable = lambda lr, decay: decay, **departures) -> Callable:
    def answer(w, grad, state, lr, betas, eps, weight_decay):
        return adam(w, grad + strength(lr, weight_decay) * w, state, lr, betas, eps, **departures)

    return answer


def _right(w, moved, lr, decay):
    return lr * decay * w


def _both(w, grad, state, lr, betas, eps, weight_decay):
    moved = adam(w, grad + weight_decay * w, state, lr, betas, eps)
    return moved - lr * weight_decay * w


ADAMW_STEP = ObservedExercise(
    name="adamw_step",
    points=2,
    minutes=10,
    needs=("adam_step",),
    by_hand=OPTIMIZERS,
    written="adamw_step(w, grad, state, lr, betas, eps, weight_decay), 50 steps",
    oracle=by_torch(lambda parameters, **options: torch.optim.AdamW(parameters, lr=1.0, **options)),
    scene=follow_steps,
    look=where_it_went,
    cases=_cases,
    rtol=1e-7,
    atol=1e-10,
    misconceptions=(
        Misconception(
            "decay coupled",
            _penalised(),
            "That is Adam with an L2 penalty: λ w is in the gradient and gets divided by √v̂ with it. Leave the "
            "gradient alone, and subtract η λ w from the weights.",
        ),
        Misconception(
            "coupled and decoupled",
            _both,
            "You add λ w to the gradient and subtract it from the weights as well. Only the second is AdamW.",
        ),
        Misconception(
            "decay not multiplied by the rate",
            _decays(lambda w, moved, lr, decay: decay * w),
            "Your decay is λ w, whatever the rate. PyTorch subtracts η λ w: the decay follows the schedule.",
        ),
        Misconception(
            "decay after the step",
            _decays(lambda w, moved, lr, decay: lr * decay * moved),
            "You let the weights decay after Adam has moved them. The decay is of the weights before the step.",
        ),
        Misconception(
            "no decay",
            _decays(lambda w, moved, lr, decay: 0.0),
            "That is plain Adam: nothing decays.",
        ),
        Misconception(
            "growth",
            _decays(lambda w, moved, lr, decay: -lr * decay * w),
            "You add η λ w: the weights grow. Subtract it.",
        ),
        Misconception(
            "half the decay",
            _decays(lambda w, moved, lr, decay: lr * decay * w / 2),
            "Your decay is half of what it should be. The half belongs to the penalty λ/2 ‖w‖², whose gradient is λ w.",
        ),
        Misconception(
            "doubled decay",
            _decays(lambda w, moved, lr, decay: 2 * lr * decay * w),
            "Your decay is twice what it should be: η λ w.",
        ),
        Misconception(
            "decay in the direction of the sign",
            _decays(lambda w, moved, lr, decay: lr * decay * w.sign()),
            "You subtract the same amount from every weight. Decay takes a *share* of each: η λ w.",
        ),
        Misconception(
            "penalty times the rate",
            _penalised(lambda lr, decay: lr * decay),
            "You add η λ w to the gradient. It belongs beside Adam's step, not inside it.",
        ),
        Misconception(
            "no bias correction",
            _decays(_right, correct=(False, False)),
            "Your decay is right; the Adam in it lacks the bias correction. Divide m by 1 - β₁ᵗ and v by 1 - β₂ᵗ.",
        ),
        Misconception(
            "ε inside the root",
            _decays(_right, root="inside"),
            "Your decay is right; the Adam in it has its ε inside the root. It is √v̂ + ε.",
        ),
    ),
    hints=(
        "One step of AdamW is one step of Adam minus something that needs neither m nor v.",
        "adam_step(w, ...) - lr * weight_decay * w, with the w from before the step.",
    ),
    see="Small weights: a penalty, or a decay",
)
