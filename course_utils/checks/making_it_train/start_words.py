"""Lesson 08: what the first weights of a network are, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from course_utils.scenes.making_it_train import network

NEAR = 0.12  # a standard deviation of a thousand draws or more is within four per cent nearly always
BEFORE = 0.25  # what the scene fills every parameter with


def what_the_start_is(raw: Mapping[str, Any], kind: str, width: int) -> dict:
    """What each parameter was made, in words: random numbers cannot be compared one by one."""
    normed = {
        f"{name}.{part}"
        for name, module in network(kind, width).named_modules()
        if isinstance(module, nn.BatchNorm2d)
        for part in ("weight", "bias")
    }
    return {
        name: _norm_in_words(values) if name in normed else _in_words(values)
        for name, values in raw["parameters"].items()
    }


def _norm_in_words(values: torch.Tensor) -> str:
    return "as it was" if bool((values == BEFORE).all()) else "changed"


def _in_words(values: torch.Tensor) -> str:
    values = values.double()
    if not bool(torch.isfinite(values).all()):
        return "not finite"
    if values.ndim < 2:
        return "zeros" if not values.any() else "as it was" if bool((values == BEFORE).all()) else "not zeros"
    if bool((values == BEFORE).all()):
        return "as it was"
    if len(values.unique()) < values.numel() // 2:
        return "values that repeat"
    std = values.std().item()
    if abs(values.mean().item()) > 0.2 * std:
        return "random values with a mean that is not 0"
    return "independent random values with " + _nearest(std, values.shape)


def _nearest(std: float, shape: torch.Size) -> str:
    window = math.prod(shape[2:])
    n, m = shape[1] * window, shape[0] * window
    rules = {
        "variance 2 / fan-in": 2 / n,
        "variance 1": 1.0,
        "variance 1 / fan-in": 1 / n,
        "variance 2 / fan-out": 2 / m,
        "variance 2 / (fan-in + fan-out)": 2 / (n + m),
        "variance 1 / (3 fan-in)": 1 / (3 * n),
        "variance 2 / in_channels": 2 / shape[1],
        "standard deviation 2 / fan-in": (2 / n) ** 2,
        "variance 1e-4": 1e-4,
    }
    name, variance = min(rules.items(), key=lambda rule: abs(math.log(max(std, 1e-30) / math.sqrt(rule[1]))))
    return name if abs(std / math.sqrt(variance) - 1) < NEAR else "another variance"
