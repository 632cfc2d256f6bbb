"""Lesson 05: a step of SGD with momentum."""

from __future__ import annotations

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

NESTEROV = "Nesterov: look ahead first"


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        case(rng, constant(0.1), "constant rate", momentum=0.9),
        case(rng, falling(0.2), "a rate that rises and falls", momentum=0.9),
        case(rng, constant(0.3), "without momentum: plain SGD", momentum=0.0),
        case(rng, falling(0.1), "two parameters, each with its own state", ((2, 3), (3,)), momentum=0.7),
        case(rng, constant(0.1), "Nesterov, constant rate", momentum=0.9, nesterov=True),
        case(rng, falling(0.3), "Nesterov, a rate that rises and falls", momentum=0.6, nesterov=True),
    ]


def _step(velocity: Callable, move: Callable, ahead: Callable | None = None) -> Callable:
    """A step by a rule for the velocity, (v, g, mu, lr) -> v, and the moves (v, g, mu, lr) -> change of w."""

    def answer(w, grad, state, lr, momentum, nesterov=False):
        state["v"] = velocity(state.get("v", torch.zeros_like(w)), grad, momentum, lr)
        how = ahead if nesterov and ahead else move
        return w + how(state["v"], grad, momentum, lr)

    return answer


def _usual(v, g, mu, lr):
    return mu * v + g


def _plain(v, g, mu, lr):
    return -lr * v


def _nesterov(v, g, mu, lr):
    return -lr * (g + mu * v)


def _old_velocity(w, grad, state, lr, momentum, nesterov=False):
    before = state.get("v", torch.zeros_like(w))
    state["v"] = momentum * before + grad
    return w - lr * (grad + momentum * before if nesterov else before)


def _last_only(w, grad, state, lr, momentum, nesterov=False):
    v = momentum * state.get("g", torch.zeros_like(w)) + grad
    state["g"] = grad
    return w - lr * (grad + momentum * v if nesterov else v)


MOMENTUM_STEP = ObservedExercise(
    name="momentum_step",
    points=2,
    minutes=12,
    by_hand=OPTIMIZERS,
    written="momentum_step(w, grad, state, lr, momentum, nesterov), 50 steps",
    oracle=by_torch(lambda parameters, **options: torch.optim.SGD(parameters, lr=1.0, **options)),
    scene=follow_steps,
    look=where_it_went,
    cases=_cases,
    rtol=1e-7,
    atol=1e-10,
    misconceptions=(
        Misconception(
            "the rate inside the velocity",
            _step(
                lambda v, g, mu, lr: mu * v - lr * g,
                lambda v, g, mu, lr: v,
                lambda v, g, mu, lr: mu * v - lr * g,
            ),
            "You keep the rate inside the velocity, v ← μ v - η g. With a constant rate that is the same; where the "
            "rate changes, PyTorch's v ← μ v + g, w ← w - η v applies the new rate to the whole memory.",
            see="Momentum",
        ),
        Misconception(
            "a running mean",
            _step(lambda v, g, mu, lr: mu * v + (1 - mu) * g, _plain, _nesterov),
            "You take a running mean, with 1 - μ before the gradient. PyTorch's velocity is a sum, μ v + g, so its "
            "steps are 1 / (1 - μ) times as long in the end.",
            see="Momentum",
        ),
        Misconception(
            "Nesterov ignored",
            _step(_usual, _plain),
            "You take the usual step where `nesterov=True`. Then the move is g + μ v, with the new v.",
            see=NESTEROV,
        ),
        Misconception(
            "Nesterov always",
            _step(_usual, _nesterov),
            "You look ahead although nobody asked: without `nesterov=True` the move is v.",
            see=NESTEROV,
        ),
        Misconception(
            "Nesterov with v in place of g",
            _step(_usual, _plain, lambda v, g, mu, lr: -lr * (v + mu * v)),
            "For Nesterov you move by v + μ v. It is the *fresh gradient* plus μ v; v has the gradient in it already.",
            see=NESTEROV,
        ),
        Misconception(
            "Nesterov without the fresh gradient",
            _step(_usual, _plain, lambda v, g, mu, lr: -lr * mu * v),
            "For Nesterov you move by μ v alone: the fresh gradient is missing. The move is g + μ v.",
            see=NESTEROV,
        ),
        Misconception(
            "nothing remembered",
            _step(lambda v, g, mu, lr: g, _plain, lambda v, g, mu, lr: -lr * (1 + mu) * g),
            "Your velocity starts from 0 in each step. Keep it in `state`: the same dictionary comes back.",
            see="Momentum",
        ),
        Misconception(
            "only the last gradient remembered",
            _last_only,
            "You keep the last gradient in `state`, not the velocity: the memory is one step long. Keep v itself.",
            see="Momentum",
        ),
        Misconception(
            "the old velocity",
            _old_velocity,
            "You move by the velocity from before this step, so each gradient acts one step late. Update v first.",
            see="Momentum",
        ),
        Misconception(
            "uphill",
            _step(_usual, lambda v, g, mu, lr: lr * v, lambda v, g, mu, lr: lr * (g + mu * v)),
            "You add the step, and so climb. The gradient points uphill: subtract.",
            see="The gradient moves nothing",
        ),
        Misconception(
            "momentum on the weights",
            lambda w, grad, state, lr, momentum, nesterov=False: momentum * w - lr * grad,
            "You multiply the weights by μ. What is kept and multiplied is the velocity.",
            see="Momentum",
        ),
    ),
    hints=(
        '`state.get("velocity", 0.0)` is 0 in the first step and what you kept in all others.',
        "First the new velocity, μ v + g, and keep it; then w - lr * v.",
        "With nesterov the move is grad + momentum * velocity, with the new velocity.",
    ),
    see="Momentum",
)
