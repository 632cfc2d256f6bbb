"""May the other cells of a notebook have spoilt an answer? If not, trying it alone would tell nothing new."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from course_utils.grading.lessons.parsing import bound_names, global_reads, parsed

NAMES = ("exec", "eval", "setattr", "delattr", "globals", "vars", "exit", "quit")
METHODS = ("set_", "settrace", "setprofile", "setrec", "_", "exit", "manual_seed", "seed", "use_", "enable")
PLAIN = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)


def could_matter(source: str, others: Iterable[str]) -> bool:
    """Whether the cell `source` might do otherwise without the cells `others` before it.

    It might when it reads a name that one of them binds, or when one of them does more than define functions
    that compute: runs statements, sets something that outlives a call, or cannot be read.
    """
    reads = global_reads(source)
    return any(reads & bound_names(parsed(other)) or not _only_computes(other) for other in others)


def _only_computes(source: str) -> bool:
    tree = parsed(source)
    if tree is None:
        return False
    own = all(isinstance(each, PLAIN) or _is_text(each) for each in tree.body)
    return own and not any(_reaches_out(node) for node in ast.walk(tree))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _reaches_out(node: ast.AST) -> bool:
    """Something that a later cell could notice: an attribute set, a setting switched, a name made global."""
    if isinstance(node, (ast.Global, ast.Delete)):
        return True
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return not (isinstance(node.value, ast.Name) and node.value.id == "self")
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return called.attr != "__init__" and called.attr.startswith(METHODS)
    return isinstance(called, ast.Name) and (called.id in NAMES or called.id.startswith("_"))
