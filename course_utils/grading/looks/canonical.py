"""An answer up to renaming: two that differ in names, comments and layout alone have one form."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator

from course_utils.grading.lessons.parsing import parsed

ALIASES = {"F": "torch.nn.functional", "nn": "torch.nn", "np": "numpy"}  # as the lessons import them
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
NO_MEANING = ("annotation", "returns", "type_comment", "kind", "ctx", "type_ignores", "type_params")


def canonical(source: str) -> str:
    """A digest (32 characters of hex) of the syntax of `source`: the same for answers that differ in names.

    Names that the answer gives are numbered in each function as they appear; docstrings, annotations,
    comments, imports and what only shows a result at the end do not count. "" where it cannot be parsed.
    """
    words = _words(source)
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32] if words else ""


def size(source: str) -> int:
    """How many names, numbers, operations and statements the form of `source` has; 0 where it has none."""
    return len(_words(source))


def _words(source: str) -> list[str]:
    tree = parsed(source)
    if tree is None:
        return []
    statements = [each for each in tree.body if not isinstance(each, (ast.Import, ast.ImportFrom, ast.Expr))]
    try:
        return list(_Form(tree).of(statements))
    except RecursionError:
        return []


class _Form:
    """Walks one answer. `scopes` maps the names of each open function to numbers, the innermost last."""

    def __init__(self, tree: ast.Module) -> None:
        self.aliases = dict(ALIASES)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self.aliases |= {a.asname: a.name for a in node.names if a.asname}
            elif isinstance(node, ast.ImportFrom):
                self.aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        self.scopes: list[dict[str, str]] = [dict.fromkeys(_given(tree), "")]
        self.count = 0

    def of(self, value: object) -> Iterator[str]:
        if isinstance(value, list):
            for each in value:
                yield from self.of(each)
            yield ";"
        elif isinstance(value, ast.AST):
            yield from self._node(value)
        elif isinstance(value, str):
            yield self._name(value)
        elif value is not None:
            yield repr(value)

    def _node(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            return
        if isinstance(node, (ast.Attribute, ast.Name)):
            yield from self._dotted(node)
            return
        if isinstance(node, ast.Constant):
            yield f"{type(node.value).__name__} {node.value!r}"
            return
        if isinstance(node, ast.AnnAssign):
            if node.value is not None:
                yield from self.of(ast.Assign([node.target], node.value))
            return
        yield type(node).__name__
        if isinstance(node, SCOPES):
            yield from self._function(node)
            return
        for name, value in _fields(node):
            yield from [repr(value)] if name == "arg" and isinstance(node, ast.keyword) else self.of(value)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
        """The function's own name belongs to the scope around it; its arguments and variables to itself."""
        if not isinstance(node, ast.Lambda):
            yield self._name(node.name)
            yield from self.of(node.decorator_list)
        self.scopes.append(dict.fromkeys(_given(node), ""))
        yield from self.of(node.args)
        yield from self.of(_without_docstring(node.body) if isinstance(node.body, list) else node.body)
        self.scopes.pop()

    def _dotted(self, node: ast.AST) -> Iterator[str]:
        """torch.nn.functional.pad is one word, whatever it was imported as."""
        members = []
        while isinstance(node, ast.Attribute):
            members.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            yield ".".join([self._name(node.id), *reversed(members)])
        else:
            yield "." + ".".join(reversed(members))
            yield from self.of(node)

    def _name(self, name: str) -> str:
        for scope in reversed(self.scopes):
            if name in scope:
                if not scope[name]:
                    self.count += 1
                    scope[name] = f"_{self.count}"
                return scope[name]
        return self.aliases.get(name, name)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields that mean something, less the docstring."""
    for name, value in ast.iter_fields(node):
        if name in NO_MEANING:
            continue
        if name == "body" and isinstance(value, list):
            value = _without_docstring(value)
        yield name, value


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:]
    return body


def _given(node: ast.AST) -> Iterator[str]:
    """The names that a function, or the whole text, gives at its own level: not those of functions inside."""
    waiting = list(ast.iter_child_nodes(node))
    outer: set[str] = set()
    found: list[str] = []
    while waiting:
        each = waiting.pop()
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(each.name)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.append(each.id)
        elif isinstance(each, ast.arg):
            found.append(each.arg)
        elif isinstance(each, ast.ExceptHandler) and each.name:
            found.append(each.name)
        elif isinstance(each, (ast.Global, ast.Nonlocal)):
            outer |= set(each.names)
        if not isinstance(each, (*SCOPES, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(each))
    yield from (name for name in found if name not in outer)
