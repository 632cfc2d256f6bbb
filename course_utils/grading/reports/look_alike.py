"""The pairs of submissions in a run that are the same up to renaming, from what its records keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.looks.canonical import canonical
from course_utils.grading.records import Record
from course_utils.grading.reports.similarity import Pair, pairs_of_forms

Forms = Mapping[str, Mapping[str, list[str]]]  # by lesson and exercise: forms that say nothing


def forms_that_say_nothing(lessons: Iterable[Lesson]) -> dict[str, dict[str, list[str]]]:
    """By lesson and exercise, the form of the stub and of the course's own answer: anyone may have those."""
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
