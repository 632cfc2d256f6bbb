"""What several exercises of lesson 08 draw."""

from __future__ import annotations

import torch


def normal(rng: torch.Generator, *shape: int) -> torch.Tensor:
    """Standard normal numbers in float64."""
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def positive(rng: torch.Generator, *shape: int) -> torch.Tensor:
    """Uniform numbers from 0.5 to 2 in float64."""
    return 0.5 + 1.5 * torch.rand(*shape, generator=rng, dtype=torch.float64)


def uniform(rng: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=rng, dtype=torch.float64))


def whole(rng: torch.Generator, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def of_channel(values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Values (C,) in a shape that goes with x (N, C, ...)."""
    return values.view(1, -1, *[1] * (x.ndim - 2))
