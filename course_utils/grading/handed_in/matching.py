"""Which cells of a submission answer which exercise of a lesson."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from course_utils.grading.handed_in.pieces import Piece
from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.lessons.parsing import parsed


@dataclass(frozen=True)
class Match:
    """The answer to one exercise: the cells it is put together from, the deciding one last; none if missing.

    `marked` are all cells with the mark of its answer cell; `attempted` is false while the stub still stands.
    """

    cells: tuple[Piece, ...]
    marked: tuple[Piece, ...]
    attempted: bool


class Matching:
    """The matches of one submission. `pieces` are all its code cells in order."""

    def __init__(self, lesson: Lesson, pieces: Sequence[Piece]) -> None:
        self.lesson, self.pieces = lesson, pieces

    @cached_property
    def added(self) -> list[Piece]:
        """The code that is neither marked nor the lesson's own, and so the learner's."""
        own, lesson = self.lesson.own_sources, self.lesson
        return [
            each
            for each in self.pieces
            if each.source.strip() not in own and not each.mark(lesson) and not each.is_check(lesson)
        ]

    def match(self, exercise: str) -> Match:
        """The last attempt above the exercise's check, for that is what its check judged in the notebook.

        A cell with the exercise's mark goes before one that is known by the names it defines. Names that the
        chosen cell lacks are sought in the other ones: cells get split, and functions moved. Where there is
        neither, cells of other exercises are looked into: cells get merged, too.
        """
        stub, names = self.lesson.answers[exercise].stub, set(self.lesson.names(exercise))
        marked = [each for each in self.pieces if each.mark(self.lesson) == exercise]
        attempts = [each for each in marked if not is_stub(each.source, stub)]
        by_name = [e for e in self.added if not names.isdisjoint(e.names) and not is_stub(e.source, stub)]
        by_name = by_name or ([] if attempts else self._merged(exercise))
        if not attempts and not by_name:
            left = marked or [e for e in self.added if not names.isdisjoint(e.names)]  # a stub without a mark
            return Match(tuple(left[-1:]), tuple(marked), False)
        chosen = self._last_above_check(exercise, attempts or by_name)
        lacking = names - chosen.names
        beside = [each for each in attempts if each is not chosen and (lacking | chosen.reads) & each.names]
        beside += [each for each in by_name if each is not chosen and lacking & each.names]
        if parsed(chosen.source) is None:
            beside = []  # nothing can be put together with a cell that is no Python
        return Match((*sorted(beside, key=lambda each: each.number), chosen), tuple(marked), True)

    def _merged(self, exercise: str) -> list[Piece]:
        """Cells marked for other exercises that define what those have no need of and `exercise` has."""
        found = []
        for piece in self.pieces:
            other = piece.mark(self.lesson)
            if other and other != exercise:
                names = set(self.lesson.names(exercise)) - set(self.lesson.names(other))
                if not names.isdisjoint(piece.names):
                    found.append(piece)
        return found

    def _last_above_check(self, exercise: str, candidates: Sequence[Piece]) -> Piece:
        check = next((each.number for each in self.pieces if self._is_check_of(exercise, each)), None)
        sound = [each for each in candidates if parsed(each.source) is not None] or candidates
        above = [each for each in sound if check is None or each.number < check]
        return (above or sound)[-1]

    def _is_check_of(self, exercise: str, piece: Piece) -> bool:
        if not piece.is_check(self.lesson):
            return piece.source.strip().startswith(f"check.{exercise}(")
        return exercise in (piece.cell.exercise, piece.cell.grade_id.removeprefix("check-"))


def is_stub(source: str, stub: str) -> bool:
    """Is it what was handed out, up to space and comments? An emptied cell is no attempt, either."""
    if source.strip() == stub.strip():
        return True
    if "NotImplementedError" not in source:
        return all(not line.strip() or line.strip().startswith("#") for line in source.splitlines())
    tree = parsed(source)
    try:
        return tree is not None and ast.dump(tree) == ast.dump(ast.parse(stub))
    except RecursionError:
        return False
