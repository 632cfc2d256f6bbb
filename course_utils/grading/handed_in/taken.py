"""What is taken out of an answer, since a judge cannot run it, and what of the learner's goes with it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence
from importlib import import_module

from course_utils.grading.handed_in.pieces import Piece
from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.lessons.parsing import binds, global_reads, parsed
from course_utils.grading.lessons.prelude import is_left_out, module_of, out_of_reach, with_one_name

# What `from math import *` gives is looked up in these; of other modules nothing is run to find out.
STARRED = ("math", "numpy", "random", "torch", "torch.nn", "torch.nn.functional")
KEPT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def without_looks(lesson: Lesson, exercise: str, source: str) -> tuple[str, list[int]]:
    """The answer less its statements that check or draw, and the lines where those began (from 1).

    A line that holds another statement, too, is left alone.

    They call what grading has not (`check`, `plt`, `show_image`): with them the cell would end in an error
    before it has said anything about the answer. Definitions, and what defines the answer, always stay.
    """
    tree = parsed(source)
    unusable = set(out_of_reach(lesson))
    if tree is None or not any(name in source for name in unusable):
        return source, []
    answer, taken = set(lesson.names(exercise)), []
    for statement in tree.body:
        bound = set(binds(statement))
        if _is_the_check_itself(statement) or (bound.isdisjoint(answer) and _reads(statement) & unusable):
            unusable |= bound
            if not isinstance(statement, KEPT):
                taken.append(statement)
        else:
            unusable -= bound
    stay = {line for each in set(tree.body).difference(taken) for line in _lines(each)}
    taken = [each for each in taken if stay.isdisjoint(_lines(each))]
    return _replaced(source, taken), list(dict.fromkeys(statement.lineno for statement in taken))


def imports_for(names: Iterable[str], pieces: Sequence[Piece]) -> dict[str, str]:
    """By name, the import that defines it in a cell of the learner's own, where there is one.

    Who needs `math` adds it to the first cell of a notebook, not to the answer.
    """
    wanted, found, stars = set(names), {}, []
    for piece in pieces:
        tree = parsed(piece.source) if (wanted | {"*"}) & piece.names else None
        for node in tree.body if tree else ():
            if isinstance(node, ast.Try) and _only_imports(node):
                found |= dict.fromkeys(wanted & set(binds(node)), ast.unparse(node))
            for each in node.body if isinstance(node, ast.Try) and not _only_imports(node) else [node]:
                if isinstance(each, (ast.Import, ast.ImportFrom)) and not getattr(each, "level", 0):
                    found |= _of_import(each, wanted)
                    if isinstance(each, ast.ImportFrom) and each.names[0].name == "*":
                        stars.append(each)
    unknown = wanted - set(found) - set(dir(builtins)) - {name for piece in pieces for name in piece.names}
    for each in stars:
        if each.module not in STARRED and unknown and not is_left_out(each.module or ""):
            found |= dict.fromkeys(sorted(unknown), ast.unparse(each))
            break
    return found


def with_imports(source: str, imports: Iterable[str]) -> str:
    """The answer with imports in front, though not in front of those that Python wants first."""
    tree, first = parsed(source), 0
    for each in tree.body if tree else ():
        if isinstance(each, ast.ImportFrom) and each.module == "__future__":
            first = each.end_lineno
    lines = source.split("\n")
    return "\n".join([*lines[:first], *imports, *lines[first:]])


def _of_import(node: ast.Import | ast.ImportFrom, wanted: set[str]) -> dict[str, str]:
    found = {}
    for alias in node.names:
        name = alias.asname or alias.name.split(".")[0]
        if name in wanted and not is_left_out(module_of(node, alias)):
            found[name] = ast.unparse(with_one_name(node, alias))
        elif name == "*" and node.module in STARRED:
            given = wanted & _public(node.module)
            found |= {name: f"from {node.module} import {name}" for name in sorted(given)}
    return found


def _public(module: str) -> set[str]:
    """What `from module import *` defines."""
    content = import_module(module)
    return set(getattr(content, "__all__", [name for name in vars(content) if not name.startswith("_")]))


def _only_imports(node: ast.Try) -> bool:
    """Does it import one thing or else another, and do nothing besides?"""
    inside = [*node.body, *node.orelse, *node.finalbody, *(s for each in node.handlers for s in each.body)]
    return all(
        isinstance(each, ast.Pass)
        or (isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant))
        or (
            isinstance(each, (ast.Import, ast.ImportFrom))
            and not getattr(each, "level", 0)
            and not any(alias.name == "*" or is_left_out(module_of(each, alias)) for alias in each.names)
        )
        for each in inside
    )


def _reads(statement: ast.stmt) -> set[str]:
    try:
        return global_reads(ast.unparse(statement))
    except RecursionError:
        return set()


def _is_the_check_itself(statement: ast.stmt) -> bool:
    """`from course_utils.checks.convolution import check`, which a sandbox could not follow."""
    return (
        isinstance(statement, ast.ImportFrom)
        and (statement.module or "").startswith("course_utils.checks")
        and [alias.name for alias in statement.names] == ["check"]
    )


def _lines(statement: ast.stmt) -> range:
    return range(statement.lineno, statement.end_lineno + 1)


def _replaced(source: str, statements: list[ast.stmt]) -> str:
    """`source` with `pass` in the place of whole statements, line by line, so that line numbers stay."""
    lines = source.split("\n")
    for statement in statements:
        first, last = statement.lineno - 1, statement.end_lineno
        lines[first:last] = ["pass", *[""] * (last - first - 1)]
    return "\n".join(lines)
