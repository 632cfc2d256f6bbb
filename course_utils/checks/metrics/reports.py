"""Reports for the auditor: true ones from random confusion matrices, and ones doctored by a known amount."""

from __future__ import annotations

import math

import torch

Row = tuple[float, float, float, int]  # precision, recall, F1, support


def true_report(rng: torch.Generator, k: int, decimals: int) -> tuple[list[Row], float]:
    """Rows and accuracy of a random confusion matrix, printed with so many decimals."""
    matrix = torch.randint(0, 9, (k, k), generator=rng) + torch.diag(
        torch.randint(20, 300, (k,), generator=rng)
    )
    matrix[0] += torch.randint(3, 40, (k,), generator=rng)  # lopsided, so that precision and recall differ
    tp, said, support = (each.double() for each in (matrix.diagonal(), matrix.sum(0), matrix.sum(1)))
    columns = (tp / said, tp / support, 2 * tp / (said + support))
    rows = [(*(round(float(column[c]), decimals) for column in columns), int(support[c])) for c in range(k)]
    return rows, round(float(tp.sum() / matrix.sum()), decimals)


def exactly_harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def needs_tolerance(rows: list[Row], decimals: int) -> bool:
    """Would recomputing F1 from the printed P and R, and rounding, flag a row of this true report?"""
    return any(round(exactly_harmonic(p, r), decimals) != f for p, r, f, _ in rows)


def weighted_recall(rows: list[Row]) -> float:
    return sum(row[1] * row[3] for row in rows) / sum(row[3] for row in rows)


def accuracy_needs_tolerance(rows: list[Row], accuracy: float, decimals: int) -> bool:
    return round(weighted_recall(rows), decimals) != accuracy


def report_that_needs_tolerance(rng: torch.Generator, k: int, decimals: int) -> tuple[list[Row], float]:
    """A true report that an auditor without tolerance would flag, in a row and in the accuracy."""
    while True:
        rows, accuracy = true_report(rng, k, decimals)
        if needs_tolerance(rows, decimals) and accuracy_needs_tolerance(rows, accuracy, decimals):
            return rows, accuracy


def lopsided_report(rng: torch.Generator, decimals: int) -> tuple[list[Row], float]:
    """A true report with a row whose F1 is off by more than a unit when recomputed from the printed P and R.

    That needs P and R far apart: rounding moves F1 by up to h (1 + (P - R)² / (P + R)²), not by h.
    """
    unit = 10.0**-decimals
    while True:
        found, missed, called = (
            int(torch.randint(*ends, (), generator=rng)) for ends in ((20, 60), (150, 600), (1, 9))
        )
        others = int(torch.randint(200, 500, (), generator=rng))
        counts = ((found, found + called, found + missed), (others, others + missed, others + called))
        rows = [
            (*(round(share, decimals) for share in (tp / said, tp / true, 2 * tp / (said + true))), true)
            for tp, said, true in counts
        ]
        precision, recall, f1, _ = rows[0]
        if abs(exactly_harmonic(precision, recall) - f1) > 1.05 * unit:
            total = found + missed + others + called
            return rows, round((found + others) / total, decimals)


def just_too_high(row: Row, decimals: int) -> Row | None:
    """The row with the smallest F1 that cannot be true; None where that is too near to a possible one.

    Twice the tolerance would let it pass, so would 1.5 units around the recomputed F1, and so would the cage
    min(P, R) to max(P, R).
    """
    precision, recall, _, support = row
    unit = 10.0**-decimals
    h = unit / 2
    most = exactly_harmonic(precision + h, recall + h)  # the largest true F1
    printed = round((math.floor((most + h) / unit) + 1) * unit, decimals)
    beyond = (printed - h - most) / unit
    inside = min(precision, recall) <= printed <= max(precision, recall)
    near = printed - exactly_harmonic(precision, recall) < 1.45 * unit
    return (precision, recall, printed, support) if beyond > 0.1 and near and inside else None


def doctored_row(rng: torch.Generator, k: int, decimals: int) -> tuple[list[Row], float]:
    """A true report in which one row has an F1 just above what is possible."""
    while True:
        rows, accuracy = true_report(rng, k, decimals)
        for place, row in enumerate(rows):
            changed = just_too_high(row, decimals)
            if changed and abs(row[0] - row[1]) > 0.05:
                return [*rows[:place], changed, *rows[place + 1 :]], accuracy


def plain_mean_as_accuracy(rng: torch.Generator, k: int, decimals: int) -> tuple[list[Row], float]:
    """A true report whose accuracy was replaced by the plain mean of the recalls."""
    while True:
        rows, accuracy = true_report(rng, k, decimals)
        plain = round(sum(row[1] for row in rows) / k, decimals)
        if abs(plain - accuracy) > 4 * 10**-decimals:
            return rows, plain


def a_little_off(rng: torch.Generator, k: int, decimals: int) -> tuple[list[Row], float]:
    """A true report with an accuracy that lies just outside of what rounding allows."""
    unit = 10.0**-decimals
    while True:
        rows, _ = true_report(rng, k, decimals)
        recall = weighted_recall(rows)
        accuracy = round((math.floor(recall / unit) + 2) * unit, decimals)
        if 0.2 < (accuracy - recall) / unit - 1 < 0.8:
            return rows, accuracy
