"""Source text that nobody vouches for, as a syntax tree: without running it, and whatever it is."""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Iterator
from functools import lru_cache

LONGEST = 100_000  # characters of one answer; the longest of the course's own has 1,500
ANSWER_FAULTS = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)


@lru_cache(maxsize=8)  # one cell is looked at for several reasons, one after another
def parsed(source: str) -> ast.Module | None:
    """The tree of `source`, not to be changed; None where it is no Python, or too long or too nested."""
    if len(source) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except ANSWER_FAULTS:
        return None


def bound_names(tree: ast.Module | None) -> set[str]:
    """The names that the statements of a cell bind where others can see them: not those inside functions."""
    return {name for statement in tree.body for name in binds(statement)} if tree else set()


def binds(statement: ast.stmt) -> Iterator[str]:
    """The names that one statement binds at its own level, in branches and loops too."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []
            waiting.extend(ast.iter_child_nodes(node))


def global_reads(source: str) -> set[str]:
    """The names that `source` takes from outside its functions, those it binds itself among them.

    Names that are only local to its functions, such as arguments, are none; built-in names are.
    """
    if parsed(source) is None:
        return set()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = symtable.symtable(source, "answer", "exec")
    except ANSWER_FAULTS:
        return set()
    found: set[str] = set()
    waiting = [table]
    while waiting:
        each = waiting.pop()
        top = each.get_type() == "module"
        found |= {s.get_name() for s in each.get_symbols() if s.is_referenced() and (top or s.is_global())}
        waiting.extend(each.get_children())
    return found
