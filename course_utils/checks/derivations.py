"""Exercises answered by a derivation: each step a function, checked in float64 at random points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from course_utils.checks import explain
from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import Tolerance, as_tensor
from course_utils.checks.diagnosis import Failure
from course_utils.checks.exercise import Exercise
from course_utils.checks.respond import Response, call
from course_utils.checks.verdict import Verdict


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Args:
        name: the function that the learner writes.
        oracle: the quantity that this line claims, computed another way (autograd, a finite
            difference, a sum written out), as a function of the symbols.
        title: the line in words or signs ("∂ℓ/∂p").
        arguments: which symbols the function takes, in order; all of them when empty.
        terms: parts whose sum, or part of whose sum, is the quantity: a missing one can be named.
    """

    name: str
    oracle: Callable
    title: str
    arguments: Sequence[str] = ()
    terms: Mapping[str, Callable] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DerivationExercise(Exercise):
    """The learner passes one function a step; the first wrong step is named.

    Args:
        steps: in the order of the derivation.
        cases: draws points, `Case(kwargs=symbols)` in float64, in several dimensions
            (never only two classes).
        dimensions: symbols -> sizes by name ({"N": 5, "K": 4}), so that a factor N or 1/K can be named.
        rtol, atol: closeness. The points are float64; a right formula may end in a float32 tensor.
    """

    steps: Sequence[Step]
    cases: Callable[[torch.Generator], Sequence[Case]]
    dimensions: Callable[[Mapping[str, Any]], Mapping[str, float]] | None = None
    rtol: float = 1e-5
    atol: float = 1e-8

    def __post_init__(self) -> None:
        object.__setattr__(self, "tolerance", Tolerance(self.rtol, self.atol))

    def draw(self, seed: int) -> list[Case]:
        points = list(self.cases(torch.Generator().manual_seed(seed)))
        return [
            Case((position,), point.kwargs, point.label, group=step.name)
            for position, step in enumerate(self.steps)
            for point in points
        ]

    def respond(self, answer: Any, case: Case) -> Response:
        step = self._step(case)
        return call(self._functions(answer)[step.name], Case(self._inputs(step, case)))

    def expect(self, case: Case) -> Response:
        step = self._step(case)
        return call(step.oracle, Case(self._inputs(step, case)))

    def wrong_form(self, answer: Any) -> str:
        names = [step.name for step in self.steps]
        if isinstance(answer, Mapping):
            functions = [answer.get(name) for name in names]
        else:
            functions = answer if isinstance(answer, (tuple, list)) else (answer,)
        if len(functions) == len(names) and all(map(callable, functions)):
            return ""
        return f"Pass the {len(self.steps)} functions, in order"

    def right_answer(self) -> Mapping[str, Callable]:
        return {step.name: step.oracle for step in self.steps}

    def as_answered(self, known: Misconception) -> Mapping[str, Callable]:
        return {**self.right_answer(), **known.answer}

    def own_names(self) -> set[str]:
        return {self.name, *(step.name for step in self.steps)}

    def answer_names(self) -> tuple[str, ...]:
        return tuple(step.name for step in self.steps)

    def asks_for(self) -> str:
        return ", ".join(step.name for step in self.steps)

    def describe(self, case: Case, answer: Any) -> str:
        step = self._step(case)
        inputs = Case(self._inputs(step, case))
        written = explain.written_call(step.name, inputs, self._functions(answer)[step.name], step.oracle)
        return f"step {case.args[0] + 1}, {step.title}: {written}"

    def judge(self, answer: Any, cases: Sequence[Case], responses: Sequence[Response]) -> Verdict:
        """Judge step by step; stop at the first that is wrong or not written. Each step is a group of cases."""
        so_far: list[Case] = []
        for position, step in enumerate(self.steps):
            of_step = [(c, r) for c, r in zip(cases, responses, strict=True) if c.args[0] == position]
            stub = next((r for _, r in of_step if r.not_attempted), None)
            if stub:
                return self._unwritten(position, step, stub, so_far)
            failures, passed = self._sort(*zip(*of_step, strict=True))
            if failures:
                shown, known, certain = self._diagnose(failures, passed)
                text = self._wrong_step(answer, position, shown, known, certain, failures)
                found = {"failures": tuple(failures), "right_cases": (*so_far, *(case for case, _ in passed))}
                return Verdict(
                    self.name, position, len(self.steps), text, True, known, certain=certain, **found
                )
            so_far += [case for case, _ in passed]
        total = len(self.steps)
        text = f"{self.name}: all {total} steps right, {explain.points(self.points)}"
        return Verdict(self.name, total, total, text, right_cases=tuple(so_far))

    def remark(self, failures: Sequence[Failure]) -> str:
        return self._term(failures) or self._dimension(failures) or super().remark(failures)

    def _unwritten(self, position: int, step: Step, stub: Response, so_far: Sequence[Case]) -> Verdict:
        text = explain.not_attempted(self, stub)
        if position:
            so_far = self._right_so_far(position)
            text = f"{self.name}: {so_far}; step {position + 1}, `{step.name}`, is not written yet."
        return Verdict(self.name, position, len(self.steps), text, attempted=False, right_cases=tuple(so_far))

    def _right_so_far(self, position: int) -> str:
        return f"{position} of {len(self.steps)} steps right"

    def _wrong_step(
        self,
        answer: Any,
        position: int,
        shown: Failure,
        known: Misconception | None,
        certain: bool,
        failures: Sequence[Failure],
    ) -> str:
        lines = [f"{self.name}: {self._right_so_far(position)}"]
        lines.append(f"  {self.describe(shown.case, answer)}")
        lines += [f"    {line}" for line in explain.both_values(shown.difference)]
        sentence = (known.says if certain else self.partly(known)) if known else self.remark(failures)
        lines += [f"  {sentence}"] if sentence else []
        return "\n".join([*lines, *explain.closing(self, known)])

    def _is_same_mistake(self, known: Misconception, failure: Failure) -> bool:
        return self._step(failure.case).name in known.answer and super()._is_same_mistake(known, failure)

    def _contradicted(self, known: Misconception, passed: Sequence[tuple[Case, Response]]) -> bool:
        return any(self._step(case).name in known.answer for case, _ in passed[:1]) and super()._contradicted(
            known, passed
        )

    def _step(self, case: Case) -> Step:
        return self.steps[case.args[0]]

    def _inputs(self, step: Step, case: Case) -> tuple:
        return tuple(case.kwargs[symbol] for symbol in (step.arguments or case.kwargs))

    def _functions(self, answer: Any) -> Mapping[str, Callable]:
        if isinstance(answer, Mapping):
            return answer
        given = answer if isinstance(answer, (tuple, list)) else (answer,)
        return dict(zip((step.name for step in self.steps), given, strict=True))

    def _term(self, failures: Sequence[Failure]) -> str:
        """Is one known term missing, doubled or of the wrong sign, at every failed point?"""
        step = self._step(failures[0].case)
        for name, term in step.terms.items():
            for times, sentence in (
                (-1, f"The term {name} is missing."),
                (1, f"The term {name} is there twice."),
                (-2, f"The term {name} has the wrong sign."),
            ):
                if all(self._off_by(failure, term, times) for failure in failures):
                    return sentence
        return ""

    def _off_by(self, failure: Failure, term: Callable, times: float) -> bool:
        part = as_tensor(term(*self._inputs(self._step(failure.case), failure.case)))
        expected, got = as_tensor(failure.expected.value), as_tensor(failure.response.value)
        if expected is None or got is None or expected.shape != got.shape:
            return False
        return torch.allclose(got.double(), (expected + times * part).double(), rtol=1e-4, atol=1e-8)

    def _dimension(self, failures: Sequence[Failure]) -> str:
        """Is the answer off by a factor N or 1/N, the N of each point?"""
        if self.dimensions is None:
            return ""
        for name in self.dimensions(failures[0].case.kwargs):
            for power, sentence in ((1, f"{name} times too large"), (-1, f"{name} times too small")):
                if all(self._scaled(failure, name, power) for failure in failures):
                    return f"Your result is {sentence} at every point."
        return ""

    def _scaled(self, failure: Failure, name: str, power: int) -> bool:
        factor = float(self.dimensions(failure.case.kwargs)[name]) ** power
        expected, got = as_tensor(failure.expected.value), as_tensor(failure.response.value)
        if factor == 1 or expected is None or got is None or expected.shape != got.shape:
            return False
        return torch.allclose(got.double(), expected.double() * factor, rtol=1e-4, atol=1e-8)
