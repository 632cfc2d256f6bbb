"""A class, judged by several processes at a time. Whatever one submission does, the others get their record.

What goes over the pipes, after the first line with the settings:

    judge: {"ready": true, "lessons": {lesson: {exercise: points}}, "forms": forms}     or {"error": text}
    batch: {"submission": name, "slug": slug} and the bytes of the notebook
    judge: {"key": cache key, "lesson": lesson}
    batch: {"judge": true}, or false where a verdict with this key is at hand
    judge: {"record": {...}}        or {"failed": text} at any time, where the fault is the course's
"""

from __future__ import annotations

import selectors
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from course_utils.grading.batch.seat import JUDGE, Seat, SeatEnded
from course_utils.grading.errors import GradingError
from course_utils.grading.records import MISSING, STOPPED, Record, Result
from course_utils.grading.reports.look_alike import Forms

START_SECONDS = 300.0  # for a judge process to import torch and to read the lessons, on a busy machine
SLACK = 60.0  # seconds over the limit of a submission before its judge process counts as hanging
BAD_STARTS = 3  # judge processes in a row that end before they have done anything


@dataclass(frozen=True)
class Submission:
    """One notebook: the name in all reports, the name of its files, and how to get its bytes."""

    name: str
    slug: str
    read: Callable[[], bytes]


