"""Exercises answered by a value, or by choosing among options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import Difference, Tolerance, a_kind_of
from course_utils.checks.diagnosis import Failure
from course_utils.checks.exercise import Exercise
from course_utils.checks.respond import Response, call
from course_utils.checks.showing import shown


def value_of(answer: Any) -> Response:
    """A value stands for itself, a function without arguments is called for it, `...` is a blank."""
    if answer is ...:
        return Response(error=NotImplementedError())
    return call(answer, Case()) if callable(answer) else Response(answer)


def _without_the_answer(difference: Difference | None) -> Difference | None:
    """A wrong value is shown alone: beside it the right one would end the exercise."""
    if difference is None or difference.remark or isinstance(difference.got, BaseException):
        return difference
    return Difference(difference.expected, difference.got, remark=f"yours   {shown(difference.got)}")


@dataclass(frozen=True, kw_only=True)
class ValueExercise(Exercise):
    """The learner gives a value, or a function without arguments that returns it.

    Args:
        expected: the right value; several right values are better put as an `accept`.
        accept: called with the value, returns "" for a right one and otherwise a sentence on what is wrong.
        rtol, atol: closeness for numbers.
    """

    expected: Any = None
    accept: Callable[[Any], str] | None = None
    rtol: float = 1e-4
    atol: float = 1e-6

    def __post_init__(self) -> None:
        object.__setattr__(self, "tolerance", Tolerance(self.rtol, self.atol))

    def draw(self, seed: int) -> list[Case]:
        return [Case()]

    def respond(self, answer: Any, case: Case) -> Response:
        return value_of(answer)

    def expect(self, case: Case) -> Response:
        return Response(self.expected)

    def right_answer(self) -> Any:
        return self.expected

    def difference(self, expected: Response, response: Response) -> Difference | None:
        if self.accept is None or response.error is not None or expected.value is not self.expected:
            return _without_the_answer(super().difference(expected, response))
        complaint = self.accept(response.value)
        return Difference(self.expected, response.value, remark=complaint) if complaint else None


@dataclass(frozen=True)
class NoChoice:
    """In place of a choice: why there is none to one of the questions."""

    why: str


@dataclass(frozen=True, kw_only=True)
class ChoiceExercise(Exercise):
    """The learner chooses: one option, or an option for each of several questions.

    The right answer is never shown; a wrong one is answered by the misconception it stands for.

    Args:
        options: letter or word -> what it claims.
        answer: the right option, or a mapping from question to the right option.
    """

    options: Mapping[str, str]
    answer: str | Mapping[str, str]

    def draw(self, seed: int) -> list[Case]:
        if isinstance(self.answer, str):
            return [Case()]
        return [Case((question,)) for question in self.answer]

    def respond(self, answer: Any, case: Case) -> Response:
        chosen = value_of(answer)
        if chosen.error is not None or not case.args:
            return chosen
        (question,) = case.args
        if not isinstance(chosen.value, Mapping):
            keys = ", ".join(f"{each!r}: ..." for each in self.answer)
            return Response(NoChoice(f"Return a dictionary, {{{keys}}}; yours is {a_kind_of(chosen.value)}."))
        if question not in chosen.value:
            keys = shown(list(chosen.value))
            return Response(NoChoice(f"Your dictionary has no entry {question!r}; its keys are {keys}."))
        given = chosen.value[question]
        return Response(error=NotImplementedError()) if given is ... else Response(given)

    def expect(self, case: Case) -> Response:
        return Response(self.answer[case.args[0]] if case.args else self.answer)

    def describe(self, case: Case, answer: Any) -> str:
        return f"{self.name}: {case.args[0]}" if case.args else f"{self.name}()"

    def difference(self, expected: Response, response: Response) -> Difference | None:
        if response.error is not None:
            return Difference(None, response.error)
        if isinstance(response.value, NoChoice):
            return Difference(None, None, remark=response.value.why)
        if not isinstance(response.value, str):
            return Difference(None, None, remark=self._listed(response.value))
        given = response.value.strip().lower()
        if given == expected.value:
            return None
        if given not in self.options:
            return Difference(None, given, remark=self._listed(given))
        return Difference(None, given, remark=f"yours   {given!r}: {self.options[given]}")

    def _listed(self, given: Any) -> str:
        return f"Answer with one of {', '.join(map(repr, self.options))}; yours is {shown(given)}."

    def unfinished(self, answer: Any, cases: Sequence[Case], responses: Sequence[Response]) -> str:
        pairs = zip(cases, responses, strict=True)
        blank = [str(case.args[0]) for case, response in pairs if response.not_attempted]
        return f"{self.name}: not finished yet. Still blank: {', '.join(blank)}."

    def remark(self, failures: Sequence[Failure]) -> str:
        return ""

    def _is_same_mistake(self, known: Misconception, failure: Failure) -> bool:
        """A misconception speaks only of the questions that it answers; a blank is no mistake of its kind."""
        if failure.case.args and failure.case.args[0] not in known.answer:
            return False
        return super()._is_same_mistake(known, failure)

    def partly(self, known: Misconception) -> str:
        return known.says

    def _contradicted(self, known: Misconception, passed: Sequence[tuple[Case, Response]]) -> bool:
        return False  # questions stand for themselves; a mistake about one says nothing of another

    def as_answered(self, known: Misconception) -> Any:
        return known.answer if isinstance(self.answer, str) else {**self.answer, **known.answer}

    def right_answer(self) -> Any:
        return self.answer
