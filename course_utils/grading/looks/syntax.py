"""Answers looked at as text: what should have been written by hand, and what an instructor should look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from course_utils.grading.lessons.parsing import binds, parsed
from course_utils.grading.looks.canonical import canonical, size
from course_utils.grading.looks.suspicious import (
    ATTRIBUTES,
    BUILTINS_TAKEN_OVER,
    FUNCTIONS,
    METHODS,
    MODULES,
    PATCHED,
    SYS_HARMLESS,
)
from course_utils.grading.naming import safe_text
from course_utils.grading.visible import visible

if TYPE_CHECKING:
    from course_utils.checks import Exercise

__all__ = ["by_hand_warnings", "canonical", "look_at_warnings", "size"]

OWNERS = ("F", "functional", "nn", "torch", "np", "numpy")
MOST = 10  # lines of one kind about one answer


def by_hand_warnings(source: str, exercise: Exercise) -> list[str]:
    """A line for each use of what this exercise asks to write by hand (`exercise.by_hand`).

    A name that the answer defines itself is its own, and so is an argument; a method or a member of a module
    of that name counts, and so does one that is fetched by `getattr`. "F.unfold" leaves a tensor's method
    `unfold` alone.
    """
    by_hand = getattr(exercise, "by_hand", ())
    names = {name.rpartition(".")[2] for name in by_hand}
    functions = {name.rpartition(".")[2] for name in by_hand if "." in name}
    tree = parsed(source) if names else None
    if tree is None:
        return []
    own = {name for statement in tree.body if not _imports(statement) for name in binds(statement)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    found = [
        f"line {node.lineno}: `{safe_text(_written(node), 60)}` is what this exercise asks to write by hand"
        for node in ast.walk(tree)
        if _uses(node, names, own) and not _is_method(node, functions)
    ]
    return list(dict.fromkeys(found))[:MOST]


def _imports(node: ast.AST) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _uses(node: ast.AST, names: set[str], own: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in names and isinstance(node.ctx, ast.Load) and not _is_self(node.value)
    if isinstance(node, ast.Name):
        return node.id in names - own and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.ImportFrom):
        return any(alias.name in names for alias in node.names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        return any(isinstance(each, ast.Constant) and each.value in names for each in node.args[1:2])
    return False


def _is_method(node: ast.AST, functions: set[str]) -> bool:
    """Is it something's own member, where only the function of a module is meant?"""
    if not isinstance(node, ast.Attribute) or node.attr not in functions:
        return False
    return getattr(node.value, "id", getattr(node.value, "attr", "")) not in OWNERS


def _is_self(node: ast.AST) -> bool:
    """A method of the answer's own class is the answer's own."""
    return isinstance(node, ast.Name) and node.id == "self"


def look_at_warnings(source: str) -> list[str]:
    """Lines about what no honest answer needs: reaching into the interpreter, patching, objects that lie.

    They never cost points. An answer that is no Python has none but for what cannot be seen in it.
    """
    found = [f"{what} (line {line})" for line, what in _unseen(source)]
    tree = parsed(source)
    if tree is not None:
        modules = _modules(tree)
        told = [(node, what) for node in ast.walk(tree) for what in _suspicious(node, modules)]
        found += [f"{safe_text(what, 100)} (line {node.lineno})" for node, what in told]
        found += [f"takes over the built-in `{name}`" for name in _taken_over(tree)]
    return list(dict.fromkeys(found))[:MOST]


def _modules(tree: ast.Module) -> set[str]:
    """The names that stand for modules: no argument and no variable of the answer is called so."""
    imported = {name for node in ast.walk(tree) if _imports(node) for name in binds(node)}
    variables = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return (imported | PATCHED) - variables - {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}


def _unseen(source: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.split("\n"), 1):
        if not line.replace("\t", "").isprintable():
            codes = sorted({f"U+{ord(c):04X}" for c in line if c != "\t" and visible(c) != c})
            if codes:
                yield number, f"holds characters that cannot be seen: {', '.join(codes[:3])}"


def _suspicious(node: ast.AST, modules: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"imports `{a.name}`" for a in node.names if _is_suspicious_module(a.name))
    elif isinstance(node, ast.ImportFrom):
        full = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        yield from (f"imports `{name}`" for name in full if _is_suspicious_module(name))
    elif isinstance(node, ast.Attribute):
        if node.attr in ATTRIBUTES or (_is_sys(node.value) and node.attr not in SYS_HARMLESS):
            yield f"uses `.{node.attr}`"
        elif (
            not isinstance(node.ctx, ast.Load)
            and _root(node) in modules
            and ".backends." not in _written(node)
        ):
            yield f"changes `{_written(node)}`"
    elif isinstance(node, ast.Name):
        if node.id in FUNCTIONS and isinstance(node.ctx, ast.Load):
            yield f"uses `{node.id}`"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in ("setattr", "delattr") and node.args and _root(node.args[0]) in modules:
            yield f"changes an attribute of `{_written(node.args[0])}`"
    elif isinstance(node, ast.ClassDef):
        for name in sorted({n for part in node.body for n in binds(part)} & METHODS):
            yield f"the class `{node.name}` defines `{name}`"


def _is_suspicious_module(name: str) -> bool:
    if name.startswith("sys."):
        return name[4:] not in SYS_HARMLESS
    return any(f"{name}.".startswith(f"{module}.") for module in MODULES)


def _is_sys(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "sys"


def _taken_over(tree: ast.Module) -> list[str]:
    return sorted({name for statement in tree.body for name in binds(statement)} & BUILTINS_TAKEN_OVER)


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _written(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:
        return "…"
