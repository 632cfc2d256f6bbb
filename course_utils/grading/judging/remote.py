"""A student's answer as the judge sees it: a stand-in that asks the worker and gives back data."""

from __future__ import annotations

import ast
import inspect
import time
from collections.abc import Mapping
from typing import Any

from course_utils.checks.remote import AnswerLost, Remote
from course_utils.grading.sandbox.sandbox import Worker, WorkerEnded
from course_utils.worker.codec import CodecError, decode, encode

CALLS = 3  # an exercise may take as long as this many of its longest calls
LEAST = 0.01  # seconds; a question is never asked with no time to answer


class Stopped(AnswerLost):
    """The worker is gone: a limit, or something that is no answer. Checks pass it on."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Clock:
    """How long one exercise may still take."""

    def __init__(self, seconds: float) -> None:
        self.call_seconds = seconds
        self._end = time.monotonic() + CALLS * seconds

    def left(self) -> float:
        """Seconds for the next call. Raises Stopped when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Stopped("time")
        return max(LEAST, min(left, self.call_seconds))


def ask(worker: Worker, clock: Clock, **request: Any) -> Mapping[str, Any]:
    """One question, and the worker's reply. Raises Stopped when there is no reply, or one that is none."""
    try:
        return worker.ask(request, clock.left())
    except WorkerEnded as end:
        raise Stopped(end.reason, end.detail) from None


def error_of(reply: Mapping[str, Any]) -> BaseException | None:
    """The exception that the student's code raised, if it did."""
    return _decoded(reply["error"], BaseException) if "error" in reply else None


def value_of(reply: Mapping[str, Any]) -> Any:
    """The value in a reply. Raises Stopped when there is none to be read."""
    if "value" not in reply:
        raise Stopped("forged", "a reply without a value")
    return _decoded(reply["value"], object)


def _decoded(data: Any, kind: type) -> Any:
    try:
        value = decode(data)
    except CodecError as error:
        raise Stopped("forged", str(error)) from None
    if not isinstance(value, kind):
        raise Stopped("forged", f"expected {kind.__name__}, got {type(value).__name__}")
    return value


class RemoteAnswer(Remote):
    """Call it like the student's function: the inputs go to the worker, plain data comes back.

    Args:
        worker: where the answer's cell has been run; clock: how long the exercise may still take.
        name: what the cell calls it; cell: the exercise that it belongs to; source: its text.

    A call raises what the student's code raised, as a built-in exception, or Stopped.
    """

    def __init__(self, worker: Worker, clock: Clock, name: str, cell: str, source: str) -> None:
        self._worker, self._clock, self._cell, self._source = worker, clock, cell, source
        self.__name__ = name
        self.__signature__ = signature_of(source, name)

    def ask(
        self, args: tuple, kwargs: Mapping[str, Any], seed: int = 0, echo: bool = False
    ) -> tuple[Any, tuple, Mapping[str, Any]]:
        reply = self._asked("call", args, kwargs, seed, echo=echo)
        if echo:
            return value_of(reply), *_inputs_after(reply)
        return value_of(reply), args, kwargs

    def play(
        self, scene: str, args: tuple = (), kwargs: Mapping[str, Any] | None = None, seed: int = 0
    ) -> Any:
        return value_of(self._asked("play", args, kwargs or {}, seed, scene=scene))

    def _asked(
        self, do: str, args: tuple, kwargs: Mapping[str, Any], seed: int, **more: Any
    ) -> Mapping[str, Any]:
        reply = ask(
            self._worker,
            self._clock,
            do=do,
            name=self.__name__,
            args=encode(tuple(args), strides=True),
            kwargs=encode(dict(kwargs), strides=True),
            seed=seed,
            **more,
        )
        error = error_of(reply)
        if error is not None:
            place = place_of(error, self._cell, self._source)
            error.course_where = "line {1} of {0}: {2}".format(*place) if place else ""
            raise error
        return reply


def _inputs_after(reply: Mapping[str, Any]) -> tuple[tuple, Mapping[str, Any]]:
    """What the call left of its inputs, as the worker says."""
    return _decoded(reply.get("args"), tuple), _decoded(reply.get("kwargs"), dict)


def place_of(error: BaseException, cell: str, source: str) -> tuple[str, int, str] | None:
    """The function, the number and the text of the line of a cell in which an exception was last raised.

    The worker names the cell and the number; the text comes from the submission, so that nothing that the
    code made up at run time is shown.
    """
    lines = source.splitlines()
    for function, number, of in reversed(getattr(error, "course_frames", ())):
        if of == cell and 1 <= number <= len(lines):
            return function, number, lines[number - 1].strip()
    return None


def signature_of(source: str, name: str) -> inspect.Signature:
    """The arguments of a function or of a class's constructor, read from its text and never run."""
    node = next((each for each in _definitions(source) if each.name == name), None)
    if isinstance(node, ast.ClassDef):
        node = next((each for each in node.body if getattr(each, "name", "") == "__init__"), None)
        return signature(node.args, skip=1) if isinstance(node, ast.FunctionDef) else inspect.Signature()
    return signature(node.args) if node else inspect.Signature()


def _definitions(source: str) -> list[ast.FunctionDef | ast.ClassDef]:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [each for each in reversed(body) if isinstance(each, (ast.FunctionDef, ast.ClassDef))]


def signature(arguments: ast.arguments, skip: int = 0) -> inspect.Signature:
    """Names and kinds; a default is only known to be there."""
    kinds = inspect.Parameter
    positional = [*arguments.posonlyargs, *arguments.args]
    first_default = len(positional) - len(arguments.defaults)
    found = [
        kinds(each.arg, kinds.POSITIONAL_OR_KEYWORD, default=... if place >= first_default else kinds.empty)
        for place, each in enumerate(positional)
    ][skip:]
    if arguments.vararg:
        found.append(kinds(arguments.vararg.arg, kinds.VAR_POSITIONAL))
    found += [
        kinds(each.arg, kinds.KEYWORD_ONLY, default=kinds.empty if default is None else ...)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        found.append(kinds(arguments.kwarg.arg, kinds.VAR_KEYWORD))
    try:
        return inspect.Signature(found)
    except ValueError:  # the same name twice: Python will say so when the cell is run
        return inspect.Signature()
