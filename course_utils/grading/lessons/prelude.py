"""What an answer may build on: the lesson's own statements from the cells above it, and no more of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from course_utils.grading.lessons.lesson import CODE, Lesson
from course_utils.grading.lessons.parsing import binds, bound_names, global_reads, parsed

# The sandbox has no checks, and nobody looks at its pictures.
LEFT_OUT = (
    "matplotlib",
    "ipywidgets",
    "IPython",
    "subprocess",
    *(f"course_utils.{part}" for part in ("checks", "widgets", "plots", "grading", "authoring")),
)
DEFINING = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Try,
)


@dataclass(frozen=True)
class Statement:
    """One statement of the lesson that defines names; imports are split into one a name."""

    cell: int
    source: str
    binds: frozenset[str]
    reads: frozenset[str]


def prelude(
    lesson: Lesson, exercise: str, sources: Sequence[str], defined: Mapping[str, int] | None = None
) -> str:
    """The lesson's statements that define what `sources` use and do not define, in the lesson's order.

    Only statements of cells above the answer cell of `exercise` count: imports, definitions and assignments,
    with what they need in turn. Left out is what draws, checks or depends on an answer.

    Args:
        defined: names that answers run before have defined, each with the position of its cell. As in the
            notebook, such a name goes on to hold what the answer gave it, unless the lesson defines it again
            below that cell.
    """
    above = _above(lesson, exercise)
    own = {name for source in sources for name in bound_names(parsed(source))}
    wanted = {name for source in sources for name in global_reads(source)} - own
    needed = [above[index] for index in sorted(_needed(above, wanted))]
    last = {name: each.cell for each in needed for name in each.binds}
    place = lesson.answers[exercise].position
    kept = sorted(n for n, cell in (defined or {}).items() if last.get(n, place) < cell < place)
    return "\n".join(_keeping(kept, [each.source for each in needed]))


def _keeping(names: Sequence[str], statements: list[str]) -> list[str]:
    """The statements, after which `names` hold what they held before, where they held anything."""
    if not names:
        return statements
    kept = f"_course_kept = {{name: globals()[name] for name in {list(names)!r} if name in globals()}}"
    return [kept, *statements, "globals().update(_course_kept)"]


def within_reach(lesson: Lesson, exercise: str) -> frozenset[str]:
    """What the prelude of `exercise` could define, and what any exercise defines."""
    return frozenset(name for each in _above(lesson, exercise) for name in each.binds) | _answer_names(lesson)


def out_of_reach(lesson: Lesson) -> frozenset[str]:
    """The names that the lesson defines by what is left out: `check`, `plt`, `show_image`, a figure.

    A name that a usable statement defines anywhere in the lesson, too, is not among them.
    """
    usable = {n for each in _statements(lesson.cells, _answer_names(lesson)) for n in each.binds}
    return _bound_in(lesson.cells) - usable - _answer_names(lesson) - _of_control_flow(lesson.cells)


def _above(lesson: Lesson, exercise: str) -> list[Statement]:
    place = lesson.answers[exercise].position
    return [each for each in _statements(lesson.cells, _answer_names(lesson)) if each.cell < place]


@cache
def _bound_in(cells: tuple) -> frozenset[str]:
    """All names that the lesson's own cells define."""
    return frozenset(name for cell in cells if cell.role == CODE for name in bound_names(parsed(cell.source)))


@cache
def _of_control_flow(cells: tuple) -> frozenset[str]:
    """Names that loops and `with` blocks of the lesson bind: out of the prelude, yet nothing that draws."""
    return frozenset(
        name
        for cell in cells
        if cell.role == CODE
        for statement in parsed(cell.source).body
        if not isinstance(statement, DEFINING)
        for name in binds(statement)
    )


def _answer_names(lesson: Lesson) -> frozenset[str]:
    return frozenset(name for exercise in lesson.checks for name in lesson.names(exercise))


def _needed(above: Sequence[Statement], wanted: Iterable[str]) -> set[int]:
    """The indices of the statements that define `wanted`, and of those that they need."""
    found: set[int] = set()
    waiting = [(name, len(above)) for name in wanted]
    while waiting:
        name, before = waiting.pop()
        binders = [index for index, each in enumerate(above) if name in each.binds]
        earlier = [index for index in binders if index < before]
        for index in (earlier or binders)[-1:]:
            if index not in found:
                found.add(index)
                waiting += [(read, index) for read in above[index].reads]
    return found


@cache
def _statements(cells: tuple, answers: frozenset[str]) -> tuple[Statement, ...]:
    """The usable statements of a lesson. What a left-out statement defines is of no use to later ones."""
    usable: list[Statement] = []
    lost = set(answers)
    for number, cell in enumerate(cells):
        if cell.role != CODE:
            continue
        for node in parsed(cell.source).body:
            if not isinstance(node, DEFINING):
                lost |= set(binds(node))
            for each in _split(number, node):
                if each.reads & lost or _imports_left_out(each.source):
                    lost |= each.binds
                else:
                    usable.append(each)
                    lost -= each.binds - answers
    return tuple(usable)


def _split(number: int, node: ast.stmt) -> list[Statement]:
    if not isinstance(node, DEFINING):
        return []
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        parts = [with_one_name(node, alias) for alias in node.names]
    else:
        parts = [node]
    return [_statement(number, part) for part in parts]


def with_one_name(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    """The import of one of the names of `node`."""
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], node.level)


def _statement(number: int, node: ast.stmt) -> Statement:
    source = ast.unparse(node)
    reads = set(global_reads(source))
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        reads.add(node.target.id)
    return Statement(number, source, frozenset(bound_names(parsed(source))), frozenset(reads))


def _imports_left_out(source: str) -> bool:
    """Does the statement import, at any depth, what an answer has no use for?"""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return any(is_left_out(module_of(node, alias)) for node in imports for alias in node.names)


def module_of(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """The full name of what an import gives."""
    return alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"


def is_left_out(module: str) -> bool:
    """Is it, or is it part of, one of the packages that grading does without?"""
    return any(f"{module}.".startswith(f"{package}.") for package in LEFT_OUT)
