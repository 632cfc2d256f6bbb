"""Auditors of printed reports for lesson 09: the right one, by a grid, and ways to get parts of it wrong."""

from __future__ import annotations

from collections.abc import Callable

import torch

from course_utils.checks.metrics.reports import Row, exactly_harmonic, weighted_recall


def by_grid(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
    """Tries true values on a fine grid, corners included, within the rounding of what is printed."""
    h = 0.5 * 10**-decimals
    steps = torch.linspace(-h, h, 21, dtype=torch.float64)
    verdicts = []
    for precision, recall, f1, _ in rows:
        p = (precision + steps).clamp(0, 1)[:, None]
        r = (recall + steps).clamp(0, 1)[None, :]
        possible = 2 * p * r / (p + r).clamp(min=1e-300)
        verdicts.append(bool((possible < f1 - h).all() or (possible > f1 + h).all()))
    supports = torch.tensor([row[3] for row in rows], dtype=torch.float64)
    recalls = (torch.tensor([row[1] for row in rows], dtype=torch.float64)[:, None] + steps).clamp(0, 1)
    weighted = (supports / supports.sum()) @ recalls  # all recalls shifted alike: the ends are the extremes
    return [*verdicts, bool((weighted < accuracy - h).all() or (weighted > accuracy + h).all())]


def auditor(row_is_wrong: Callable | None = None, accuracy_is_wrong: Callable | None = None) -> Callable:
    """The right auditor with the judgement on rows, or on the accuracy, done another way."""

    def answer(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
        right = by_grid(rows, accuracy, decimals)
        h = 0.5 * 10**-decimals
        on_rows = [row_is_wrong(p, r, f, h) for p, r, f, _ in rows] if row_is_wrong else right[:-1]
        on_accuracy = accuracy_is_wrong(rows, accuracy, h) if accuracy_is_wrong else right[-1]
        return [*map(bool, on_rows), bool(on_accuracy)]

    return answer


def f1_range(p: float, r: float, h: float) -> tuple[float, float]:
    return exactly_harmonic(max(p - h, 0), max(r - h, 0)), exactly_harmonic(min(p + h, 1), min(r + h, 1))


def _outside(low: float, high: float, printed: float, h: float) -> bool:
    return printed - h > high or printed + h < low


def weighted_precision(rows: list[Row]) -> float:
    return sum(row[0] * row[3] for row in rows) / sum(row[3] for row in rows)


def weighted_f1(rows: list[Row]) -> float:
    return sum(row[2] * row[3] for row in rows) / sum(row[3] for row in rows)


def with_tolerance(times: float) -> Callable:
    def answer(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
        h = times * 0.5 * 10**-decimals
        on_rows = [_outside(*f1_range(p, r, h), f, h) for p, r, f, _ in rows]
        return [*on_rows, abs(accuracy - weighted_recall(rows)) > 2 * h]

    return answer


def three_decimals(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
    return with_tolerance(1)(rows, accuracy, 3)


def recomputed(p: float, r: float, f: float, h: float) -> bool:
    return abs(exactly_harmonic(p, r) - f) > h
