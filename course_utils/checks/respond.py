"""Call a learner's answer and keep what came back. Nothing here knows an expected value."""

from __future__ import annotations

import linecache
import traceback
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from course_utils.checks.case import Case, copied


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


@contextmanager
def own_randomness(seed: int):
    """Random numbers from `seed` inside, the learner's own stream untouched outside."""
    state = torch.default_generator.get_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.default_generator.set_state(state)


def call(answer: Callable, case: Case, seed: int = 0) -> Response:
    """`answer(*args, **kwargs)` on copies of the case's inputs."""
    args, kwargs = copied(case.args), copied(dict(case.kwargs))
    try:
        with own_randomness(seed):
            value = answer(*args, **kwargs)
    except (Exception, RecursionError) as error:
        return Response(error=error)
    return Response(value, inputs_changed=_first_changed(case, args, kwargs))


def quietly(function: Callable, *args: Any) -> Any:
    """Our own reference and our wrong answers must not warn into the learner's notebook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args)


def _first_changed(case: Case, args: tuple, kwargs: dict) -> str:
    """Which tensor input was changed in place: its name or position, or nothing."""
    before = [*enumerate(case.args), *case.kwargs.items()]
    after = [*enumerate(args), *kwargs.items()]
    for (key, old), (_, new) in zip(before, after, strict=True):
        if isinstance(old, torch.Tensor) and not _unchanged(old, new):
            return str(key)
    return ""


def _unchanged(old: torch.Tensor, new: torch.Tensor) -> bool:
    return old.shape == new.shape and bool(((old == new) | (old != old)).all())


def where_raised(error: BaseException) -> str:
    """The learner's own line that raised, as "line 4: `return x @ w`"; empty when it cannot be told."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_learners(frame.filename)]
    if not frames:
        return ""
    last = frames[-1]
    line = (last.line or linecache.getline(last.filename, last.lineno or 0)).strip()
    return f"line {last.lineno} of {last.name}: {line}" if line else ""


def raised_in(error: BaseException) -> str:
    """Name of the function whose body raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].name if frames else ""


def _is_learners(filename: str) -> bool:
    return "course_utils" not in filename and "site-packages" not in filename and "<frozen" not in filename
