"""A class is graded on the same cases: what a right answer and a known mistake give is computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MOST = 20_000  # entries; above, all are forgotten, so that many seeds do not fill the memory

_memory: ContextVar[dict | None] = ContextVar("memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, draws, expected values and the responses of misconceptions are kept, by exercise and case.

    Nothing that a learner's answer gave is ever kept. One within another shares the outer one's memory.
    """
    token = _memory.set({}) if _memory.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _memory.reset(token)


def remembered(function: Callable[[], Any], what: str, *objects: Any) -> Any:
    """`function()`, computed once for these very objects (not for equal ones) while remembering."""
    memory = _memory.get()
    if memory is None:
        return function()
    key = (what, *map(id, objects))
    if key not in memory:
        if len(memory) >= MOST:
            memory.clear()
        memory[key] = (objects, function())  # the objects are kept alive, so that no id is used twice
    return memory[key][1]
