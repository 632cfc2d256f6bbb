"""Lesson 05: what the three exercises on optimizers have in common: fifty steps beside `torch.optim`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from course_utils.checks.case import Case
from course_utils.scenes.backprop_and_optimizers import follow_steps

STEPS = 50
OPTIMIZERS = ("SGD", "Adam", "AdamW", "NAdam", "RMSprop", "sgd", "adam", "adamw")


def by_torch(make: Callable[..., torch.optim.Optimizer]) -> Callable:
    """A step function that lets PyTorch's own optimizer take the step; it lives in `state`."""

    def step(w, grad, state, lr, **options):
        if not state:
            state["parameter"] = torch.nn.Parameter(w.clone())
            state["optimizer"] = make([state["parameter"]], **options)
        state["parameter"].grad = grad
        state["optimizer"].param_groups[0]["lr"] = lr
        state["optimizer"].step()
        return state["parameter"].detach().clone()

    return step


def where_it_went(raw: Mapping[str, Any], *_args: Any) -> dict:
    return {"the weights after each step": raw["paths"]}


def case(
    rng: torch.Generator,
    lrs: torch.Tensor,
    label: str,
    shapes: Sequence[tuple] = ((4,),),
    size=1.0,
    **options,
) -> Case:
    """Drawn weights and gradients; in each parameter the last entry's gradients are a hundred times smaller."""
    weights = tuple(torch.randn(shape, generator=rng, dtype=torch.float64) for shape in shapes)
    grads = []
    for shape in shapes:
        drawn = torch.randn(STEPS, *shape, generator=rng, dtype=torch.float64) + 0.3
        drawn[..., -1] *= 0.01
        grads.append(size * drawn)
    return Case((weights, tuple(grads), lrs, options), label=label)


def constant(lr: float) -> torch.Tensor:
    return torch.full((STEPS,), lr, dtype=torch.float64)


def falling(lr: float) -> torch.Tensor:
    """A rate that warms up for ten steps and then falls."""
    rise = torch.linspace(0.1, 1, 10, dtype=torch.float64)
    return lr * torch.cat([rise, torch.linspace(1, 0.05, STEPS - 10, dtype=torch.float64)])


__all__ = ["OPTIMIZERS", "STEPS", "by_torch", "case", "constant", "falling", "follow_steps", "where_it_went"]
