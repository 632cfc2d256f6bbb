"""What is left of a cell when everything that does something is taken out of it."""

from __future__ import annotations

import ast

from course_utils.grading.lessons.parsing import parsed

DEFINING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def definitions(source: str) -> str:
    """The imports, functions, classes and plain constants of a cell, each on the lines where it stood.

    For a cell that did not come to its end: scratch work below a function need not cost the function.
    Nothing is left of a cell that is no Python.
    """
    tree = parsed(source)
    nodes = tree.body if tree else []
    kept = {line for node in nodes if _defines(node) for line in _lines(node)}
    doing = {line for node in nodes if not _defines(node) for line in _lines(node)}
    lines = source.split("\n")
    return "\n".join(line if at in kept - doing else "" for at, line in enumerate(lines, 1)).rstrip()


def does_more(source: str) -> bool:
    """Whether a cell does anything but define."""
    tree = parsed(source)
    return tree is None or not all(map(_defines, tree.body))


def _lines(node: ast.stmt) -> range:
    decorators = [each.lineno for each in getattr(node, "decorator_list", ())]
    return range(min([node.lineno, *decorators]), node.end_lineno + 1)


def _defines(node: ast.stmt) -> bool:
    """An import, a function, a class, a constant, or a text that stands alone."""
    return isinstance(node, DEFINING) or (
        isinstance(node, (ast.Assign, ast.Expr)) and isinstance(node.value, ast.Constant)
    )
