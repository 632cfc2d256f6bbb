"""Call a learner's answer and keep what came back. Nothing here knows an expected value."""

from __future__ import annotations

import inspect
import linecache
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from course_utils.checks.case import Case, copied
from course_utils.checks.remote import AnswerLost, Remote, name_of
from course_utils.scenes.calls import own_randomness, silence

NOT_THE_LEARNERS = (os.path.dirname(os.__file__), os.path.dirname(os.path.dirname(__file__)), "<frozen")
WRONG_ARGUMENTS = ("unexpected keyword argument", "required positional argument", "positional arguments but")


@dataclass(frozen=True)
class Response:
    """What one call gave: a value, or the exception that it raised."""

    value: Any = None
    error: BaseException | None = None
    inputs_changed: str = ""

    @property
    def not_attempted(self) -> bool:
        """A bare `raise NotImplementedError` is our stub; PyTorch raises it too, but with a text."""
        return type(self.error) is NotImplementedError and not self.error.args


def call(answer: Callable, case: Case, seed: int = 0, echo: bool = True) -> Response:
    """`answer(*args, **kwargs)` on copies of the case's inputs.

    `echo` False spares an answer in another process from sending its inputs back.

    Raises:
        AnswerLost: the answer's process is gone.
    """
    args, kwargs = copied(case.args), copied(dict(case.kwargs))
    try:
        with own_randomness(seed), silence():
            if isinstance(answer, Remote):
                value, args, kwargs = answer.ask(args, kwargs, seed, echo)
            else:
                value = answer(*args, **kwargs)
    except AnswerLost:
        raise
    except (Exception, SystemExit) as error:
        return Response(error=error)
    return Response(value, inputs_changed=_first_changed(answer, case, args, kwargs) if echo else "")


def play(answer: Any, scene: Callable, case: Case, seed: int = 0) -> Response:
    """The raw data of `scene(answer, *args, **kwargs)`, played where the answer lives.

    Raises:
        AnswerLost: the answer's process is gone.
    """
    if not isinstance(answer, Remote):
        return call(scene, Case((answer, *case.args), case.kwargs), seed, echo=False)
    try:
        return Response(answer.play(name_of(scene), case.args, dict(case.kwargs), seed))
    except AnswerLost:
        raise
    except (Exception, SystemExit) as error:
        return Response(error=error)


def looked_at(raw: Response, look: Callable[..., Any], case: Case) -> Response:
    """`look(data, *args, **kwargs)` at what a scene gave; raw data of another form than a scene's is an error."""
    if raw.error is not None:
        return raw
    try:
        with own_randomness(0), silence():
            return Response(look(raw.value, *copied(case.args), **copied(dict(case.kwargs))))
    except Exception as error:
        return Response(error=error)


def quietly(function: Callable, *args: Any) -> Any:
    """Our own references and wrong answers: without warnings, and with gradients even where the
    learner has switched them off."""
    with silence(), torch.enable_grad():
        return function(*args)


def parameter_names(function: Any) -> list[str]:
    """The names of the positional parameters; none when they cannot be told."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except Exception:  # anything can be passed as an answer
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _first_changed(answer: Callable, case: Case, args: tuple, kwargs: dict) -> str:
    """Which tensor input was changed in place: its name or position, or nothing."""
    before = [*enumerate(case.args), *case.kwargs.items()]
    after = {**dict(enumerate(args)), **kwargs}
    for key, old in before:
        if isinstance(old, torch.Tensor) and not _unchanged(old, after.get(key)):
            names = parameter_names(answer)
            return names[key] if isinstance(key, int) and key < len(names) else str(key)
    return ""


def _unchanged(old: torch.Tensor, new: Any) -> bool:
    try:
        return old.shape == new.shape and bool(((old == new) | (old != old)).all())
    except (RuntimeError, AttributeError):  # sparse now, on another device, or no tensor sent back
        return False


def error_text(error: BaseException) -> str:
    """What an exception says, on one line; nothing when it cannot say it."""
    try:
        return " ".join(str(error).split())
    except Exception:
        return ""


def where_raised(error: BaseException) -> str:
    """The learner's own line that raised, as "line 4: `return x @ w`"; empty when it cannot be told."""
    told = getattr(error, "course_where", None)
    if told is not None:
        return told if isinstance(told, str) else _last_of(told)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_learners(frame.filename)]
    if not frames:
        return ""
    last = frames[-1]
    line = (last.line or linecache.getline(last.filename, last.lineno or 0)).strip()
    return f"line {last.lineno} of {last.name}: {line}" if line else ""


def _last_of(frames: Sequence[tuple[str, int, str]]) -> str:
    """The innermost of (function, line in the cell, name of the cell), where only the source's owner has the text."""
    return f"line {frames[-1][1]} of {frames[-1][0]}" if frames else ""


def raised_in(error: BaseException) -> str:
    """Name of the function whose body raised."""
    told = getattr(error, "course_raised_in", None)
    if isinstance(told, str):
        return told
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].name if frames else ""


def arguments_do_not_fit(error: BaseException) -> bool:
    """Is it the check's own call that fails, for what the learner wrote takes other arguments?"""
    named = any(words in error_text(error) for words in WRONG_ARGUMENTS)
    return isinstance(error, TypeError) and named and not where_raised(error)


def _is_learners(filename: str) -> bool:
    installed = "site-packages" in filename or "dist-packages" in filename
    return not installed and not filename.startswith(NOT_THE_LEARNERS)
