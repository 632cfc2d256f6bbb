"""Exercise of lesson 09: which numbers of a printed report cannot be true?"""

from __future__ import annotations

from collections.abc import Callable

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.metrics import reports
from course_utils.checks.metrics.reports import Row, exactly_harmonic, weighted_recall


def _with_zeros(rng: torch.Generator) -> tuple[list[Row], float]:
    """A class that was never found, in an otherwise true report with other supports each time."""
    found = int(torch.randint(200, 400, (), generator=rng))  # and as many of class 1, all called class 0
    rows = [(0.5, 1.0, 0.667, found), (0.0, 0.0, 0.0, found), (1.0, 1.0, 1.0, 300)]
    return rows, round((found + 300) / (2 * found + 300), 3)


def _published(rng: torch.Generator) -> tuple[list[Row], float]:
    support = int(torch.randint(300, 900, (), generator=rng))
    return [(0.912, 0.904, 0.904, support), (0.905, 0.913, 0.916, support)], 0.904


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        Case((*_published(rng), 3), label="the table above"),
        Case((*reports.report_that_needs_tolerance(rng, 4, 2), 2), label="a true report, two decimals"),
        Case((*reports.report_that_needs_tolerance(rng, 3, 3), 3), label="a true report, three decimals"),
        Case((*reports.doctored_row(rng, 5, 2), 2), label="one F1 is a little too high"),
        Case((*reports.doctored_row(rng, 4, 4), 4), label="four decimals, one F1 is a little too high"),
        Case((*reports.plain_mean_as_accuracy(rng, 4, 3), 3), label="the accuracy is another number"),
        Case((*reports.a_little_off(rng, 3, 2), 2), label="the accuracy is a little off"),
        Case((*_with_zeros(rng), 3), label="a class never found"),
    ]


def _by_grid(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
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


def _auditor(row_is_wrong: Callable | None = None, accuracy_is_wrong: Callable | None = None) -> Callable:
    """The right auditor with the judgement on rows, or on the accuracy, done another way."""

    def answer(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
        right = _by_grid(rows, accuracy, decimals)
        h = 0.5 * 10**-decimals
        on_rows = [row_is_wrong(p, r, f, h) for p, r, f, _ in rows] if row_is_wrong else right[:-1]
        on_accuracy = accuracy_is_wrong(rows, accuracy, h) if accuracy_is_wrong else right[-1]
        return [*map(bool, on_rows), bool(on_accuracy)]

    return answer


def _f1_range(p: float, r: float, h: float) -> tuple[float, float]:
    return exactly_harmonic(max(p - h, 0), max(r - h, 0)), exactly_harmonic(min(p + h, 1), min(r + h, 1))


def _outside(low: float, high: float, printed: float, h: float) -> bool:
    return printed - h > high or printed + h < low


def _weighted_precision(rows: list[Row]) -> float:
    return sum(row[0] * row[3] for row in rows) / sum(row[3] for row in rows)


def _with_tolerance(times: float) -> Callable:
    def answer(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
        h = times * 0.5 * 10**-decimals
        on_rows = [_outside(*_f1_range(p, r, h), f, h) for p, r, f, _ in rows]
        return [*on_rows, abs(accuracy - weighted_recall(rows)) > 2 * h]

    return answer


def _three_decimals(rows: list[Row], accuracy: float, decimals: int) -> list[bool]:
    return _with_tolerance(1)(rows, accuracy, 3)


def _recomputed(p: float, r: float, f: float, h: float) -> bool:
    return abs(exactly_harmonic(p, r) - f) > h


AUDIT_REPORT = FunctionExercise(
    name="audit_report",
    points=4,
    minutes=25,
    oracle=_by_grid,
    cases=_cases,
    misconceptions=(
        Misconception(
            "no allowance for rounding at all",
            _auditor(
                lambda p, r, f, h: abs(exactly_harmonic(p, r) - f) > 1e-9,
                lambda rows, accuracy, h: abs(weighted_recall(rows) - accuracy) > 1e-9,
            ),
            "You flag whatever is not exactly equal. Every number of the report is rounded: allow each its half unit "
            "of the last decimal.",
        ),
        Misconception(
            "precision and recall taken as exact",
            _auditor(_recomputed, lambda rows, accuracy, h: abs(weighted_recall(rows) - accuracy) > h),
            "You allow for the rounding of F1 and of the accuracy, and take precision and recall as exact. They are "
            "rounded, too, so you flag true reports.",
        ),
        Misconception(
            "F1 from exact precision and recall",
            _auditor(_recomputed),
            "In the rows you allow for the rounding of F1 alone. The printed precision and recall are rounded, too, so "
            "you flag true reports.",
        ),
        Misconception(
            "recalls taken as exact",
            _auditor(None, lambda rows, accuracy, h: abs(weighted_recall(rows) - accuracy) > h),
            "For the accuracy you allow for its own rounding alone. The recalls are rounded, too: their weighted mean "
            "may be off by half a unit.",
        ),
        Misconception(
            "only the cage",
            _auditor(lambda p, r, f, h: f > max(p, r) + 2 * h or f < min(p, r) - 2 * h),
            "You only ask whether F1 lies between precision and recall. That is necessary and not sufficient: F1 is one "
            "number there, the harmonic mean.",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "the arithmetic mean",
            _auditor(lambda p, r, f, h: abs((p + r) / 2 - f) > 2 * h),
            "You compare F1 with the plain mean of precision and recall. It is the harmonic mean.",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "accuracy against the plain mean of the recalls",
            _auditor(None, lambda rows, a, h: abs(sum(row[1] for row in rows) / len(rows) - a) > 2 * h),
            "You hold the accuracy against the plain mean of the recalls. It is their mean weighted by the supports.",
            see="When micro-F1 is accuracy",
        ),
        Misconception(
            "accuracy against the weighted precision",
            _auditor(None, lambda rows, a, h: abs(_weighted_precision(rows) - a) > 2 * h),
            "You hold the accuracy against the weighted precision. Weighted recall is accuracy; weighted precision is "
            "not.",
            see="When micro-F1 is accuracy",
        ),
        Misconception(
            "twice the tolerance",
            _with_tolerance(2),
            "You allow a whole unit of the last decimal where rounding changes at most half a unit, and let "
            "impossible numbers pass.",
        ),
        Misconception(
            "always three decimals",
            _three_decimals,
            "You always allow for three decimals. Use `decimals`.",
        ),
        Misconception(
            "only too high",
            _auditor(lambda p, r, f, h: f - h > _f1_range(p, r, h)[1]),
            "You only catch an F1 that is too high. One that is too low is as impossible.",
        ),
        Misconception(
            "the accuracy not looked at",
            _auditor(None, lambda rows, accuracy, h: False),
            "You never flag the accuracy. It must be the weighted recall, within rounding.",
        ),
        Misconception(
            "true for possible",
            lambda rows, accuracy, decimals: [not x for x in _by_grid(rows, accuracy, decimals)],
            "You answer the opposite question: True marks what can *not* be true.",
        ),
    ),
    hints=(
        "First the rows: compute F1 from the lowest P and R that round to what is printed, and from the highest.",
        "A row is impossible when the printed F1, half a unit either way, does not reach into that range.",
        "The weighted recall may be off by half a unit, the accuracy by another: together one unit.",
    ),
    see="The table that cannot be true",
)
