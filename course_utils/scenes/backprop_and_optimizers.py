"""Lesson 05: scenes for an engine, for steps of an optimizer and for a range test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.scenes.small_models import flat_weights


def _shared(a, b):
    s = a + b
    return [s * a + s * b]


def _in_order(a, b):
    c = a * b
    d = c + a
    return [d * c]


def _late(a, b):
    c = a * b
    d = c * c
    e = d + c
    return [e * c + c]


def _doubled(a, b):
    for _ in range(10):
        a = a + a
    return [a * b]


def _neuron(x, y, v, w, b):
    out = (x * v + y * w + b).relu()
    return [out * out + v * w]


GRAPHS = {
    "product": lambda a, b: [a * b],
    "square": lambda a, b: [a * a + b],
    "shared": _shared,
    "in order": _in_order,
    "late": _late,
    "relu": lambda a, b, c: [a.relu() * b + b.relu() * c + c.relu()],
    "at zero": lambda a, b: [a.relu() * b + a * b],
    "doubled": _doubled,
    "neuron": _neuron,
    "two results": lambda a, b, c: [a * b, a * c],
}


def run_engine(answer: Callable, kind: str, numbers: tuple) -> dict:
    """Compute with the answer, send the results back one after the other, and read all gradients."""
    given = [answer(number) for number in numbers]
    results = GRAPHS[kind](*given)
    for result in results:
        result.backward()
    return {
        "values": [float(result.data) for result in results],
        "gradients": [float(each.grad) for each in given],
        "gradients of the results": [float(result.grad) for result in results],
    }


def follow_steps(answer: Callable, weights: tuple, grads: tuple, lrs: torch.Tensor, options: dict) -> dict:
    """Let several parameters take their steps in turn, each with a state of its own; where each went.

    weights: one tensor a parameter; grads: for each its gradients, (steps, *shape); lrs (steps,).
    """
    states: list[dict] = [{} for _ in weights]
    now, paths = list(weights), [[] for _ in weights]
    for step, lr in enumerate(lrs.tolist()):
        for i, state in enumerate(states):
            now[i] = answer(now[i].clone(), grads[i][step].clone(), state, lr, **options)
            if now[i] is None:
                return {"paths": None}
            now[i] = torch.as_tensor(now[i]).detach()
            paths[i].append(now[i].clone())
    return {"paths": [torch.stack(path) for path in paths]}


def _plain() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 12), nn.ReLU(), nn.Linear(12, 4))


def _norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4))


MODELS = {"plain": _plain, "norm": _norm}


def sweep_rates(answer: Callable, kind: str, batches: list, lrs: list, seed: int) -> dict[str, Any]:
    """Run a range test on a small float64 model in training mode; its losses, and the model afterwards."""
    torch.manual_seed(seed)
    model = MODELS[kind]().double().train()
    returned = answer(model, [tuple(batch) for batch in batches], list(lrs))
    return {
        "returned": returned,
        "weights": flat_weights(model),
        "buffers": [buffer.clone() for buffer in model.buffers()],
    }
