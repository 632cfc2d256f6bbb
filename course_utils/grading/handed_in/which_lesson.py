"""Which lesson is this? By the marks of its answer cells, else by its functions, else its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course_utils.grading.handed_in.notebook_file import NotebookFile
from course_utils.grading.handed_in.pieces import Piece
from course_utils.grading.lessons.lesson import Lesson


@dataclass(frozen=True)
class Told:
    """The lesson, with what is worth saying about how it was told; or why nothing can be graded."""

    lesson: Lesson | None
    remark: str = ""
    fatal: str = ""


def which_lesson(
    file: NotebookFile, pieces: Sequence[Piece], lessons: Mapping[str, Lesson], wanted: str | None, name: str
) -> Told:
    """The lesson of a notebook among `lessons`; `wanted` when it is given and nothing speaks against it."""
    evidence = {slug: len({each.mark(lesson) for each in pieces} - {""}) for slug, lesson in lessons.items()}
    by_mark = any(evidence.values())
    if not by_mark:
        evidence = {slug: _named(lesson, pieces) for slug, lesson in lessons.items()}
    if wanted is not None:
        return _as_wanted(lessons[wanted], evidence, file)
    best = max(evidence, key=lambda slug: evidence[slug])
    if evidence[best]:
        return Told(lessons[best], _how(by_mark) or _also(best, evidence))
    called = called_after(f"{file.lesson} {name}", lessons)
    if called:
        return Told(called, f"No answer was found in it; it is called {called.slug}.")
    return Told(None, fatal=f"No answer to any exercise was found in it (looked for: {', '.join(lessons)}).")


def called_after(name: str, lessons: Mapping[str, Lesson]) -> Lesson | None:
    """The lesson whose slug stands in `name`."""
    return next((lesson for slug, lesson in lessons.items() if slug.casefold() in name.casefold()), None)


def _as_wanted(lesson: Lesson, evidence: Mapping[str, int], file: NotebookFile) -> Told:
    others = [slug for slug, count in evidence.items() if count and slug != lesson.slug]
    if evidence[lesson.slug]:
        return Told(lesson)
    if not others and file.lesson not in ("", lesson.slug):
        others = [file.lesson[:60]]
    if others:
        return Told(lesson, fatal=f"The wrong lesson: this is {' and '.join(others)}, not {lesson.slug}.")
    return Told(lesson, f"No answer to any exercise of {lesson.slug} was found in it.")


def _how(by_mark: bool) -> str:
    if by_mark:
        return ""
    return "The marks of its answer cells are lost; the lesson was recognised by the names of the functions."


def _also(best: str, evidence: Mapping[str, int]) -> str:
    others = [slug for slug, count in evidence.items() if count and slug != best]
    if not others:
        return ""
    also = " and ".join(others)
    return f"It answers exercises of {also}, too; only {best} was graded. Name another with --lesson."


def _named(lesson: Lesson, pieces: Sequence[Piece]) -> int:
    """How many exercises have a function of their name in the notebook."""
    bound = {name for each in pieces for name in each.names}
    return sum(not bound.isdisjoint(lesson.names(exercise)) for exercise in lesson.checks)
