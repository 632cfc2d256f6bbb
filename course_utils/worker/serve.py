"""The loop of one worker: it runs the student's cells, calls what they define, and sends back data.

Whatever this loop promises, the judge relies on none of it: after the first cell the worker is the student's.
"""

from __future__ import annotations

import contextlib
import importlib
import linecache
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

import torch

from course_utils.scenes.calls import own_randomness, silence
from course_utils.worker import frames, notebook_names
from course_utils.worker.codec import decode, encode
from course_utils.worker.errors import CodecError, TooMuch

SCENES = "course_utils.scenes."


class Namespace:
    """The one namespace in which all cells of a worker run, as in a notebook."""

    def __init__(self) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module  # what a dataclass, or a pickled class, looks itself up in
        self._names = vars(module)
        self._names |= {"display": notebook_names.display, "get_ipython": notebook_names.get_ipython}

    def run(self, source: str, cell: str) -> None:
        """Run a cell; the tracebacks and `inspect` know its lines."""
        filename = f"<answer {cell}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        exec(compile(source, filename, "exec", dont_inherit=True), self._names)

    def has(self, name: str) -> bool:
        return name in self._names

    def get(self, name: str) -> Any:
        """What a cell has defined. Raises NameError when none has."""
        if name not in self._names:
            raise NameError(f"name '{name}' is not defined")
        return self._names[name]


def serve(sock: socket.socket) -> None:
    """Answer questions until the judge closes the socket."""
    answers = Answers(Namespace())
    while True:
        try:
            request = frames.receive(sock)
        except (EOFError, frames.FrameError):
            return
        reply = answers.reply(request)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        _send(sock, {"id": request["id"], **reply})


def _send(sock: socket.socket, reply: dict) -> None:
    try:
        frames.send(sock, reply)
    except frames.FrameTooLarge as error:
        frames.send(sock, {"id": reply["id"], "too_much": str(error)})


class Answers:
    """What is done on each request, and the reply to it."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._deeds: dict[str, Callable[[dict], dict]] = {
            "define": self._define,
            "run": self._run,
            "look": self._look,
            "call": self._call,
            "play": self._play,
        }

    def reply(self, request: dict) -> dict:
        """The reply; whatever the student's code raises, `sys.exit` too, is data in it."""
        try:
            return self._deeds[request["do"]](request)
        except TooMuch as error:
            return {"too_much": str(error)}
        except BaseException as error:
            return {"error": _error_data(error)}

    def _define(self, request: dict) -> dict:
        with silence():
            self._namespace.run(request["source"], request["name"])
        return {"ok": True}

    def _run(self, request: dict) -> dict:
        with silence():
            self._namespace.run(request["source"], request.get("name", "the lesson's own"))
        return {"ok": True}

    def _look(self, request: dict) -> dict:
        name = request["name"]
        if not self._namespace.has(name):
            return {"kind": "missing", "value": None}
        value = self._namespace.get(name)
        if isinstance(value, torch.nn.Module):
            return {"kind": "module", "value": None}
        if callable(value):
            return {"kind": "callable", "value": None}
        return {"kind": "value", "value": encode(value, strides=False)}

    def _call(self, request: dict) -> dict:
        answer = self._namespace.get(request["name"])
        args, kwargs = _arguments(request)
        with own_randomness(request.get("seed", 0)), silence():
            value = answer(*args, **kwargs)
        reply = {"value": encode(value, strides=False)}
        if request.get("echo"):
            reply |= {"args": encode(args, strides=False), "kwargs": encode(kwargs, strides=False)}
        return reply

    def _play(self, request: dict) -> dict:
        scene = _scene(request["scene"])
        answer = self._namespace.get(request["name"])
        args, kwargs = _arguments(request)
        with own_randomness(request.get("seed", 0)), silence():
            value = scene(answer, *args, **kwargs)
        return {"value": encode(value, strides=False)}


def _arguments(request: dict) -> tuple[tuple, dict]:
    args = decode(request.get("args"), strides=True) if request.get("args") is not None else ()
    kwargs = decode(request.get("kwargs"), strides=True) if request.get("kwargs") is not None else {}
    return tuple(args), dict(kwargs)


def _scene(name: str) -> Callable:
    """The function of a scene, "course_utils.scenes.module:function"."""
    module, _, function = name.partition(":")
    if not module.startswith(SCENES) or not function.isidentifier():
        raise CodecError(f"no scene is called {name}")
    return getattr(importlib.import_module(module), function)


def _error_data(error: BaseException) -> Any:
    try:
        return encode(error, strides=False)
    except BaseException:  # its own class may not even say what it is
        return encode(RuntimeError("an exception that cannot be described"), strides=False)
