"""Scenes of lesson 01: a split is drawn three times, with one seed, the same again, and another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

SEEDS = (11, 11, 12)


def split_three_times(
    answer: Callable, labels: torch.Tensor, groups: torch.Tensor, val_share: float
) -> list[Any]:
    """What the answer returns for each of SEEDS, each time on copies of the data."""
    return [answer(labels.clone(), groups.clone(), val_share, seed) for seed in SEEDS]
