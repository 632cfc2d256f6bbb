"""Which lesson is this? By the marks of its answer cells, else by its functions, its metadata, its name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from course_utils.grading.handed_in.notebook_file import NotebookFile
from course_utils.grading.handed_in.pieces import Piece
from course_utils.grading.lessons.lesson import Lesson


@dataclass(frozen=True)
class Told:
    """The lesson, with what is worth saying about how it was told; or why nothing can be graded.

    `by_names`: no cell has a mark, and the remark says so.
    """

    lesson: Lesson | None
    remark: str = ""
    fatal: str = ""
    by_names: bool = False


def which_lesson(
    file: NotebookFile,
    pieces: Sequence[Piece],
    lessons: Mapping[str, Lesson],
    asked: Collection[str],
    name: str,
) -> Told:
    """The lesson of a notebook, recognised among all `lessons`.

    `asked` are the slugs that it may be of, none of them if it may be of any. What is in the notebook goes
    before what it says it is, and that goes before its name.
    """
    marks = {slug: len({each.mark(lesson) for each in pieces} - {""}) for slug, lesson in lessons.items()}
    by_mark = any(marks.values())
    found = marks if by_mark else {slug: _named(lesson, pieces) for slug, lesson in lessons.items()}
    may_be = {slug: lesson for slug, lesson in lessons.items() if not asked or slug in asked}
    best = max(may_be, key=lambda slug: (found[slug], slug == file.lesson, _says(name, slug)))
    if found[best]:
        texts = (_how(by_mark), _also(best, found, asked) if by_mark else "", _misnamed(best, name, lessons))
        return Told(lessons[best], " ".join(filter(None, texts)), by_names=not by_mark)
    others = [slug for slug, count in found.items() if count]
    if not others and asked and file.lesson not in ("", *asked):
        others = [file.lesson[:60]]
    only = may_be[best] if len(asked) == 1 else None
    if others:
        return Told(
            only, fatal=f"The wrong lesson: this is {' and '.join(others)}, not {' or '.join(may_be)}."
        )
    if only:
        return Told(only, f"No answer to any exercise of {only.slug} was found in it.")
    called = called_after(file.lesson, may_be) or called_after(name, may_be)
    if called:
        return Told(called, f"No answer was found in it; it is called {called.slug}.")
    return Told(None, fatal=f"No answer to any exercise was found in it (looked for: {', '.join(may_be)}).")


def called_after(name: str, lessons: Mapping[str, Lesson]) -> Lesson | None:
    """The lesson whose slug stands in `name`."""
    return next((lesson for slug, lesson in lessons.items() if _says(name, slug)), None)


def _says(name: str, slug: str) -> bool:
    return slug.casefold() in name.casefold()


def _misnamed(best: str, name: str, lessons: Mapping[str, Lesson]) -> str:
    called = called_after(name, lessons)
    if called is None or _says(name, best):
        return ""
    return f"It is called {called.slug}, yet its answers are those of {best}, and were graded as such."


def _how(by_mark: bool) -> str:
    if by_mark:
        return ""
    return "The marks of its answer cells are lost; they were recognised by the names of the functions."


def _also(best: str, evidence: Mapping[str, int], asked: Collection[str]) -> str:
    others = [slug for slug, count in evidence.items() if count and slug != best]
    if not others or len(asked) == 1:
        return ""
    also = " and ".join(others)
    return f"It answers exercises of {also}, too; only {best} was graded. Name another with --lesson."


def _named(lesson: Lesson, pieces: Sequence[Piece]) -> int:
    """How many exercises have a function of their name in the notebook."""
    bound = {name for each in pieces for name in each.names}
    return sum(not bound.isdisjoint(lesson.names(exercise)) for exercise in lesson.checks)