class Batch:
    """Judge `submissions`; `records` fills up, by index.

    Args:
        settings: for the judge processes (see judge_process.py); plain data.
        jobs: how many of them at a time.
        seconds: wall time that a submission may take, after which its process is given SLACK more.
        known: verdicts at hand, by key.
        on_record: called with each new record as soon as it is there.
    """

    def __init__(
        self,
        submissions: Sequence[Submission],
        settings: Mapping[str, Any],
        *,
        jobs: int,
        seconds: float,
        known: Mapping[str, Record] | None = None,
        on_record: Callable[[Record], None] = lambda record: None,
        program: Sequence[str] = JUDGE,
    ) -> None:
        self.submissions = submissions
        self.records: dict[int, Record] = {}
        self.judged = 0  # those of the records that were not at hand
        self.forms: Forms = {}  # answers that many may share, see look_alike.py
        self._settings, self._program, self._on_record = settings, program, on_record
        self._limit = seconds + SLACK
        self._known = dict(known or {})
        self._to_do = deque(range(len(submissions)))
        self._same: dict[str, list[int]] = {}  # key being judged: others with the same answers
        self._lessons: dict[str, dict[str, float]] = {}
        self._seats: list[Seat] = []
        self._jobs = max(1, min(jobs, len(submissions)))
        self._bad_starts = 0

    def run(self) -> None:
        """Judge all that is left. Raises GradingError when no judge process can be started."""
        with selectors.DefaultSelector() as self._selector:
            try:
                while len(self.records) < len(self.submissions):
                    self._fill_seats()
                    self._turn()
                for seat in self._seats:
                    seat.ask_to_leave()
            finally:
                for seat in self._seats:
                    seat.tell_to_leave()
                for seat in self._seats:
                    seat.end()

    def _fill_seats(self) -> None:
        while len(self._seats) < min(self._jobs, len(self.submissions) - len(self.records)):
            seat = Seat(self._settings, self._program, START_SECONDS)
            self._seats.append(seat)
            self._selector.register(seat.process.stdout, selectors.EVENT_READ, seat)
        for seat in self._seats:
            while seat.is_free and self._to_do:
                self._hand_out(seat, self._to_do.popleft())

    def _hand_out(self, seat: Seat, index: int) -> None:
        submission = self.submissions[index]
        try:
            data = submission.read()
        except (
            Exception
        ) as error:  # a broken zip, a file that has gone: its student's row, not the class's end
            self._finish(index, self._unjudged(index, "", f"the file cannot be read ({error})", MISSING))
            return
        seat.index, seat.key, seat.lesson = index, "", ""
        seat.deadline = time.monotonic() + self._limit
        seat.send({"submission": submission.name, "slug": submission.slug}, data)

    def _turn(self) -> None:
        """Wait for a message, for room to write or for a deadline, and act on it."""
        for seat in self._seats:
            if seat.has_more_to_send and seat.process.stdin not in self._selector.get_map():
                self._selector.register(seat.process.stdin, selectors.EVENT_WRITE, seat)
        busy = [seat.deadline for seat in self._seats if not seat.is_free]
        for found, _ in self._selector.select(max(0.0, min(busy, default=0.0) - time.monotonic())):
            seat = found.data
            if seat not in self._seats:  # replaced a moment ago
                continue
            if found.fileobj is seat.process.stdin:
                seat.send_more()
                if not seat.has_more_to_send:
                    self._selector.unregister(seat.process.stdin)
            else:
                self._listen(seat)
        for seat in list(self._seats):
            if not seat.is_free and time.monotonic() > seat.deadline:
                self._replace(seat, "time", "the judge process did not come to an end, and was ended")

    def _listen(self, seat: Seat) -> None:
        try:
            for message in seat.receive():
                self._act(seat, message)
        except SeatEnded as end:
            self._replace(seat, "died", str(end))

    def _act(self, seat: Seat, message: Mapping[str, Any]) -> None:
        if "error" in message:
            raise GradingError(message["error"])
        if "ready" in message:
            seat.ready, self._lessons, self.forms = True, message["lessons"], message["forms"]
        elif "key" in message:
            self._decide(seat, message["key"], message["lesson"])
        elif "record" in message:
            self._bad_starts = 0
            self._judged(seat, Record.from_json(message["record"]))
        elif "failed" in message:
            self._judged(seat, self._unjudged(seat.index, seat.lesson, message["failed"], STOPPED))

    def _decide(self, seat: Seat, key: str, lesson: str) -> None:
        """Judge, or take the verdict on the same answers."""
        is_new = key not in self._known and key not in self._same
        seat.send({"judge": is_new})
        if is_new:
            seat.key, seat.lesson, self._same[key] = key, lesson, []
            return
        index, seat.index = seat.index, None
        if key in self._known:
            self._take_over(index, key)
        else:
            self._same[key].append(index)

    def _judged(self, seat: Seat, record: Record) -> None:
        self.judged += 1
        index, seat.index = seat.index, None
        if record.key:  # what could not be judged has none
            self._known[record.key] = record
        self._finish(index, record)
        self._release(seat.key)

    def _release(self, key: str) -> None:
        """Those that waited for the verdict with this key get it; where there is none, they are judged."""
        for index in self._same.pop(key, []):
            if key in self._known:
                self._take_over(index, key)
            else:
                self._to_do.appendleft(index)

    def _take_over(self, index: int, key: str) -> None:
        own = self.submissions[index]
        self._finish(index, replace(self._known[key], submission=own.name, slug=own.slug))

    def _finish(self, index: int, record: Record) -> None:
        self.records[index] = record
        self._on_record(record)

    def _replace(self, seat: Seat, reason: str, says: str) -> None:
        """End a process that is of no more use; only the submission that it had pays for it."""
        for stream in (seat.process.stdin, seat.process.stdout):
            if stream in self._selector.get_map():
                self._selector.unregister(stream)
        words = seat.last_words()
        seat.end()
        self._seats.remove(seat)
        if seat.index is None:
            self._bad_starts += 1
            if self._bad_starts >= BAD_STARTS:
                raise GradingError(f"the judge process cannot be started: {says}.\n{words}".rstrip())
            return
        self._finish(seat.index, self._unjudged(seat.index, seat.lesson, says, STOPPED, reason))
        self._release(seat.key)

    def _unjudged(self, index: int, lesson: str, says: str, state: str, reason: str = "") -> Record:
        """The record of a submission for which there is no verdict: no points, and why."""
        own = self.submissions[index]
        if not lesson and len(self._lessons) == 1:
            lesson = next(iter(self._lessons))
        results = [
            Result(exercise=name, points=0.0, possible=possible, state=state, stopped=reason)
            for name, possible in self._lessons.get(lesson, {}).items()
        ]
        common = {"seed": self._settings.get("seed", 0), "tier": self._settings.get("tier", "")}
        return Record(
            submission=own.name, slug=own.slug, lesson=lesson, results=tuple(results), fatal=says, **common
        )


def in_order(records: Mapping[int, Record]) -> Iterable[Record]:
    """The records in the order of the submissions, however many processes judged them."""
    return (records[index] for index in sorted(records))
