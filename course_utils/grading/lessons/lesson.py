"""The lessons as grading needs them: their exercises, the cells to answer in, the statements before those."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.grading.errors import GradingError

if TYPE_CHECKING:
    from course_utils.checks import Exercise

ANSWER, CHECK, SETUP, PROSE, CODE = "answer", "check", "setup", "prose", "code"


@dataclass(frozen=True)
class LessonCell:
    """A cell as it is handed out. `role` is one of the five above."""

    role: str
    source: str
    exercise: str = ""
    grade_id: str = ""


@dataclass(frozen=True)
class AnswerCell:
    """Where an exercise is answered.

    Args:
        exercise: its name, and the name of the function to write unless the exercise says otherwise.
        grade_id: nbgrader's mark of the cell.
        position: of the cell among all cells of the student notebook, from 0.
        stub: the text that is handed out; solution: the course's own answer.
    """

    exercise: str
    grade_id: str
    position: int
    stub: str
    solution: str


@dataclass(frozen=True)
class Lesson:
    """One lesson: `slug` is "02_convolution", `checks` its exercises by name in their order."""

    slug: str
    checks: Mapping[str, Exercise]
    answers: Mapping[str, AnswerCell]
    cells: tuple[LessonCell, ...]

    def names(self, exercise: str) -> tuple[str, ...]:
        """What the answer cell of `exercise` has to define."""
        of_its_own = getattr(self.checks[exercise], "answer_names", None)
        return tuple(of_its_own()) if of_its_own else (exercise,)

    @cached_property
    def by_grade_id(self) -> dict[str, str]:
        """Exercise by the mark of its answer cell."""
        return {cell.grade_id: name for name, cell in self.answers.items()}

    @cached_property
    def grade_ids(self) -> frozenset[str]:
        """All marks of the lesson, those of the check cells too."""
        return frozenset(cell.grade_id for cell in self.cells if cell.grade_id)

    @cached_property
    def own_sources(self) -> frozenset[str]:
        """The code of the lesson that is no answer, to tell it from what a learner has added."""
        return frozenset(cell.source.strip() for cell in self.cells if cell.role not in (ANSWER, PROSE))


def load_lessons(root: Path, wanted: str | None = None) -> dict[str, Lesson]:
    """The lessons of the course at `root` by slug, or the one that `wanted` names (02, convolution, a path).

    Notebooks are read as JSON: no solution is ever imported or run here.

    Raises:
        GradingError: `root` holds no lessons, none is called `wanted`, or a notebook and its exercises
            do not fit together.
    """
    paths = sorted((Path(root) / "lessons").glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise GradingError(f"no lessons/NN_name.ipynb under {root}: run this inside a clone of the course")
    if wanted is not None:
        plain = Path(wanted).name.removesuffix(".ipynb").removesuffix(".py")
        chosen = [path for path in paths if plain in (path.stem, path.stem[:2], path.stem[3:])]
        if not chosen:
            known = ", ".join(path.stem for path in paths)
            raise GradingError(f"no lesson is called {wanted!r}; there are: {known}")
        paths = chosen
    return {path.stem: _load(path) for path in paths}


def _load(path: Path) -> Lesson:
    handed_out = _cells(path)
    solved = {c.exercise: c.source for c in _cells(path.parents[1] / "solutions" / path.name) if _answers(c)}
    checks = _checks(path.stem)
    answers = {
        cell.exercise: AnswerCell(
            cell.exercise, cell.grade_id, position, cell.source, _without_marks(solved.get(cell.exercise, ""))
        )
        for position, cell in enumerate(handed_out)
        if _answers(cell)
    }
    if set(answers) != set(checks) or set(solved) != set(checks):
        odd = sorted((set(answers) ^ set(checks)) | (set(solved) ^ set(checks)))
        raise GradingError(
            f"{path.name}: its exercises, answer cells and solutions do not match ({', '.join(odd)}): "
            "run `course build`"
        )
    # The notebook's order, in which the cells run and the columns of every table stand.
    return Lesson(path.stem, {name: checks[name] for name in answers}, answers, tuple(handed_out))


def _answers(cell: LessonCell) -> bool:
    return cell.role == ANSWER


def _cells(path: Path) -> list[LessonCell]:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return [_cell(cell) for cell in notebook["cells"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GradingError(
            f"{path}: no readable notebook of the course ({error}): run `course build`"
        ) from error


def _cell(cell: Mapping[str, Any]) -> LessonCell:
    course = cell["metadata"].get("course", {})
    role = course.get("role", CODE) if cell["cell_type"] == "code" else PROSE
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    marks = cell["metadata"].get("nbgrader", {})
    return LessonCell(role, source, course.get("exercise", ""), marks.get("grade_id", ""))


def _without_marks(source: str) -> str:
    """A solution as an answer: without nbgrader's marks, which are the source's own."""
    marks = ("### BEGIN SOLUTION", "### END SOLUTION")
    return "\n".join(line for line in source.splitlines() if line.strip() not in marks)


def _checks(slug: str) -> dict[str, Exercise]:
    module = f"course_utils.checks.{slug[3:]}"
    try:
        return importlib.import_module(module).check.exercises
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise GradingError(f"lesson {slug} has no exercises: {module} could not be imported") from error
