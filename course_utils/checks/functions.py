"""Exercises answered by a function, compared with an oracle on drawn cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from course_utils.checks import explain
from course_utils.checks.case import Case
from course_utils.checks.compare import Difference, Tolerance
from course_utils.checks.exercise import Exercise
from course_utils.checks.respond import Response, call


@dataclass(frozen=True, kw_only=True)
class FunctionExercise(Exercise):
    """The learner writes a function; `oracle`, independent of the solution, gives the expected values.

    Args:
        oracle: called with the case's inputs. Where it raises, the answer must raise the same.
        cases: draws the cases from a seeded generator.
        rtol, atol: |expected - got| <= atol + rtol |expected| counts as equal.
        keeps_inputs: refuse an answer that changes a tensor input in place.
    """

    oracle: Callable
    cases: Callable[[torch.Generator], Sequence[Case]]
    rtol: float = 1e-4
    atol: float = 1e-5
    keeps_inputs: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "tolerance", Tolerance(self.rtol, self.atol))

    def draw(self, seed: int) -> list[Case]:
        return list(self.cases(torch.Generator().manual_seed(seed)))

    def respond(self, answer: Callable, case: Case) -> Response:
        return call(answer, case, echo=self.keeps_inputs)

    def expect(self, case: Case) -> Response:
        return call(self.oracle, case)

    def right_answer(self) -> Callable:
        return self.oracle

    def wrong_form(self, answer: Any) -> str:
        return "" if callable(answer) else "Pass the function itself, without calling it"

    def describe(self, case: Case, answer: Any) -> str:
        return explain.written_call(self.name, case, answer, self.oracle)

    def difference(self, expected: Response, response: Response) -> Difference | None:
        if self.keeps_inputs and response.inputs_changed:
            changed = f"Your function changed its input `{response.inputs_changed}` in place: work on a copy."
            return Difference(expected.value, None, remark=changed)
        return super().difference(expected, response)
