"""Read a lesson's source (py:percent) into cells that know their line, and refuse what is malformed."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode

from course_utils.authoring.errors import AuthoringError
from course_utils.authoring.marks import BEGIN, without_solutions

NAME = re.compile(r"(?P<number>\d\d)_(?P<slug>[a-z0-9_]+)\.py")
REQUIRED = {"title": str, "minutes": int, "prerequisites": list}
KNOWN_KEYS = {"exercise", "check", "output", "tags"}
CELL_MARKER = re.compile(r"# %%(?!%)")


@dataclass(frozen=True)
class SourceCell:
    """One cell of the source: its kind, its text, what its marker says, and where it stands."""

    kind: str
    text: str
    line: int
    exercise: str = ""
    check: str = ""
    varies: bool = False
    solution_only: bool = False


@dataclass(frozen=True)
class LessonSource:
    """A lesson as its author wrote it, checked for form."""

    path: Path
    name: str
    title: str
    minutes: int
    prerequisites: tuple[str, ...]
    cells: tuple[SourceCell, ...]
    exercises: dict[str, Any]

    @property
    def number(self) -> str:
        return self.name[:2]

    def student_text(self, cell: SourceCell) -> str:
        """The cell's text without its solutions."""

        def fail(offset: int, message: str) -> AuthoringError:
            return AuthoringError(self.path, cell.line + 1 + offset, message)

        return without_solutions(cell.text, fail)


def read_source(path: Path) -> LessonSource:
    """Parse and check `solutions/NN_slug.py`.

    Raises:
        AuthoringError: with file and line: a name that is no lesson's, a missing header field, marks that
            do not match, an unknown key, an exercise without its check, a name that no Exercise has, ...
    """
    named = NAME.fullmatch(path.name)
    if not named:
        raise AuthoringError(path, 1, "a lesson's source is called NN_slug.py, in lower case")
    text = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    header = _header(path, text, notebook)
    lines = [n for n, line in enumerate(text.splitlines(), 1) if CELL_MARKER.match(line)]
    if len(lines) != len(notebook.cells):
        raise AuthoringError(path, 1, f"{len(lines)} cell markers but {len(notebook.cells)} cells: "
                                      "is there text before the first `# %%`?")  # fmt: skip
    cells = tuple(_cell(path, line, cell) for line, cell in zip(lines, notebook.cells, strict=True))
    module = f"course_utils.checks.{named['slug']}"
    lesson = LessonSource(path, path.stem, header["title"], header["minutes"],
                          tuple(header["prerequisites"]), cells, _exercises(path, module, cells))  # fmt: skip
    _check_form(lesson)
    return lesson


def read_title(path: Path) -> str:
    """The title in a source's header; the file's name where the header is not written yet."""
    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    return str(notebook.metadata.get("course", {}).get("title", path.stem))


def _header(path: Path, text: str, notebook: NotebookNode) -> dict[str, Any]:
    header = notebook.metadata.get("course", {})
    line = next((n for n, t in enumerate(text.splitlines(), 1) if t.strip() == "#   course:"), 1)
    for field, kind in REQUIRED.items():
        if not isinstance(header.get(field), kind):
            raise AuthoringError(path, line, f"the header's `course:` needs {field!r} ({kind.__name__})")
    for slug in header["prerequisites"]:
        if not (path.parent / f"{slug}.py").is_file() and not re.fullmatch(r"\d\d_\w+", slug):
            raise AuthoringError(path, line, f"prerequisite {slug!r} is not the name of a lesson")
        if slug[:2] >= path.name[:2]:
            raise AuthoringError(path, line, f"prerequisite {slug!r} does not come before this lesson")
    return header


