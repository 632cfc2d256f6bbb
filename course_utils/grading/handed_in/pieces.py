"""The code cells of a submission, as far as an answer may stand in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from course_utils.grading.handed_in.magics import without_magics
from course_utils.grading.handed_in.notebook_file import Cell
from course_utils.grading.lessons.lesson import ANSWER, CHECK, Lesson
from course_utils.grading.lessons.parsing import LONGEST, bound_names, global_reads, parsed

MOST_TEXT = 400_000  # characters of code that are searched for functions by name
MOST_MARKED = 1_000_000  # characters of code in cells that say they are answers


@dataclass(frozen=True)
class Piece:
    """A code cell: `source` is plain Python as far as IPython's own lines go, `commands` are those lines."""

    cell: Cell
    source: str
    commands: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        return self.cell.number

    @property
    def too_long(self) -> bool:
        return len(self.source) > LONGEST

    def mark(self, lesson: Lesson) -> str:
        """The exercise of `lesson` that the cell's metadata say it answers, or ""."""
        by_grade_id = lesson.by_grade_id.get(self.cell.grade_id, "")
        if by_grade_id or self.cell.grade_id in lesson.grade_ids:
            return by_grade_id
        return self.cell.exercise if self.cell.role == ANSWER and self.cell.exercise in lesson.answers else ""

    def is_check(self, lesson: Lesson) -> bool:
        """Is it a cell that judges, by its marks?"""
        return self.cell.role == CHECK or self.cell.grade_id in lesson.grade_ids - set(lesson.by_grade_id)

    @cached_property
    def names(self) -> frozenset[str]:
        """What it defines."""
        return frozenset(bound_names(parsed(self.source)))

    @cached_property
    def reads(self) -> frozenset[str]:
        """What it takes from elsewhere, built-in functions among it."""
        return frozenset(global_reads(self.source)) - self.names


def pieces_of(cells: Iterable[Cell]) -> tuple[list[Piece], bool]:
    """The code cells, and whether there was too much code to take all of it.

    Cells without any mark have less room than marked ones, which are more likely to be answers.
    """
    found, over = [], False
    room = {True: MOST_MARKED, False: MOST_TEXT}
    for cell in cells:
        if not cell.is_code:
            continue
        marked = bool(cell.grade_id or cell.exercise)
        room[marked] -= min(len(cell.source), LONGEST)
        over = over or room[marked] < 0
        if room[marked] < 0 or (len(cell.source) > LONGEST and not marked):
            continue
        source, commands = without_magics(cell.source) if len(cell.source) <= LONGEST else (cell.source, [])
        found.append(Piece(cell, source, tuple(commands)))
    return found, over
