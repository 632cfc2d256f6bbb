"""A class that does not exist: submissions made from right answers, wrong ones and untouched stubs.

Right answers are those of `solutions/`; wrong ones are the same with one passage replaced, as
`wrong_sources.toml` lists them. Each answer carries the number of its submission: no two are the same.
"""

from __future__ import annotations

import ast
import copy
import functools
import json
import random
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.stem for path in (ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SHARES = {"right": 0.6, "wrong": 0.3, "stub": 0.1}  # of the answers of a class


class Submission(NamedTuple):
    """A notebook to hand in, and the points that it is worth, by exercise."""

    name: str
    notebook: dict
    points: dict[str, float]


@functools.cache
def notebook(lesson: str, folder: str = "lessons") -> dict:
    """The notebook of a lesson as JSON; of `folder` "lessons" or "solutions"."""
    return json.loads((ROOT / folder / f"{lesson}.ipynb").read_text(encoding="utf-8"))


def role(cell: Mapping) -> tuple[str, str]:
    """("answer" | "check" | "setup" | "", name of the exercise)."""
    told = cell["metadata"].get("course", {})
    return told.get("role", ""), told.get("exercise", "")


def right_sources(lesson: str) -> dict[str, str]:
    """The solution of each exercise, with its marks."""
    cells = notebook(lesson, "solutions")["cells"]
    return {role(cell)[1]: "".join(cell["source"]) for cell in cells if role(cell)[0] == "answer"}


def wrong_sources(lesson: str) -> dict[str, list[str]]:
    """The wrong answers of each exercise. Raises ValueError where a solution no longer has the passage."""
    listed = tomllib.loads((Path(__file__).parent / "wrong_sources.toml").read_text(encoding="utf-8"))[lesson]
    right = right_sources(lesson)
    return {name: [_replaced(right[name], *pair, name) for pair in pairs] for name, pairs in listed.items()}


def _replaced(source: str, old: str, new: str, name: str) -> str:
    if old not in source:
        raise ValueError(f"wrong_sources.toml: the solution of {name} has no {old!r}; take a passage it has")
    return source.replace(old, new, 1)


def points(lesson: str) -> dict[str, float]:
    """What each exercise of a lesson is worth."""
    checks = [cell for cell in notebook(lesson)["cells"] if role(cell)[0] == "check"]
    return {role(cell)[1]: cell["metadata"]["nbgrader"]["points"] for cell in checks}


def unmarked(source: str, signature: str) -> str:
    """A solution as a student writes it: no marks, and one statement that is like no other student's."""
    lines = [line.replace(BEGIN, f"written_by = {signature!r}") for line in source.splitlines()]
    return "\n".join(line for line in lines if line.strip() != END)


def used_definitions(lesson: str) -> list[str]:
    """The lesson's own functions, classes and imports that its answers use, or that those use in turn."""
    own = [cell for cell in notebook(lesson)["cells"] if cell["cell_type"] == "code" and not role(cell)[0]]
    kinds = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    statements = [part for cell in own[1:] for part in ast.parse("".join(cell["source"])).body]
    kept, used = [], _names(ast.parse("\n".join(right_sources(lesson).values())))
    for part in reversed(statements):  # what is used stands before what uses it
        if isinstance(part, kinds) and used & _defined(part):
            kept.append(ast.unparse(part))
            used |= _names(part)
    return kept[::-1]


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _defined(part: ast.stmt) -> set[str]:
    return {part.name} if hasattr(part, "name") else {alias.asname or alias.name for alias in part.names}


def handed_in(lesson: str, answers: Mapping[str, str], *, exercises_only: bool = False) -> dict:
    """The student notebook with these answer cells; the others stay stubs.

    With `exercises_only`, of the lesson's own code only the first cell remains, which imports what the
    answers need, and the functions and classes that they use: nothing is trained or drawn.
    """
    made = copy.deepcopy(notebook(lesson))
    if exercises_only:
        own = [cell for cell in made["cells"] if cell["cell_type"] == "code" and not role(cell)[0]]
        made["cells"] = [cell for cell in made["cells"] if role(cell)[0] or cell is own[0]]
        own[0]["source"] = "\n\n".join(["".join(own[0]["source"]), *used_definitions(lesson)])
    for cell in made["cells"]:
        kind, exercise = role(cell)
        if kind == "answer" and exercise in answers:
            cell["source"] = answers[exercise]
    return made


def submission(lesson: str, number: int, seed: int = 0) -> Submission:
    """Submission `number` of a class; the same for the same lesson, number and seed."""
    draw = random.Random(f"{lesson} {number} {seed}")
    right, wrong, worth = right_sources(lesson), wrong_sources(lesson), points(lesson)
    answers, earned = {}, {}
    for name, source in right.items():
        kind = draw.choices(list(SHARES), weights=list(SHARES.values()))[0]
        earned[name] = worth[name] if kind == "right" else 0
        if kind != "stub":
            chosen = source if kind == "right" else draw.choice(wrong[name])
            answers[name] = unmarked(chosen, f"{number:04d}")
    return Submission(f"student{number:04d}", handed_in(lesson, answers), earned)


def whole_class(lesson: str, count: int, seed: int = 0) -> list[Submission]:
    """`count` submissions of a lesson."""
    return [submission(lesson, number, seed) for number in range(count)]


def write(made: Submission, path: Path) -> None:
    """Save the notebook, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made.notebook, ensure_ascii=False), encoding="utf-8")
