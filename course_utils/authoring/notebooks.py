"""Make the notebooks of a lesson from its source: same source, same bytes."""

from __future__ import annotations

import copy
import hashlib

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.authoring.publication import Publication
from course_utils.authoring.source import LessonSource, SourceCell

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Only the text carries the pairing. Were it in the notebook too, JupyterLab with jupytext would refuse to
# open a lesson that was saved elsewhere, or take a learner's answers back to the stubs of an untouched text.
PAIRING = {
    "formats": "ipynb,py:percent",
    "notebook_metadata_filter": "course,kernelspec,-jupytext.text_representation.jupytext_version",
    "cell_metadata_filter": "course,nbgrader,tags,-all",
}


def student_notebook(
    lesson: LessonSource, place: Publication, titles: dict[str, str]
) -> nbformat.NotebookNode:
    """What a learner opens: stubs for solutions, no outputs."""
    return _notebook(lesson, place, titles, student=True)


def solution_notebook(
    lesson: LessonSource, place: Publication, titles: dict[str, str]
) -> nbformat.NotebookNode:
    """The same lesson with its solutions and their marks (nbgrader's source version), not yet run."""
    return _notebook(lesson, place, titles, student=False)


def paired_text(notebook: nbformat.NotebookNode) -> str:
    """The student notebook as py:percent, as jupytext pairs it."""
    paired = copy.deepcopy(notebook)
    paired.metadata["jupytext"] = PAIRING
    return jupytext.writes(paired, fmt="py:percent")


def as_json(notebook: nbformat.NotebookNode) -> str:
    """The notebook file's text."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def code_hash(notebook: nbformat.NotebookNode) -> str:
    """Changes when a code cell does, not when prose does: only then must a lesson be run again."""
    code = "\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()


def _notebook(
    lesson: LessonSource, place: Publication, titles: dict[str, str], *, student: bool
) -> nbformat.NotebookNode:
    cells = []
    for position, cell in enumerate(lesson.cells):
        if student and cell.solution_only:
            continue
        cells.append(_cell(lesson, position, cell, student))
        if position == 0:
            cells[0].source = _with_line(cells[0].source, place.under_title(lesson, titles))
            setup = new_code_cell(
                place.setup_cell(), id=f"{lesson.name}-setup", metadata={"course": {"role": "setup"}}
            )
            cells.append(setup)
    course = {"lesson": lesson.name, "title": lesson.title, "minutes": lesson.minutes,
              "prerequisites": list(lesson.prerequisites)}  # fmt: skip
    metadata = {"course": course, "kernelspec": KERNEL, "language_info": {"name": "python"}}
    return new_notebook(cells=cells, metadata=metadata)


def _cell(lesson: LessonSource, position: int, cell: SourceCell, student: bool) -> nbformat.NotebookNode:
    identity = f"{lesson.name}-{position:03d}"
    if cell.kind == "markdown":
        following = lesson.cells[position + 1].exercise if position + 1 < len(lesson.cells) else ""
        text = _with_line(cell.text, _worth(lesson.exercises[following]), "### ") if following else cell.text
        return new_markdown_cell(text, id=identity)
    source = lesson.student_text(cell) if student else cell.text
    return new_code_cell(source, id=identity, metadata=_metadata(lesson, cell))


def _metadata(lesson: LessonSource, cell: SourceCell) -> dict:
    metadata: dict = {}
    if cell.exercise:
        metadata["course"] = {"exercise": cell.exercise, "role": "answer"}
        metadata["nbgrader"] = _nbgrader(cell.exercise, solution=True)
    elif cell.check:
        metadata["course"] = {"exercise": cell.check, "role": "check"}
        metadata["nbgrader"] = _nbgrader(f"check-{cell.check}", points=lesson.exercises[cell.check].points)
    if cell.varies:
        metadata["tags"] = ["nbval-ignore-output"]
    return metadata


def _nbgrader(grade_id: str, *, solution: bool = False, points: int = 0) -> dict:
    """nbgrader's metadata, schema version 3: an answer cell to fill in, or a locked cell worth points."""
    told = {"grade": not solution, "grade_id": grade_id, "locked": not solution, "schema_version": 3,
            "solution": solution, "task": False}  # fmt: skip
    return told if solution else {**told, "points": points}


def _worth(exercise) -> str:
    points = f"{exercise.points} point{'' if exercise.points == 1 else 's'}"
    return f"*{points} · about {exercise.minutes} minutes*"


def _with_line(text: str, line: str, title: str = "# ") -> str:
    """`text` with `line` set below its first title of that rank."""
    lines = text.splitlines()
    at = next(number for number, each in enumerate(lines) if each.startswith(title))
    return "\n".join([*lines[: at + 1], "", line, *lines[at + 1 :]])
