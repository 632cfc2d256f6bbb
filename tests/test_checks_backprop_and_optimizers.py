"""The mistakes of lesson 05 are named as a learner writes them, not only as the check does."""

import pytest
import torch

from course_utils.checks.backprop_and_optimizers.adamw import ADAMW_STEP


def _adam(w, grad, state, lr, betas, eps):
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = betas[0] * state.get("m", torch.zeros_like(w)) + (1 - betas[0]) * grad
    v = state["v"] = betas[1] * state.get("v", torch.zeros_like(w)) + (1 - betas[1]) * grad**2
    return w - lr * m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps)


def _growing(w, grad, state, lr, betas, eps, weight_decay):
    return _adam(w, grad, state, lr, betas, eps) + lr * weight_decay * w


def _decayed_after(w, grad, state, lr, betas, eps, weight_decay):
    return _adam(w, grad, state, lr, betas, eps) * (1 - lr * weight_decay)


def _by_sign(w, grad, state, lr, betas, eps, weight_decay):
    return _adam(w, grad, state, lr, betas, eps) - lr * weight_decay * w.sign()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "answer,name",
    [
        (_growing, "growth"),
        (_decayed_after, "decay after the step"),
        (_by_sign, "decay in the direction of the sign"),
    ],
)
def test_a_wrong_decay_in_plain_float64_is_named(answer, name, seed):
    verdict = ADAMW_STEP.examine(answer, seed=seed)
    assert not verdict.passed
    assert verdict.misconception is not None and verdict.misconception.name == name
