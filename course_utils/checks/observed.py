"""Exercises whose answer acts on things: it is tried out in a small scene, and what it does is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from course_utils.checks.case import Case
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.respond import Response, looked_at, play


def as_it_is(raw: Any, *_args: Any, **_kwargs: Any) -> Any:
    """Looks at nothing in particular: the raw data itself is compared."""
    return raw


@dataclass(frozen=True, kw_only=True)
class ObservedExercise(FunctionExercise):
    """The learner writes a function (or class) that changes models, reads loaders and the like.

    Args:
        scene: a function of `course_utils.scenes`, called as `scene(answer, *case.args, **case.kwargs)`; sets
            the scene, lets the answer act, and returns raw data. It knows no expected value, for when grading
            it is played in the answer's own process, which may send anything in place of its data.
        look: called as `look(raw, *case.args, **case.kwargs)`; what can be seen in the raw data, by name.
        written: the call as the learner reads it, e.g. "train_step(model, images, labels, optimizer)".
    """

    scene: Callable[..., Any]
    look: Callable[..., Mapping[str, Any]] = as_it_is
    written: str = ""

    def respond(self, answer: Callable, case: Case) -> Response:
        return looked_at(play(answer, self.scene, case), self.look, case)

    def expect(self, case: Case) -> Response:
        return self.respond(self.oracle, case)

    def describe(self, case: Case, answer: Any) -> str:
        return self.written or f"{self.name}(...)"
