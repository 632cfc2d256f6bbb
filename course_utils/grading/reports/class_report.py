"""The instructor's page: how the class did, and what to teach again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course_utils.grading.records import REFUSED, STOPPED, Record, Run
from course_utils.grading.reports.charts import histogram, stacked
from course_utils.grading.reports.class_figures import (
    SEGMENTS,
    Entry,
    ExerciseFigures,
    LessonFigures,
    lesson_figures,
)
from course_utils.grading.reports.feedback import SIGNS
from course_utils.grading.reports.links import feedback_files, paragraph
from course_utils.grading.reports.pages import page

WORDS = {
    "right": "right",
    "wrong": "wrong",
    "open": "not attempted",
    "stopped": "stopped",
    "refused": "not judged",
}


def class_html(run: Run, pairs: Sequence[Any] = (), base: str = "", published: Sequence[Any] = ()) -> str:
    """The report of a run as an HTML page that needs no other file; it links to `feedback/*.html` beside it.

    Args:
        pairs: submissions that are the same up to renaming, each with the names `a` and `b` and `exercises`.
        published: submissions that hold the course's own answers, with the names `submission`, `exercises`
            and `answered` (how many exercises).
        base: the address of the folder with the lessons; without it paragraphs are named and not linked.
    """
    entries = [Entry(*each) for each in zip(run.records, feedback_files(run.records), strict=True)]
    by_lesson: dict[str, list[Entry]] = {}
    others = [entry for entry in entries if entry.record.of_another_lesson]
    for entry in entries:
        if entry.record.of_another_lesson:
            continue
        by_lesson.setdefault(entry.record.lesson, []).append(entry)
    strangers = by_lesson.pop("", [])
    lessons = [lesson_figures(lesson, by_lesson[lesson]) for lesson in sorted(by_lesson)]
    return page(
        "class.html",
        run=run,
        lessons=[_lesson_view(figures, base) for figures in lessons],
        handed_in=[figures.lesson for figures in lessons] or run.lessons,
        pairs=pairs,
        published=published,
        others=others,
        files={entry.record.submission: entry.file for entry in reversed(entries)},
        unread=[entry for entry in entries if entry.record.fatal and not entry.record.of_another_lesson],
        strangers=len(strangers),
        by_eye=_with(entries, _by_eye),
        stopped=_with(entries, _stopped),
        remarks=_with(entries, lambda record: list(record.remarks)),
        look_at=_with(entries, _look_at),
        words=WORDS,
        signs={**SIGNS, "refused": "?"},
    )


def _lesson_view(figures: LessonFigures, base: str) -> dict[str, Any]:
    """The figures of a lesson with their charts and links."""

    def link(title: str) -> str:
        return paragraph(base, figures.lesson, title)

    return {
        "figures": figures,
        "distribution": histogram(figures.totals, figures.possible) if figures.totals else None,
        "hardest": [(each, _bar(each)) for each in figures.hardest_first() if each.everyone],
        "shown": [name for name in WORDS if any(each.states[name] for each in figures.exercises)],
        "misunderstood": [(each, link(each.see)) for each in figures.misunderstood],
        "rows": [(entry, _row(entry.record, figures)) for entry in figures.entries],
    }


def _bar(exercise: ExerciseFigures) -> Any:
    counts = [(name, exercise.states[name]) for name in WORDS]
    told = ", ".join(f"{how_many} {WORDS[name]}" for name, how_many in counts if how_many)
    return stacked(counts, f"{exercise.exercise}: {told}")


def _row(record: Record, figures: LessonFigures) -> list[tuple[str, float]]:
    """(state, points) for each exercise of the lesson, in its order."""
    found = {result.exercise: result for result in record.results}
    return [
        (SEGMENTS[found[each.exercise].state], found[each.exercise].points)
        if each.exercise in found
        else ("open", 0.0)
        for each in figures.exercises
    ]


def _with(entries: Sequence[Entry], find: Any) -> list[tuple[Entry, list[str]]]:
    """The submissions of which `find` has something to say, with that."""
    found = [(entry, find(entry.record)) for entry in entries]
    return [(entry, lines) for entry, lines in found if lines]


def _by_eye(record: Record) -> list[str]:
    """The exercises that the program could not judge, and gave no points for."""
    return [
        f"{each.exercise} ({each.possible:g} points): {each.says}"
        for each in record.results
        if each.state == REFUSED and each.says
    ]


def _stopped(record: Record) -> list[str]:
    return [
        f"{result.exercise}: {result.says or result.stopped}"
        for result in record.results
        if result.state == STOPPED
    ]


def _look_at(record: Record) -> list[str]:
    """What the syntax of the answers tells: neither is a point less, both are for a person to judge."""
    warnings = [f"{result.exercise}: {line}" for result in record.results for line in result.warnings]
    return [*warnings, *record.look_at]
