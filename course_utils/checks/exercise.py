"""The frame that all kinds of exercise share: draw cases, collect responses, judge them, name the mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils.checks import explain, patterns
from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import Difference, Tolerance, find_difference
from course_utils.checks.diagnosis import Belief, Failure, believable, clearest, same_error
from course_utils.checks.memory import remembered
from course_utils.checks.respond import Response, quietly
from course_utils.checks.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise as data. The kinds (function, value, module, ...) fill in `respond` and `expect`.

    Args:
        name: the exercise's id and the attribute under which a lesson's `check` offers it.
        points: what it is worth; minutes: about how long it takes.
        misconceptions: wrong answers with the sentence each deserves, the most specific first.
        hints: revealed one at a time, from a nudge to nearly the answer.
        see: title of the lesson's paragraph to read again.

    For grading:
        seconds: limit of one call of the answer.
        needs: exercises of the same lesson whose functions an answer may call; where the learner's own is not
            right, a reference stands in for it.
        by_hand: names whose call would be the answer itself ("conv2d"): a call of one is reported, not punished.
        secret: refuse to judge it where the sandbox is weak.
        partial: points by group of cases, for answers that are right on whole groups only.
    """

    name: str
    points: int
    minutes: int
    misconceptions: Sequence[Misconception] = ()
    hints: Sequence[str] = ()
    see: str = ""
    tolerance: Tolerance = field(default_factory=Tolerance)
    seconds: float = 10.0
    needs: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    secret: bool = False
    partial: Mapping[str, float] | None = None

    def draw(self, seed: int) -> list[Case]:
        """The cases of this seed: 0 in the lesson, a fresh one when grading."""
        raise NotImplementedError(f"{type(self).__name__} must say how cases are drawn")

    def respond(self, answer: Any, case: Case) -> Response:
        """Run the learner's answer on one case. Must not need anything that knows the right answer."""
        raise NotImplementedError(f"{type(self).__name__} must say how an answer is called")

    def expect(self, case: Case) -> Response:
        """What a right answer gives on this case."""
        raise NotImplementedError(f"{type(self).__name__} must say what is expected")

    def wrong_form(self, answer: Any) -> str:
        """A sentence when `answer` is not the kind of thing this exercise asks for, else nothing."""
        return ""

    def own_names(self) -> set[str]:
        """The functions that this exercise asks for: another one left unwritten is worth naming."""
        return {self.name}

    def answer_names(self) -> tuple[str, ...]:
        """What the answer's cell must define."""
        return (self.name,)

    def unfinished(self, answer: Any, cases: Sequence[Case], responses: Sequence[Response]) -> str:
        """What to say when some responses are the stub's and others are not."""
        ends = [c for c, r in zip(cases, responses, strict=True) if r.not_attempted]
        return explain.unfinished(self, answer, ends[0], len(ends), len(cases))

    def asks_for(self) -> str:
        """What stands between the brackets of the check's call."""
        return self.name

    def describe(self, case: Case, answer: Any) -> str:
        """The call as the learner would write it."""
        return f"{self.name}()"

    def remark(self, failures: Sequence[Failure]) -> str:
        """What the numbers alone tell, when no known misconception fits."""
        pairs = [(failure.difference.expected, failure.difference.got) for failure in failures]
        places = {failure.difference.path for failure in failures}
        if len(places) > 1:
            return ""
        return patterns.pattern(pairs, *(f"The value {place}" for place in places if place))

    def partly(self, known: Misconception) -> str:
        """How to state a misconception that explains the case shown and not every failed one."""
        return f"On this call you get exactly what this mistake gives: {known.says}"

    def as_answered(self, known: Misconception) -> Any:
        """A complete answer that makes this one mistake, for the tests and the benchmarks."""
        return known.answer

    def right_answer(self) -> Any:
        """An answer that passes, made from the oracle: for the tests, never shown."""
        raise NotImplementedError(f"{type(self).__name__} must say what a right answer is")

    def examine(self, answer: Any, seed: int = 0) -> Verdict:
        """Check `answer` on the cases of `seed`."""
        form = self.wrong_form(answer)
        if form:
            return Verdict(self.name, 0, 1, explain.wrong_form(self, form))
        cases = self.drawn(seed)
        return self.judge(answer, cases, [self.respond(answer, case) for case in cases])

    def drawn(self, seed: int) -> Sequence[Case]:
        """`draw(seed)`, the very same cases again while remembering."""
        return remembered(lambda: quietly(self.draw, seed), f"cases of {seed}", self)

    def judge(self, answer: Any, cases: Sequence[Case], responses: Sequence[Response]) -> Verdict:
        """The verdict on responses already collected. Runs none of the learner's code;
        `answer` serves only to write the call with the learner's own argument names."""
        stubs = [response for response in responses if response.not_attempted]
        if stubs:
            text = explain.not_attempted(self, stubs[0])
            if len(stubs) < len(cases) and not explain.waiting_for(self, stubs[0]):
                text = self.unfinished(answer, cases, responses)
            failures, passed = self._sort(cases, responses) if self.partial else ((), ())
            found = {"failures": tuple(failures), "right_cases": tuple(case for case, _ in passed)}
            return Verdict(self.name, 0, len(cases), text, attempted=False, **found)
        failures, passed = self._sort(cases, responses)
        found = {"failures": tuple(failures), "right_cases": tuple(case for case, _ in passed)}
        if not failures:
            text = explain.all_right(self, len(cases))
            return Verdict(self.name, len(cases), len(cases), text, **found)
        shown, known, certain = self._diagnose(failures, passed)
        text = explain.failed(self, answer, len(passed), len(cases), shown, known, certain, failures)
        return Verdict(
            self.name, len(passed), len(cases), text, misconception=known, certain=certain, **found
        )

    def difference(self, expected: Response, response: Response) -> Difference | None:
        """The first disagreement between two responses, of values or of exceptions."""
        if isinstance(response.value, BaseException):
            kind = type(response.value).__name__
            remark = f"Your function returned a {kind} as its value: write `raise`, not `return`."
            return Difference(expected.value, None, remark=remark)
        if expected.error is not None:
            if isinstance(response.error, type(expected.error)):
                return None
            wanted = f"This call should raise {type(expected.error).__name__}."
            return Difference(expected.error, response.error or response.value, remark=wanted)
        if response.error is not None:
            return Difference(expected.value, response.error)
        return find_difference(expected.value, response.value, self.tolerance)

    def expected_of(self, case: Case) -> Response:
        return remembered(lambda: quietly(self.expect, case), "expected", self, case)

    def mistaken(self, known: Misconception, case: Case) -> Response:
        """What a known mistake gives on this case."""
        return remembered(lambda: quietly(self.respond, known.answer, case), "mistaken", self, known, case)

    def _sort(
        self, cases: Sequence[Case], responses: Sequence[Response]
    ) -> tuple[list[Failure], list[tuple[Case, Response]]]:
        """The failures, and the cases answered rightly with what was expected of them."""
        failures, passed = [], []
        for case, response in zip(cases, responses, strict=True):
            expected = self.expected_of(case)
            difference = self.difference(expected, response)
            if difference:
                failures.append(Failure(case, expected, response, difference))
            else:
                passed.append((case, expected))
        return failures, passed

    def _diagnose(
        self, failures: Sequence[Failure], passed: Sequence[tuple[Case, Response]]
    ) -> tuple[Failure, Misconception | None, bool]:
        """The case to show and the mistake to name, with whether it explains everything seen.

        A misconception that agrees with the answer on every case, wrong and right, is stated as a fact;
        one that explains only some is stated of the case shown, so that two mistakes at once still get a
        useful sentence.
        """
        best: tuple[Misconception, list[Failure]] | None = None
        for known in self.misconceptions:
            same = [failure for failure in failures if self._is_same_mistake(known, failure)]
            if len(same) == len(failures) and not self._contradicted(known, passed):
                return clearest(same), known, True
            if same and (best is None or len(same) > len(best[1])):
                best = known, same
        # A factor common to all failures tells more than a mistake that explains a part of them.
        if best and self._is_believable(*best, failures, passed) and not self.remark(failures):
            return clearest(best[1]), best[0], False
        return clearest(failures), None, False

    def _is_believable(
        self,
        known: Misconception,
        same: Sequence[Failure],
        failures: Sequence[Failure],
        passed: Sequence[tuple[Case, Response]],
    ) -> bool:
        share = believable(same, failures)
        return share is Belief.SURE or (share is Belief.IF_ALLOWED and not self._contradicted(known, passed))

    def _contradicted(self, known: Misconception, passed: Sequence[tuple[Case, Response]]) -> bool:
        """Would this mistake have failed a case that was answered rightly?"""
        return any(self.difference(expected, self.mistaken(known, case)) for case, expected in passed)

    def _is_same_mistake(self, known: Misconception, failure: Failure) -> bool:
        wrong = self.mistaken(known, failure.case)
        if wrong.error is not None or failure.response.error is not None:
            return same_error(wrong.error, failure.response.error)
        if self.difference(failure.expected, wrong) is None:
            return False
        return self.difference(wrong, failure.response) is None
