"""May the other cells of a notebook have spoilt an answer? If not, trying it alone would tell nothing new."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

from course_utils.grading.lessons.parsing import binds, bound_names, global_reads, parsed

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
    things = _things(tree, foreign=global_reads(source) - set(dir(builtins)))
    return own and not any(_reaches_out(node, things) for node in ast.walk(tree))


def _things(tree: ast.Module, foreign: set[str]) -> set[str]:
    """Names of objects that a call is given, makes or finds in these: what is set on them is gone with it."""
    classes = {each.name for each in tree.body if isinstance(each, ast.ClassDef)}
    given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    makers = (node for node in ast.walk(tree) if isinstance(node, ast.Assign) and _calls(node.value, classes))
    made = {target.id for node in makers for target in node.targets if isinstance(target, ast.Name)}
    walks = (node for node in ast.walk(tree) if isinstance(node, ast.For) and not _names(node.iter) & foreign)
    made |= {name for node in walks for name in _names(node.target)}
    imports = (node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return (given | made) - {name for node in imports for name in binds(node)}


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _calls(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _reaches_out(node: ast.AST, things: set[str]) -> bool:
    """Something that a later cell could notice: an attribute set, a setting switched, a name made global."""
    if isinstance(node, (ast.Global, ast.Delete)):
        return True
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return not (isinstance(node.value, ast.Name) and node.value.id in things)
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return called.attr != "__init__" and called.attr.startswith(METHODS)
    return isinstance(called, ast.Name) and (called.id in NAMES or called.id.startswith("_"))