def _cell(path: Path, line: int, cell: NotebookNode) -> SourceCell:
    told = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    unknown = set(told) - KNOWN_KEYS
    if unknown:
        raise AuthoringError(
            path, line, f"unknown cell key {sorted(unknown)[0]!r}; known: {sorted(KNOWN_KEYS)}"
        )
    if told.get("output", "varies") != "varies":
        raise AuthoringError(path, line, f'output={told["output"]!r}: the only value is "varies"')
    tags = told.get("tags", [])
    if set(tags) - {"solution"}:
        raise AuthoringError(path, line, f'tags={tags}: the only tag is "solution"')
    return SourceCell(cell.cell_type, cell.source, line, told.get("exercise", ""), told.get("check", ""),
                      "output" in told, "solution" in tags)  # fmt: skip


def _exercises(path: Path, module: str, cells: tuple[SourceCell, ...]) -> dict[str, Any]:
    """The lesson's exercises by name, from the check module of the same slug."""
    if not any(cell.exercise or cell.check for cell in cells):
        return {}
    try:
        return importlib.import_module(module).check.exercises
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        line = next(cell.line for cell in cells if cell.exercise or cell.check)
        raise AuthoringError(path, line, f"there is no {module} to define this lesson's exercises") from None


def _check_form(lesson: LessonSource) -> None:
    seen: dict[str, dict[str, SourceCell]] = {"exercise": {}, "check": {}}
    for position, cell in enumerate(lesson.cells):
        for role in seen:
            name = getattr(cell, role)
            if name:
                _check_named(lesson, cell, role, name, seen[role])
        if cell.kind == "code":
            lesson.student_text(cell)
        if cell.exercise:
            _check_exercise_cells(lesson, position)
        elif cell.kind == "code" and BEGIN in cell.text:
            raise AuthoringError(lesson.path, cell.line, 'solution marks in a cell without exercise="..."')
    for name, cell in seen["exercise"].items():
        if name not in seen["check"]:
            raise AuthoringError(lesson.path, cell.line, f'exercise="{name}" has no check="{name}" cell')
    for name, exercise in lesson.exercises.items():
        if name not in seen["exercise"]:
            raise AuthoringError(
                lesson.path, 1, f"the exercise {name!r} is defined but has no cell in the lesson"
            )
        _check_see(lesson, seen["exercise"][name], exercise)


def _check_named(lesson: LessonSource, cell: SourceCell, role: str, name: str, seen: dict) -> None:
    if name not in lesson.exercises:
        known = ", ".join(lesson.exercises) or "none"
        raise AuthoringError(lesson.path, cell.line, f"no Exercise is called {name!r}; known: {known}")
    if name in seen:
        raise AuthoringError(
            lesson.path, cell.line, f'a second {role}="{name}"; the first is in line {seen[name].line}'
        )
    seen[name] = cell


def _check_exercise_cells(lesson: LessonSource, position: int) -> None:
    """Statement, answer, check: three cells that stand together."""
    answer = lesson.cells[position]
    if BEGIN not in answer.text:
        raise AuthoringError(lesson.path, answer.line, f'exercise="{answer.exercise}" marks no solution')
    before = lesson.cells[position - 1] if position else None
    if before is None or before.kind != "markdown" or "### " not in before.text:
        raise AuthoringError(
            lesson.path, answer.line, "the cell before an answer must be its statement, with a ### title"
        )
    after = lesson.cells[position + 1] if position + 1 < len(lesson.cells) else None
    if after is None or after.check != answer.exercise:
        raise AuthoringError(lesson.path, answer.line, f'the cell after must be check="{answer.exercise}"')


def _check_see(lesson: LessonSource, cell: SourceCell, exercise: Any) -> None:
    """A paragraph that a check sends the learner to must exist, under that very title."""
    titles = {line.lstrip("#").strip() for c in lesson.cells if c.kind == "markdown"
              for line in c.text.splitlines() if line.startswith("#")}  # fmt: skip
    for title in [exercise.see, *(known.see for known in exercise.misconceptions)]:
        if title and title not in titles:
            raise AuthoringError(
                lesson.path, cell.line, f"{exercise.name} sends to {title!r}, which is no title here"
            )
