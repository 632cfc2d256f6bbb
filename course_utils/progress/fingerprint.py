"""A short mark of an answer, which tells whether it was written anew and from which nobody can read it."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterator
from typing import Any

LENGTH = 16  # hexadecimal digits


def fingerprint(answer: Any) -> str:
    """The same for the same code, however it is laid out and commented; another for other code."""
    digest = hashlib.sha256()
    for piece in _pieces(answer):
        digest.update(piece.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:LENGTH]


def _pieces(answer: Any) -> Iterator[str]:
    if isinstance(answer, tuple):  # the steps of a derivation
        for each in answer:
            yield from _pieces(each)
    elif isinstance(answer, type):
        for name, member in sorted(vars(answer).items()):
            if isinstance(member, types.FunctionType):
                yield name
                yield from _pieces(member)
    elif isinstance(code := getattr(answer, "__code__", answer), types.CodeType):
        yield from (code.co_code.hex(), *code.co_names, *code.co_varnames)
        for constant in code.co_consts:
            yield from _constant(constant)
    elif isinstance(answer, str | int | float | bool | list | dict | type(None)):
        yield repr(answer)
    else:
        yield type(answer).__qualname__


def _constant(constant: Any) -> Iterator[str]:
    if isinstance(constant, types.CodeType):
        yield from _pieces(constant)
    elif isinstance(constant, frozenset):  # its order differs from process to process
        yield from sorted(map(repr, constant))
    else:
        yield repr(constant)
