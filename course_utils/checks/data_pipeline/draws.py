"""Random numbers and pictures that the exercises of lesson 07 share."""

from __future__ import annotations

import torch


def whole(rng: torch.Generator, low: int, high: int) -> int:
    """A whole number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def uniform(rng: torch.Generator, low: float = 0.0, high: float = 1.0) -> float:
    return low + (high - low) * float(torch.rand((), generator=rng, dtype=torch.float64))


def picture(rng: torch.Generator, *shape: int) -> torch.Tensor:
    """uint8 pixels of every value, zeros among them."""
    pixels = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
    return pixels * (torch.rand(shape, generator=rng) > 0.1)
