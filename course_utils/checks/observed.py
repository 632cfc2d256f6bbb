"""Exercises whose answer acts on things: it is tried out in a small scene, and what it does is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from course_utils.checks.case import Case
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.respond import Response, call


@dataclass(frozen=True, kw_only=True)
class ObservedExercise(FunctionExercise):
    """The learner writes a function (or class) that changes models, reads loaders and the like.

    Args:
        observe: called as `observe(answer, *case.args, **case.kwargs)`; sets the scene, lets the answer
            act, and returns what can be seen afterwards, by name. It knows no expected value.
        written: the call as the learner reads it, e.g. "train_step(model, images, labels, optimizer)".
    """

    observe: Callable[..., Mapping[str, Any]]
    written: str = ""

    def respond(self, answer: Callable, case: Case) -> Response:
        return call(self.observe, Case((answer, *case.args), case.kwargs))

    def expect(self, case: Case) -> Response:
        return self.respond(self.oracle, case)

    def describe(self, case: Case, answer: Any) -> str:
        return self.written or f"{self.name}(...)"
