"""A seat is one judge process as the batch sees it: messages in, messages out, and a time limit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import course_utils

# -P: the folder that the command is run in may hold a student's torch.py, and is not searched for modules.
PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from course_utils.grading.judging.judge_process import main; main()"
)
JUDGE = (sys.executable, "-P", "-c", PROGRAM, str(Path(course_utils.__file__).parent.parent))
PIECE = 1 << 16  # bytes read or written at a time
LONGEST_MESSAGE = 64 << 20  # bytes; a record is far smaller
LEAVE = 20.0  # seconds to end when asked to, and to clear away what the sandbox has left
TAIL = 2000  # characters of what a judge process said before it failed


class SeatEnded(Exception):
    """The judge process is no longer there, or says things that are no messages."""


class Seat:
    """A judge process, started at once. `index` is the submission it has; `deadline` when it must be done.

    Messages are lines of JSON, to which raw bytes may be added on the way in. Nothing here waits: the batch
    asks its selector when there is something to read, or room to write.
    """

    def __init__(self, settings: Mapping[str, Any], program: Sequence[str] = JUDGE, seconds: float = 300.0):
        self.index: int | None = None
        self.key = ""
        self.lesson = ""
        self.ready = False
        self.deadline = time.monotonic() + seconds
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed in end)
        self._to_send: list[memoryview] = []
        self._received = bytearray()
        self.process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C in the terminal is for the batch alone
        )
        os.set_blocking(self.process.stdin.fileno(), False)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.send(settings)

    @property
    def is_free(self) -> bool:
        return self.ready and self.index is None

    @property
    def has_more_to_send(self) -> bool:
        return bool(self._to_send)

    def send(self, message: Mapping[str, Any], data: bytes = b"") -> None:
        """Send a message, with `data` after it, as far as the pipe takes it now."""
        line = json.dumps({**message, "bytes": len(data)}).encode() + b"\n"
        self._to_send += [memoryview(line), memoryview(data)]
        self.send_more()

    def send_more(self) -> None:
        """Send what is left. A process that has ended is noticed when it is read from."""
        while self._to_send:
            try:
                sent = os.write(self.process.stdin.fileno(), self._to_send[0][:PIECE])
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._to_send.clear()
                return
            self._to_send[0] = self._to_send[0][sent:]
            if not self._to_send[0]:
                self._to_send.pop(0)

    def receive(self) -> list[dict[str, Any]]:
        """The messages that have arrived whole. Raises SeatEnded when none will come any more."""
        try:
            piece = os.read(self.process.stdout.fileno(), PIECE)
        except BlockingIOError:
            return []
        if not piece:
            raise SeatEnded("the judge process ended")
        self._received += piece
        if len(self._received) > LONGEST_MESSAGE:
            raise SeatEnded("the judge process sent too much")
        if b"\n" not in piece:
            return []
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        try:
            return [json.loads(line) for line in lines]
        except ValueError:
            raise SeatEnded("the judge process sent something that is no message") from None

    def last_words(self) -> str:
        """The end of what the process wrote to its standard error."""
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace").strip()[-TAIL:]

    def ask_to_leave(self) -> None:
        """The process ends by itself, and tidies up, when nothing more will come."""
        self._to_send.clear()
        self.process.stdin.close()

    def tell_to_leave(self) -> None:
        """The process ends as soon as it can, whatever it does, unless it was asked to leave before."""
        if not self.process.stdin.closed:
            self.process.terminate()
            self.ask_to_leave()

    def end(self, seconds: float = LEAVE) -> None:
        """The process is gone when this returns: by itself, as told, or by force."""
        self.tell_to_leave()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # it leads a session of its own
            self.process.wait()
        self.process.stdout.close()
        self._said.close()
