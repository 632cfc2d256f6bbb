"""An exception as data: its built-in class, what it says, and which lines of the answer it passed through."""

from __future__ import annotations

import builtins
import re
import traceback
from typing import Any

from course_utils.worker.errors import CodecError

LONGEST_TEXT = 2000
LONGEST_NAME = 200
MOST_FRAMES = 20
CELL = re.compile(r"<answer (.*)>")


def exception_fields(error: BaseException) -> dict[str, Any]:
    """What stands for an exception; `text` is None when it was raised without arguments."""
    where = [[name, line, cell] for name, line, cell in _frames(error)][-MOST_FRAMES:]
    return {
        "type": _builtin_class(type(error)).__name__,
        "text": _text(error)[:LONGEST_TEXT] if error.args else None,
        "where": where,
        "raised_in": _raised_in(error),
    }


def exception_from(data: dict) -> BaseException:
    """An exception of a built-in class, never raised yet, made from what was sent.

    It carries `course_frames`, a tuple of (function, line in the cell, name of the cell), outermost first,
    and `course_raised_in`, the name of the function whose body raised.

    Raises:
        CodecError: no built-in class of that name, or fields of the wrong kind.
    """
    text, where, raised_in = data.get("text"), data.get("where"), data.get("raised_in")
    if not (text is None or type(text) is str) or type(where) is not list or type(raised_in) is not str:
        raise CodecError("an exception is a class, a text, and where it was raised")
    error = _made(_class_named(data.get("type")), None if text is None else text[:LONGEST_TEXT])
    error.course_frames = tuple(_frame(entry) for entry in where[:MOST_FRAMES])
    error.course_raised_in = raised_in[:LONGEST_NAME]
    return error


def _frames(error: BaseException) -> list[tuple[str, int, str]]:
    found = [
        (frame.name[:LONGEST_NAME], frame.lineno or 0, match[1][:LONGEST_NAME])
        for frame in traceback.StackSummary.extract(
            traceback.walk_tb(error.__traceback__), lookup_lines=False
        )
        if (match := CELL.fullmatch(frame.filename))
    ]
    if isinstance(error, SyntaxError) and (match := CELL.fullmatch(str(error.filename))):
        found.append(("<module>", error.lineno or 0, match[1][:LONGEST_NAME]))
    return found


def _raised_in(error: BaseException) -> str:
    here = error.__traceback__
    while here is not None and here.tb_next is not None:
        here = here.tb_next
    return here.tb_frame.f_code.co_name[:LONGEST_NAME] if here is not None else ""


def _text(error: BaseException) -> str:
    """What the exception says; of a KeyError the key, which `str` would quote a second time over there."""
    try:
        only = error.args[0]
        return only if isinstance(error, KeyError) and type(only) is str else str(error)
    except BaseException:
        return ""


def _builtin_class(kind: type) -> type:
    return next(base for base in kind.__mro__ if getattr(builtins, base.__name__, None) is base)


def _class_named(name: Any) -> type[BaseException]:
    kind = getattr(builtins, name, None) if type(name) is str else None
    if not isinstance(kind, type) or not issubclass(kind, BaseException):
        raise CodecError("no such built-in exception")
    return kind if issubclass(kind, Exception) else SystemExit  # nobody over there may be interrupted by it


def _made(kind: type[BaseException], text: str | None) -> BaseException:
    """The exception; a class that wants more than a text gives way to the one that it is derived from."""
    for base in kind.__mro__:
        try:
            return base() if text is None else base(text)
        except TypeError:
            continue
    raise CodecError("no such built-in exception")


def _frame(entry: Any) -> tuple[str, int, str]:
    fits = type(entry) is list and [type(part) for part in entry] == [str, int, str]
    if not fits or not 0 <= entry[1] <= 1_000_000:
        raise CodecError("a frame is a function, a line and a cell")
    return entry[0][:LONGEST_NAME], entry[1], entry[2][:LONGEST_NAME]
