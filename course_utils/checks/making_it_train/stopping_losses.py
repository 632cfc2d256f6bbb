"""Lesson 08: validation losses for `early_stopping`; the rng draws their length and height, a story their shape."""

from __future__ import annotations

import math

import torch

from course_utils.checks.making_it_train.draws import uniform, whole

Losses = list[float]
TINY = 2e-5  # a gain that whoever demands a least one overlooks


def stories(rng: torch.Generator) -> list[tuple[Losses, int, int, str]]:
    """Losses, patience, the most epochs, and a label; each story sets another mistake apart."""
    told = []

    def tell(losses: Losses, patience: int, label: str, most: int | None = None) -> None:
        told.append((losses, patience, len(losses) if most is None else most, label))

    low, patience = uniform(rng, 0.3, 0.6), whole(rng, 3, 4)
    tell([*_falling(rng, low), *_above(rng, low, patience + whole(rng, 2, 4))], patience, "a plain valley")

    low, alarms = uniform(rng, 0.3, 0.6), whole(rng, 2, 3)
    losses = _falling(rng, low)
    for _ in range(alarms):
        losses += [*_above(rng, losses[-1], patience - 1), losses[-1] - uniform(rng, 0.02, 0.05)]
    tell([*losses, *_above(rng, losses[-1], patience + 2)], patience, f"{alarms} false alarms first")

    low = uniform(rng, 0.3, 0.6)
    waiting = [low, *_above(rng, low, patience - 2), low]
    losses = [*_falling(rng, low), *waiting, *_above(rng, low, 1), low - 0.1, *_above(rng, low, 1)]
    tell(losses, patience, "ties with the best")

    low, fall = uniform(rng, 0.3, 0.6), patience + whole(rng, 2, 4)
    losses = [*_falling(rng, low), *sorted(_above(rng, low, fall), reverse=True), low - 0.1]
    tell(losses, patience, "falling again, and never below the best")

    tell(_falling(rng, uniform(rng, 0.3, 0.6), whole(rng, 5, 7)), patience, "still falling at the end")

    low = uniform(rng, 0.3, 0.6)
    losses = [*_falling(rng, low), *_above(rng, low, patience - 1)]
    tell(
        [*losses, low - 0.1, low - 0.2],
        patience,
        "the last epoch comes before the patience ends",
        len(losses),
    )

    low = uniform(rng, 0.3, 0.6)
    tell([*_falling(rng, low), *_above(rng, low, 1), low - 0.1, low + 0.1], 1, "patience of one epoch")

    low = uniform(rng, 0.3, 0.6)
    losses = [*_falling(rng, low + 0.2), math.nan, low, math.nan, math.nan, *_above(rng, low, patience - 2)]
    tell([*losses, low - 0.1, low + 0.1], patience, "a loss of nan on the way")

    low = uniform(rng, 0.3, 0.6)
    losses = [*_falling(rng, low), *(low - TINY * (step + 1) for step in range(patience + whole(rng, 2, 4)))]
    tell([*losses, *_above(rng, low, patience + 1)], patience, "many tiny steps down")
    return told


def _falling(rng: torch.Generator, low: float, count: int | None = None) -> Losses:
    """`count` losses, or two to four, each well below the one before, down to `low`."""
    losses = [low]
    for _ in range((whole(rng, 2, 4) if count is None else count) - 1):
        losses.append(losses[-1] + uniform(rng, 0.05, 0.2))
    return losses[::-1]


def _above(rng: torch.Generator, low: float, count: int) -> Losses:
    """`count` losses in no order, all above `low`."""
    return [low + uniform(rng, 0.05, 0.6) for _ in range(count)]
