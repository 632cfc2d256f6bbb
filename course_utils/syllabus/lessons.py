"""What a lesson says about itself, read from its notebook: goals, exercises, titles of its sections."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.launch import lessons as student_notebooks
from course_utils.syllabus.errors import SyllabusError

GOALS = "You will be able to"
HEADING = re.compile(r"(#{1,6}) +(.+?)\s*")
WORTH = re.compile(r"^\*(?P<points>\d+) points? · about (?P<minutes>\d+) minutes\*$", re.MULTILINE)
WIDGETS = re.compile(r"^from course_utils\.widgets import (\([^)]*\)|.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Assigned:
    """An exercise of a lesson. Points and minutes stand in notebooks only; in a source they are 0."""

    name: str
    title: str
    points: int = 0
    minutes: int = 0


@dataclass(frozen=True)
class Lesson:
    """A lesson that exists.

    Args:
        name: its file name without ending ("02_convolution").
        prerequisites: names of lessons.
        goals: the sentences under 'You will be able to', without marks.
        headings: the titles of its sections, without marks; `pictured` those with a figure below them.
    """

    name: str
    title: str
    minutes: int
    prerequisites: tuple[str, ...]
    goals: tuple[str, ...]
    exercises: tuple[Assigned, ...]
    headings: tuple[str, ...]
    pictured: frozenset[str]

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)


def read_lessons(root: Path) -> dict[str, Lesson]:
    """The lessons of a clone in their order, by name.

    A learner's own notebook may have been changed, so the solution's is read where it is there.

    Raises:
        SyllabusError: a notebook cannot be read.
    """
    found = {}
    for name, handed_out in student_notebooks(root).items():
        solved = root / "solutions" / handed_out.name
        path = solved if solved.is_file() else handed_out
        try:
            found[name] = describe(name, json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SyllabusError(
                f"{path} is not a readable lesson ({error}). Fetch it again, or run:  course build"
            ) from error
    return found


def describe(name: str, notebook: Mapping[str, Any]) -> Lesson:
    """A lesson from its notebook, as JSON or as Jupytext reads the source."""
    cells = [(cell["cell_type"], _text(cell), cell.get("metadata", {})) for cell in notebook["cells"]]
    told = notebook.get("metadata", {}).get("course", {})
    prose = [text for kind, text, _ in cells if kind == "markdown"]
    return Lesson(
        name=name,
        title=told.get("title", name),
        minutes=told.get("minutes", 0),
        prerequisites=tuple(told.get("prerequisites", ())),
        goals=tuple(goal for text in prose for goal in _goals(text)),
        exercises=tuple(_exercises(cells)),
        headings=tuple(plain(title) for text in prose for _, title in _headings(text)),
        pictured=frozenset(_pictured(cells)),
    )


def plain(text: str) -> str:
    """Words without the marks of Markdown."""
    return re.sub(r"\*\*|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", text.strip())


def _text(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _headings(text: str) -> Iterator[tuple[int, str]]:
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        found = HEADING.fullmatch(line)
        if found and not fenced:
            yield len(found[1]), found[2]


def _goals(text: str) -> Iterator[str]:
    lines = text.splitlines()
    if not any(line.strip("#* :") == GOALS for line in lines):
        return
    for line in lines:
        if line.startswith(("- ", "* ")):
            yield plain(line[2:].rstrip(".;"))


def _exercises(cells: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Iterator[Assigned]:
    statement = ""
    for kind, text, metadata in cells:
        course = metadata.get("course", {})
        name = course.get("exercise") if course.get("role") == "answer" else metadata.get("exercise")
        if name:
            titles = [plain(title) for _, title in _headings(statement)]
            worth = WORTH.search(statement)
            numbers = {key: int(value) for key, value in worth.groupdict().items()} if worth else {}
            yield Assigned(name, titles[-1] if titles else name, **numbers)
        statement = text if kind == "markdown" else ""


def _pictured(cells: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Iterator[str]:
    """Sections in which a code cell draws: a still picture says itself in words, a widget is called."""
    imported = [found for _, text, _ in cells for found in WIDGETS.findall(text)]
    draws = {"with_text", *re.findall(r"\w+", " ".join(imported))}
    above: dict[int, str] = {}
    for kind, text, _ in cells:
        if kind == "markdown":
            for level, title in _headings(text):
                above = {rank: name for rank, name in above.items() if rank < level} | {level: plain(title)}
        elif draws & set(re.findall(r"(\w+)\(", text)):
            yield from above.values()
