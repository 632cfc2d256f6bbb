"""The pairs of submissions in a run that are the same up to renaming, from what its records keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.looks.canonical import canonical
from course_utils.grading.records import Record
from course_utils.grading.reports.similarity import TRIVIAL, Pair, pairs_of_forms

Forms = Mapping[str, Mapping[str, list[str]]]  # by lesson and exercise: forms that say nothing


def forms_that_say_nothing(lessons: Iterable[Lesson]) -> dict[str, dict[str, list[str]]]:
    """By lesson and exercise, forms of the stub and, last, of the published answer: all may have them."""
    return {
        lesson.slug: {
            name: [canonical(cell.stub), canonical(cell.solution)] for name, cell in lesson.answers.items()
        }
        for lesson in lessons
    }


def pairs(records: Iterable[Record], known: Forms) -> list[Pair]:
    """The pairs among `records`, lesson by lesson; forms in `known` do not count."""
    by_lesson: dict[str, dict[str, dict[str, tuple[str, int]]]] = {}
    for record in records:
        forms = {name: (form, record.sizes.get(name, 0)) for name, form in record.canonical.items()}
        by_lesson.setdefault(record.lesson, {})[record.submission] = forms
    return [
        pair
        for lesson, forms in sorted(by_lesson.items())
        for pair in pairs_of_forms(forms, known.get(lesson, {}))
    ]


@dataclass(frozen=True)
class AsPublished:
    """A submission of which many answers are the course's own up to renaming: `exercises`, of `answered`.

    Only answers that are not trivial count, for of those there are few ways to be right.
    """

    submission: str
    lesson: str
    exercises: tuple[str, ...]
    answered: int


def as_published(records: Iterable[Record], known: Forms) -> list[AsPublished]:
    """The submissions of which at least half of the longer answers stand in the published solution."""
    found = []
    for record in records:
        forms = known.get(record.lesson, {})
        answered = [
            name
            for name, form in record.canonical.items()
            if record.sizes.get(name, 0) >= TRIVIAL and form and form != next(iter(forms.get(name, ())), None)
        ]
        same = tuple(name for name in answered if record.canonical[name] in forms.get(name, ())[-1:])
        if same and 2 * len(same) >= len(answered):
            found.append(AsPublished(record.submission, record.lesson, same, len(answered)))
    return found
