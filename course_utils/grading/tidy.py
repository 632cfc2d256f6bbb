"""What a learner left at the end of an answer cell to look at the result, and a judge cannot run."""

from __future__ import annotations

import ast

from course_utils.grading.lessons import Lesson
from course_utils.grading.parsing import binds, global_reads, parsed
from course_utils.grading.prelude import out_of_reach

KEPT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def without_looks(lesson: Lesson, exercise: str, source: str) -> tuple[str, list[int]]:
    """The answer less its statements that check or draw, and the lines where those began (from 1).

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
    return _replaced(source, taken), [statement.lineno for statement in taken]


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


def _replaced(source: str, statements: list[ast.stmt]) -> str:
    """`source` with `pass` in the place of whole statements, line by line, so that line numbers stay."""
    lines = source.split("\n")
    for statement in statements:
        first, last = statement.lineno - 1, statement.end_lineno
        shared = lines[first].encode()[: statement.col_offset].strip() or _after(lines[last - 1], statement)
        if not shared:  # a line that holds another statement, too, is left alone
            lines[first:last] = ["pass", *[""] * (last - first - 1)]
    return "\n".join(lines)


def _after(line: str, statement: ast.stmt) -> bytes:
    rest = line.encode()[statement.end_col_offset :].strip()
    return b"" if rest.startswith(b"#") else rest
