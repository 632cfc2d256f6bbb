"""The process that judges: it knows the oracles, and never runs a student's code. Its messages: see batch.py.

Standard input and output are for messages alone: whatever else is printed here goes to standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from course_utils.grading.errors import GradingError

if TYPE_CHECKING:
    from course_utils.grading.judging.keeping import Judge

TELL_WHEN_PARENT_ENDS = 1  # PR_SET_PDEATHSIG of Linux


def main() -> None:
    """Judge what comes in until nothing more comes."""
    end_with_parent(os.getppid())
    channel = Channel.take_over()
    from course_utils.grading.judging.keeping import Judge  # torch, and all lessons

    began = channel.receive()
    if began is None:
        return
    try:
        with Judge(began[0]) as judge:
            channel.send({"ready": True, "lessons": judge.lessons_and_points(), "forms": judge.forms()})
            while (received := channel.receive()) is not None:
                _one(judge, channel, *received)
    except GradingError as error:
        channel.send({"error": str(error)})


def _one(judge: Judge, channel: Channel, about: Mapping[str, Any], data: bytes) -> None:
    """Judge one submission. A fault of ours costs this submission its verdict and no more."""
    try:
        given, lesson, name = judge.take(data, about["submission"])
        channel.send({"key": name, "lesson": lesson})
        answer = channel.receive()
        if answer is None or not answer[0]["judge"]:
            return
        record = judge.judge(given, about["submission"], about["slug"])
        # A busy machine may have been the reason: what ran out of time is tried again next time.
        slow = any(result.stopped == "time" for result in record.results)
        record = replace(record, key="" if slow else name)
        channel.send({"record": record.to_json()})
    except Exception as error:
        traceback.print_exc()
        says = f"the course could not judge it ({type(error).__name__}: {error}): please look at it yourself"
        channel.send({"failed": says})


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
