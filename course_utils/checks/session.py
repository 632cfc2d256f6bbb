"""What a lesson imports as `check`: call it on an answer, ask it for a hint, ask it how far you are."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from course_utils.checks import explain
from course_utils.checks.exercise import Exercise
from course_utils.checks.showing import LINE
from course_utils.progress.record import note


def wrapped(text: str) -> str:
    """Long lines broken between words, each at its own indentation."""
    lines = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(line, LINE, subsequent_indent=indent, break_long_words=False) or [line]
    return "\n".join(lines)


class CheckFailed(AssertionError):
    """A wrong answer. Notebooks show its text alone, without a traceback of ours."""

    def __init__(self, text: str) -> None:
        super().__init__(wrapped(text))

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class NotAttempted(CheckFailed):
    """An exercise whose stub still stands."""


class ExerciseCheck:
    """`check.conv2d`: call it with your answer; `check.conv2d.hint()` reveals one hint at a time."""

    def __init__(self, exercise: Exercise, lesson: str = "") -> None:
        self.exercise = exercise
        self.lesson = lesson
        self.state = "open"
        self._revealed = 0

    def __call__(self, *answer: Any) -> None:
        """Print one line when the answer is right; raise with the explanation when it is not.

        Raises:
            NotAttempted: the stub still stands.
            CheckFailed: the answer is wrong; the text says on which call and, where known, why.
        """
        given = answer[0] if len(answer) == 1 else answer
        verdict = self.exercise.examine(given)
        self.state = "solved" if verdict.passed else "tried" if verdict.attempted else "open"
        mistake = verdict.misconception.name if verdict.misconception else ""
        told = {"attempted": verdict.attempted, "passed": verdict.passed, "mistake": mistake}
        note(self.lesson, self.exercise.name, given, **told)  # for `course progress`
        if not verdict.attempted:
            raise NotAttempted(verdict.text) from None
        if not verdict.passed:
            raise CheckFailed(verdict.text) from None
        print(verdict.text)

    def hint(self) -> None:
        """Reveal the next hint; once all are out, show them all again."""
        hints = self.exercise.hints
        if not hints:
            print(
                f"{self.exercise.name}: no hints for this one. Read '{self.exercise.see or 'the statement'}' again."
            )
            return
        if self._revealed < len(hints):
            self._revealed += 1
            print(f"Hint {self._revealed} of {len(hints)}: {hints[self._revealed - 1]}")
            return
        for number, hint in enumerate(hints, 1):
            print(f"Hint {number} of {len(hints)}: {hint}")

    def __repr__(self) -> str:
        worth = explain.points(self.exercise.points)
        return f"check.{self.exercise.name}: {worth}, about {self.exercise.minutes} minutes, {self.state}"


class Checks:
    """All checks of one lesson, each an attribute named after its exercise.

    Args:
        lesson: the lesson's file name without ending ("02_convolution").
        exercises: in the order of the lesson.

    Raises:
        ValueError: two exercises share a name, or a name would hide one of this class's own.
    """

    def __init__(self, lesson: str, exercises: Iterable[Exercise]) -> None:
        self.lesson = lesson
        self._checks: dict[str, ExerciseCheck] = {}
        for exercise in exercises:
            if (
                exercise.name in self._checks
                or hasattr(type(self), exercise.name)
                or exercise.name == "lesson"
            ):
                raise ValueError(f"{lesson}: the exercise name {exercise.name!r} is taken; choose another")
            self._checks[exercise.name] = ExerciseCheck(exercise, lesson)

    @property
    def exercises(self) -> dict[str, Exercise]:
        """Exercise by name, in the lesson's order."""
        return {name: each.exercise for name, each in self._checks.items()}

    def __getattr__(self, name: str) -> ExerciseCheck:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self.__dict__["_checks"][name]
        except KeyError:
            known = ", ".join(self.__dict__.get("_checks", {}))
            raise AttributeError(f"{self.lesson} has no exercise {name!r}; it has {known}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._checks]

    def progress(self) -> None:
        """Print which exercises of this lesson are solved in this session."""
        done = [each.exercise for each in self._checks.values() if each.state == "solved"]
        total = [each.exercise for each in self._checks.values()]
        print(
            f"{self.lesson}: {len(done)} of {len(total)} exercises, "
            f"{sum(e.points for e in done)} of {sum(e.points for e in total)} points"
        )
        width = max(map(len, self._checks), default=0)
        for name, each in self._checks.items():
            print(f"  {each.state:<7} {name:<{width}}  {explain.points(each.exercise.points)}")
