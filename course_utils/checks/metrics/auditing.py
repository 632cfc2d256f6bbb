"""Exercise of lesson 09: which numbers of a printed report cannot be true?"""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.metrics import reports
from course_utils.checks.metrics.auditors import (
    auditor,
    by_grid,
    f1_range,
    recomputed,
    three_decimals,
    weighted_f1,
    weighted_precision,
    with_tolerance,
)
from course_utils.checks.metrics.reports import Row, exactly_harmonic, weighted_recall


def _with_zeros(rng: torch.Generator) -> tuple[list[Row], float]:
    """A class that was never found, in an otherwise true report with other supports each time."""
    found = int(torch.randint(200, 400, (), generator=rng))  # and as many of class 1, all called class 0
    rows = [(0.5, 1.0, 0.667, found), (0.0, 0.0, 0.0, found), (1.0, 1.0, 1.0, 300)]
    return rows, round((found + 300) / (2 * found + 300), 3)


def _published(rng: torch.Generator) -> tuple[list[Row], float]:
    support = int(torch.randint(300, 900, (), generator=rng))
    return [(0.913, 0.904, 0.904, support), (0.905, 0.914, 0.916, support)], 0.904


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        Case((*_published(rng), 3), label="the table above, other supports"),
        Case((*reports.report_that_needs_tolerance(rng, 4, 2), 2), label="a true report, two decimals"),
        Case((*reports.report_that_needs_tolerance(rng, 3, 3), 3), label="a true report, three decimals"),
        Case((*reports.lopsided_report(rng, 3), 3), label="a true report, P and R far apart"),
        Case((*reports.doctored_row(rng, 5, 2), 2), label="one F1 is a little too high"),
        Case((*reports.doctored_row(rng, 4, 4), 4), label="four decimals, one F1 is a little too high"),
        Case((*reports.plain_mean_as_accuracy(rng, 4, 3), 3), label="the accuracy is another number"),
        Case((*reports.a_little_off(rng, 3, 2), 2), label="the accuracy is a little off"),
        Case((*_with_zeros(rng), 3), label="a class never found"),
    ]


AUDIT_REPORT = FunctionExercise(
    name="audit_report",
    points=4,
    minutes=25,
    oracle=by_grid,
    cases=_cases,
    misconceptions=(
        Misconception(
            "no allowance for rounding at all",
            auditor(
                lambda p, r, f, h: abs(exactly_harmonic(p, r) - f) > 1e-9,
                lambda rows, accuracy, h: abs(weighted_recall(rows) - accuracy) > 1e-9,
            ),
            "You flag whatever is not exactly equal. Every number of the report is rounded: allow each its half unit "
            "of the last decimal.",
        ),
        Misconception(
            "precision and recall taken as exact",
            auditor(recomputed, lambda rows, accuracy, h: abs(weighted_recall(rows) - accuracy) > h),
            "You allow for the rounding of F1 and of the accuracy, and take precision and recall as exact. They are "
            "rounded, too, so you flag true reports.",
        ),
        Misconception(
            "F1 from exact precision and recall",
            auditor(recomputed),
            "In the rows you allow for the rounding of F1 alone. The printed precision and recall are rounded, too, so "
            "you flag true reports.",
        ),
        Misconception(
            "one unit around the recomputed F1",
            auditor(lambda p, r, f, h: abs(exactly_harmonic(p, r) - f) > 2 * h),
            "You allow the F1 one unit around the value recomputed from the printed P and R. That is enough only "
            "where they are nearly equal; far apart, their rounding moves F1 by more. Take F1 at both ends, from "
            "P - h, R - h and from P + h, R + h.",
        ),
        Misconception(
            "one and a half units around the recomputed F1",
            auditor(lambda p, r, f, h: abs(exactly_harmonic(p, r) - f) > 3 * h),
            "You allow the F1 one and a half units around the value recomputed from the printed P and R, as if the "
            "three roundings added up. Where P and R are nearly equal, that lets impossible rows pass.",
        ),
        Misconception(
            "recalls taken as exact",
            auditor(None, lambda rows, accuracy, h: abs(weighted_recall(rows) - accuracy) > h),
            "For the accuracy you allow for its own rounding alone. The recalls are rounded, too: their weighted mean "
            "may be off by half a unit.",
        ),
        Misconception(
            "only the cage",
            auditor(lambda p, r, f, h: f > max(p, r) + 2 * h or f < min(p, r) - 2 * h),
            "You only ask whether F1 lies between precision and recall. That is necessary and not sufficient: F1 is one "
            "number there, the harmonic mean.",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "the arithmetic mean",
            auditor(lambda p, r, f, h: abs((p + r) / 2 - f) > 2 * h),
            "You compare F1 with the plain mean of precision and recall. It is the harmonic mean.",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "accuracy against the plain mean of the recalls",
            auditor(None, lambda rows, a, h: abs(sum(row[1] for row in rows) / len(rows) - a) > 2 * h),
            "You hold the accuracy against the plain mean of the recalls. It is their mean weighted by the supports.",
            see="When micro-F1 is accuracy",
        ),
        Misconception(
            "accuracy against the weighted precision",
            auditor(None, lambda rows, a, h: abs(weighted_precision(rows) - a) > 2 * h),
            "You hold the accuracy against the weighted precision. Weighted recall is accuracy; weighted precision is "
            "not.",
            see="When micro-F1 is accuracy",
        ),
        Misconception(
            "accuracy against the weighted F1",
            auditor(None, lambda rows, a, h: abs(weighted_f1(rows) - a) > 2 * h),
            "You hold the accuracy against the weighted F1. It is the weighted recall that must equal it.",
            see="When micro-F1 is accuracy",
        ),
        Misconception(
            "twice the tolerance",
            with_tolerance(2),
            "You allow a whole unit of the last decimal where rounding changes at most half a unit, and let "
            "impossible numbers pass.",
        ),
        Misconception(
            "always three decimals",
            three_decimals,
            "You always allow for three decimals. Use `decimals`.",
        ),
        Misconception(
            "only too high",
            auditor(lambda p, r, f, h: f - h > f1_range(p, r, h)[1]),
            "You only catch an F1 that is too high. One that is too low is as impossible.",
        ),
        Misconception(
            "the accuracy not looked at",
            auditor(None, lambda rows, accuracy, h: False),
            "You never flag the accuracy. It must be the weighted recall, within rounding.",
        ),
        Misconception(
            "true for possible",
            lambda rows, accuracy, decimals: [not x for x in by_grid(rows, accuracy, decimals)],
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
