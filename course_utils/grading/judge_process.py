"""The process that judges: it knows the oracles, and never runs a student's code. Its messages: see batch.py.

Standard input and output are for messages alone: whatever else is printed here goes to standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from course_utils.grading.cache import key
from course_utils.grading.errors import GradingError
from course_utils.grading.records import Record

TELL_WHEN_PARENT_ENDS = 1  # PR_SET_PDEATHSIG of Linux
LAST_SECONDS = 0.05  # what a call still has when the time of its submission is used up


def main() -> None:
    """Judge what comes in until nothing more comes."""
    end_with_parent(os.getppid())
    channel = Channel.take_over()
    settings, _ = channel.receive()
    try:
        with Judge(settings) as judge:
            channel.send({"ready": True, "lessons": judge.lessons_and_points()})
            while (received := channel.receive()) is not None:
                _one(judge, channel, *received)
    except GradingError as error:
        channel.send({"error": str(error)})


def _one(judge: Judge, channel: Channel, about: Mapping[str, Any], data: bytes) -> None:
    """Judge one submission. A fault of ours costs this submission its verdict and no more."""
    try:
        given, lesson, name = judge.take(data)
        channel.send({"key": name, "lesson": lesson})
        answer = channel.receive()
        if answer is None or not answer[0]["judge"]:
            return
        record = replace(judge.judge(given, about["submission"], about["slug"]), key=name)
        channel.send({"record": record.to_json()})
    except Exception as error:
        traceback.print_exc()
        says = f"the course could not judge it ({type(error).__name__}: {error}): please look at it yourself"
        channel.send({"failed": says})


class Judge:
    """What one process needs to judge, all of it kept from one submission to the next.

    Args:
        settings: `root`, `lessons` (slugs), `tier` and `tier_why`, `seed`, `seconds` (wall time that a
            submission may take), `allow_baseline`, `versions`.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._stack = ExitStack()

    def __enter__(self) -> Judge:
        import torch

        from course_utils.checks.memory import remembering
        from course_utils.grading.lessons import load_lessons
        from course_utils.grading.sandbox import Limits, Sandbox
        from course_utils.grading.tiers import Tier

        torch.set_num_threads(1)
        self._lessons = load_lessons(Path(self._settings["root"]), self._settings["lessons"])
        tier = Tier(self._settings["tier"], self._settings["tier_why"])
        with ExitStack() as stack:
            stack.enter_context(remembering())
            self._sandbox = stack.enter_context(Sandbox(tier, Limits()))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def lessons_and_points(self) -> dict[str, dict[str, float]]:
        """What each exercise is worth, by lesson."""
        return {
            slug: {name: float(exercise.points) for name, exercise in lesson.checks.items()}
            for slug, lesson in self._lessons.items()
        }

    def take(self, data: bytes) -> tuple[Any, str, str]:
        """What is taken from a notebook, the slug of its lesson, and the key of the verdict on it."""
        from course_utils.grading.transplant import transplant

        given = transplant(data, self._lessons)
        lesson = given.lesson.slug if given.lesson else ""
        taken = {
            "lesson": lesson,
            "answers": dict(given.answers),
            "remarks": [str(remark) for remark in given.remarks],
            "fatal": given.fatal,
        }
        decides = ("seed", "tier", "seconds", "allow_baseline", "versions")
        return given, lesson, key(taken, {name: self._settings[name] for name in decides})

    def judge(self, given: Any, submission: str, slug: str) -> Record:
        from course_utils.grading.judge import judge_submission

        return judge_submission(given, self._sandbox, self._rules(), submission, slug)

    def _rules(self) -> Any:
        from course_utils.grading.judge import Rules

        @dataclass(frozen=True, kw_only=True)
        class TimedRules(Rules):
            """Rules that also end a submission as a whole: the rest is stopped, what was judged stays."""

            submission_ends: float = field(default=0.0)

            def seconds(self, exercise: Any) -> float:
                left = self.submission_ends - time.monotonic()
                return max(LAST_SECONDS, min(super().seconds(exercise), left))

        return TimedRules(
            seed=self._settings["seed"],
            allow_baseline=self._settings["allow_baseline"],
            submission_ends=time.monotonic() + self._settings["seconds"],
        )


class Channel:
    """Messages to and from the batch: lines of JSON, with raw bytes after those that announce them."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    @classmethod
    def take_over(cls) -> Channel:
        """Take standard input and output; what is printed from now on goes to standard error."""
        incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        os.close(nothing)
        return cls(incoming, outgoing)

    def send(self, message: Mapping[str, Any]) -> None:
        self._outgoing.write(json.dumps(message, ensure_ascii=True).encode() + b"\n")
        self._outgoing.flush()

    def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """The next message with its bytes; None when the batch has closed the pipe."""
        line = self._incoming.readline()
        if not line.endswith(b"\n"):
            return None
        message = json.loads(line)
        return message, self._incoming.read(message["bytes"])


def end_with_parent(parent: int) -> None:
    """End, and tidy up, when asked to and when the batch is killed. On macOS the closed pipe tells."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(TELL_WHEN_PARENT_ENDS, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(0)
