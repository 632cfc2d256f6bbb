"""The judge's hold on a zygote: start it, have it fork a worker, end that worker, end everything."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from typing import Any

from course_utils.grading.errors import GradingError
from course_utils.grading.sandbox import bubblewrap
from course_utils.grading.sandbox.starting import Way, start
from course_utils.worker import frames
from course_utils.worker.tidy import tidy

START_SECONDS = 180.0  # importing PyTorch from a cold disk takes its time
PROBE_SECONDS = 20.0
END_SECONDS = 5.0  # for the zygote to clear a worker away; after that it is killed itself
LARGEST_ORDER = 65536
PROBE_LIMITS = {"cpu_seconds": 10, "memory_bytes": 2**30, "file_bytes": 2**20}


class SandboxFailed(GradingError):
    """A sandbox could not be started, or did not do what it was ordered."""


class Zygote:
    """One zygote and at most one worker of it at a time.

    Args:
        way: how it is started.
        preload: modules that it imports before any worker is forked.
        disk_bytes: what the files of a worker may take in all (not kept in the baseline).

    Raises:
        SandboxFailed: it does not start; the message ends with what it wrote.
    """

    def __init__(self, way: Way, preload: Iterable[str], disk_bytes: int = bubblewrap.BOX_BYTES) -> None:
        self._way = way
        self._box = "" if way.bwrap else tempfile.mkdtemp(prefix="course-grade-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._control, theirs = socket.socketpair()
        self.workers = 0
        with theirs:
            self._process, self._first = start(way, theirs, [*preload], self._box, self._errors, disk_bytes)
        try:
            self._expect("ready", time.monotonic() + START_SECONDS)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def fork(self, sock: socket.socket, log: int, limits: dict[str, int], probe: bool = False) -> None:
        """Have a worker forked that speaks through `sock` and prints into `log`.

        Raises:
            SandboxFailed: the zygote is no more.
        """
        self.workers += 1
        order = frames.packed({"do": "fork", "limits": limits, "probe": probe})
        try:
            socket.send_fds(self._control, [order], [sock.fileno(), log])
        except OSError as error:
            raise SandboxFailed(f"the zygote has ended: {error}") from None

    def end_worker(self) -> dict[str, Any]:
        """Kill the worker if it lives and wait until nothing of it is left; how it ended.

        `signal` and `code` are those of the process, `cpu` its seconds; `tidy` is whether its files are gone.

        Raises:
            SandboxFailed: the zygote does not answer; close it.
        """
        with contextlib.suppress(EOFError):
            frames.send(self._control, {"do": "kill"})
        return self.wait_for_end(END_SECONDS)

    def wait_for_end(self, seconds: float) -> dict[str, Any]:
        """How the worker ended, once it has. Raises SandboxFailed as `end_worker` does."""
        message = self._expect("ended", time.monotonic() + seconds)
        return {**message["ended"], "tidy": message["tidy"]}

    def probe(self) -> dict[str, bool]:
        """Put up all walls around one worker that runs nothing.

        `filtered`: system calls are filtered; `walled`: files that are none of its business cannot be opened.

        Raises:
            SandboxFailed: they do not stand.
        """
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        with ours, theirs, os.fdopen(reading, "rb") as told:
            self.fork(theirs, writing, PROBE_LIMITS, probe=True)
            os.close(writing)
            ended = self.wait_for_end(PROBE_SECONDS)
            text = told.read(LARGEST_ORDER).decode("utf-8", "replace").strip()
        if ended["signal"] or ended["code"] or not text:
            said = text.splitlines()[-1] if text else self.complaint()
            raise SandboxFailed(f"a worker cannot be confined: {said}")
        return json.loads(text)

    def complaint(self) -> str:
        """The last line that the zygote wrote."""
        self._errors.seek(0)
        lines = self._errors.read(LARGEST_ORDER).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def close(self) -> None:
        """End the zygote and everything in its sandbox."""
        self._control.close()
        if self._first is not None:
            self._first.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            if not self._way.bwrap:
                self._process.wait(END_SECONDS)  # it kills its worker first
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._errors.close()
        if self._box and not tidy(self._box, END_SECONDS):
            shutil.rmtree(self._box, ignore_errors=True)

    def _expect(self, kind: str, deadline: float) -> dict[str, Any]:
        def wait(_: bool) -> None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._control], [], [], left)[0]:
                raise SandboxFailed(f"the zygote did not answer in time: {self.complaint()}")

        try:
            message = frames.receive(self._control, LARGEST_ORDER, wait)
        except (EOFError, frames.FrameError):
            raise SandboxFailed(f"the zygote has ended: {self.complaint()}") from None
        if type(message) is not dict or kind not in message:
            raise SandboxFailed(f"the zygote said something else than {kind}")
        return message
