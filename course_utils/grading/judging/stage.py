"""Where a student's cells run and are tried: one worker, until it ends."""

from __future__ import annotations

from typing import Any, Protocol

from course_utils.checks import Exercise
from course_utils.grading.judging import verdicts
from course_utils.grading.judging.remote import Clock, RemoteAnswer, Stopped, ask, error_of, value_of
from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.lessons.parsing import bound_names, parsed
from course_utils.grading.lessons.prelude import prelude
from course_utils.grading.records import Result
from course_utils.grading.sandbox.sandbox import Sandbox

DEFINING = 30.0  # seconds for running the text of a cell: on a slow machine an import takes its time


class TimeRules(Protocol):
    """How long an exercise's calls may take, and the seed of its cases."""

    seed: int

    def seconds(self, exercise: Exercise) -> float: ...


class Stage:
    """Define cells, judge exercises. After Stopped it is `over`: the worker is gone."""

    def __init__(self, sandbox: Sandbox, rules: TimeRules) -> None:
        self.over = False
        self._sandbox, self._rules = sandbox, rules
        self._defined: dict[str, int] = {}  # names of the answers run so far, and where their cells stand
        self._worker = sandbox.worker()

    def close(self) -> str:
        """End the worker and whatever it started; returns what was printed."""
        self.over = True
        self._worker.close()
        return self._worker.log

    def define(self, lesson: Lesson, name: str, source: str) -> BaseException | None:
        """Run the lesson's own statements that a cell builds on, then the cell; what it raised, if it did.

        A cell that ends the worker leaves the stage over.
        """
        try:
            return self._define(lesson, name, source, self._to_define(lesson.checks[name]))
        except Stopped as stopped:
            self.over = True
            return stopped

    def judge(self, lesson: Lesson, exercise: Exercise, source: str, rules: TimeRules) -> Result:
        """The result of one exercise, its cell run first."""
        try:
            raised = self._define(lesson, exercise.name, source, self._to_define(exercise))
            clock = Clock(self._seconds(exercise))
            answer = self._answer(exercise, source, clock)
            # A line of scratch below the function may fail: in the notebook its check would still pass.
            if raised is not None and isinstance(answer, Result):
                return verdicts.cell_failed(exercise, raised, source)
            if isinstance(answer, Result):
                return answer
            return verdicts.result(exercise, exercise.examine(answer, rules.seed), source)
        except Stopped as stopped:
            self.over = True
            return verdicts.stopped(exercise, stopped.reason, stopped.detail)
        except Exception as error:  # a fault of ours; one student's data must not end a class's evening
            return verdicts.not_judged(exercise, error)

    def _seconds(self, exercise: Exercise) -> float:
        return self._rules.seconds(exercise)

    def _to_define(self, exercise: Exercise) -> Clock:
        """Longer than a call may take, unless the instructor or the end of the submission allows less."""
        seconds = self._rules.seconds(exercise)
        return Clock(max(seconds, DEFINING) if seconds >= exercise.seconds else seconds)

    def _define(self, lesson: Lesson, name: str, source: str, clock: Clock) -> BaseException | None:
        own = prelude(lesson, name, [source], self._defined)
        self._defined |= dict.fromkeys(bound_names(parsed(source)), lesson.answers[name].position)
        for request in ({"do": "run", "source": own}, {"do": "define", "name": name, "source": source}):
            if not request["source"].strip():
                continue
            error = error_of(ask(self._worker, clock, **request))
            if error is not None:
                return error
        return None

    def _answer(self, exercise: Exercise, source: str, clock: Clock) -> Any:
        """What to examine: a stand-in for each function, or the value; a Result where there is neither."""
        found = {name: self._look(exercise, name, source, clock) for name in exercise.answer_names()}
        missing = [name for name, answer in found.items() if answer is MISSING]
        if missing:
            return verdicts.not_defined(exercise, missing)
        return found if len(found) > 1 or exercise.name not in found else found[exercise.name]

    def _look(self, exercise: Exercise, name: str, source: str, clock: Clock) -> Any:
        reply = ask(self._worker, clock, do="look", name=name)
        if reply.get("kind") == "missing":
            return MISSING
        if reply.get("kind") == "value":
            return value_of(reply)
        return RemoteAnswer(self._worker, clock, name, exercise.name, source)


MISSING = object()
