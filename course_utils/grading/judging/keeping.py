"""What a judge process keeps from one submission to the next: the lessons, the sandbox, what it computed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from course_utils.checks import Exercise
from course_utils.checks.memory import remembering
from course_utils.grading.batch.cache import key
from course_utils.grading.handed_in import archives
from course_utils.grading.handed_in.transplant import Transplant, transplant
from course_utils.grading.judging.judge import Rules, judge_submission
from course_utils.grading.lessons.lesson import Lesson, load_lessons
from course_utils.grading.lessons.preload import preload
from course_utils.grading.records import Record
from course_utils.grading.reports.look_alike import forms_that_say_nothing
from course_utils.grading.sandbox.sandbox import Limits, Sandbox
from course_utils.grading.sandbox.tiers import Tier

LAST_SECONDS = 0.05  # what a call still has when the time of its submission is used up
DECIDES = ("seed", "tier", "seconds", "allow_baseline", "versions")  # besides what was handed in


@dataclass(frozen=True, kw_only=True)
class TimedRules(Rules):
    """Rules that also end a submission as a whole: the rest is stopped, what was judged stays."""

    ends: float  # by time.monotonic

    def seconds(self, exercise: Exercise) -> float:
        return max(LAST_SECONDS, min(super().seconds(exercise), self.ends - time.monotonic()))


class Judge:
    """A context manager; inside it, submissions are judged one by one.

    Args:
        settings: `root`, `lessons` (slugs), `only` (the one lesson that the class was to hand in, or None),
            `tier` and `tier_why`, `seed`, `seconds` (wall time that a submission may take),
            `allow_baseline`, `versions`.

    Raises GradingError when the lessons cannot be read or the sandbox cannot be started.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        # Those not asked for, too: a notebook of theirs must not be taken for one of the others.
        self._lessons = load_lessons(Path(settings["root"]))
        every = set(settings["lessons"]) == set(self._lessons)
        self._wanted = settings["only"] or (None if every else settings["lessons"])

    def __enter__(self) -> Judge:
        torch.set_num_threads(1)
        tier = Tier(self._settings["tier"], self._settings["tier_why"])
        with ExitStack() as stack:
            stack.enter_context(remembering())
            self._sandbox = stack.enter_context(Sandbox(tier, Limits(), preload(self._asked())))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def lessons_and_points(self) -> dict[str, dict[str, float]]:
        """What each exercise is worth, by lesson."""
        return {
            lesson.slug: {name: float(exercise.points) for name, exercise in lesson.checks.items()}
            for lesson in self._asked()
        }

    def _asked(self) -> list[Lesson]:
        """The lessons that submissions may be of."""
        return [lesson for slug, lesson in self._lessons.items() if slug in self._settings["lessons"]]

    def forms(self) -> dict[str, dict[str, list[str]]]:
        """The forms of answers that submissions may share without being alike."""
        return forms_that_say_nothing(self._asked())

    def take(self, data: bytes, name: str) -> tuple[Transplant, str, str]:
        """What is taken from a notebook, the slug of its lesson, and the key of the verdict on it."""
        given = transplant(
            data, self._lessons, self._wanted, name=name, most_bytes=archives.Limits().notebook_bytes
        )
        lesson = given.lesson.slug if given.lesson else ""
        taken = {
            "lesson": lesson,
            "answers": dict(given.answers),
            "remarks": [str(remark) for remark in given.remarks],
            "not_attempted": sorted(given.not_attempted),
            "fatal": given.fatal,
        }
        return given, lesson, key(taken, {name: self._settings[name] for name in DECIDES})

    def judge(self, given: Transplant, submission: str, slug: str) -> Record:
        rules = TimedRules(
            seed=self._settings["seed"],
            allow_baseline=self._settings["allow_baseline"],
            ends=time.monotonic() + self._settings["seconds"],
        )
        return judge_submission(given, self._sandbox, rules, submission, slug)
