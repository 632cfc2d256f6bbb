"""Lesson 06: models with parameters in unusual places, for `count_parameters`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def _tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))
    model[2].weight = model[0].weight
    return model


def _frozen() -> nn.Module:
    model = nn.Sequential(nn.Conv2d(3, 8, 5), nn.Flatten(), nn.Linear(8, 4))
    model[0].weight.requires_grad_(False)
    return model


def _nested(width: int) -> nn.Module:
    block = nn.Sequential(nn.Conv2d(width, width, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU())
    return nn.Sequential(nn.Conv2d(3, width, (5, 3)), nn.Sequential(block, nn.Conv2d(width, 2, 1)))


class _Scale(nn.Module):
    """A parameter that is neither called weight nor bias, and sits on the model itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1, 1))
        self.conv = nn.Conv2d(channels, channels, 3, groups=channels)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.conv(images) * self.gain


MODELS: dict[str, Callable[[int], nn.Module]] = {
    "linear": lambda width: nn.Linear(12, width),
    "convolution": lambda width: nn.Sequential(nn.Conv2d(2, width, 3, bias=False)),
    "nested": _nested,
    "scale": _Scale,
    "tied": lambda width: _tied(),
    "frozen": lambda width: _frozen(),
    "empty": lambda width: nn.ReLU(),
}


def count_in(answer: Callable[[nn.Module], Any], kind: str, width: int) -> Any:
    """What the answer says of a model of this kind and width."""
    return answer(MODELS[kind](width))
