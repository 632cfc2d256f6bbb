"""Where a student's code runs: `Sandbox` starts workers, `Worker.ask` asks one and reads its data.

The judge believes nothing that a worker sends and waits for nothing beyond a limit. What a worker printed
goes to a log of its own.
"""

from __future__ import annotations

import contextlib
import os
import pkgutil
import secrets
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from course_utils.grading.sandbox.ending import WorkerEnded, how_it_ended
from course_utils.grading.sandbox.printed import Printed, TooMuchPrinted
from course_utils.grading.sandbox.tiers import Tier, best_tier, way_of
from course_utils.grading.sandbox.waiting import DeadlinePassed, Waiting
from course_utils.grading.sandbox.zygotes import SandboxFailed, Zygote
from course_utils.worker import frames
from course_utils.worker.confine import unreadable_by_others

__all__ = ["Limits", "Sandbox", "Worker", "WorkerEnded"]

ALWAYS = ("course_utils.worker.serve", "torch.nn.functional", "torch.utils.data", "torch.fx")
LAST_WORDS = 1.0  # seconds for the zygote to notice that a worker has ended by itself
RENEW_EVERY = 400  # a new zygote takes as long as a hundred workers


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one worker may use. Where there is bubblewrap, all of it is kept; else the disk is not."""

    cpu_seconds: int = 600
    wall_seconds: float = 900.0
    memory_bytes: int = 3 * 2**30  # on top of what PyTorch maps
    file_bytes: int = 64 * 2**20
    disk_bytes: int = 256 * 2**20
    log_bytes: int = 64 * 2**10


class Sandbox:
    """Starts workers, each forked from a zygote that has PyTorch loaded. A context manager.

    One worker lives at a time: a new one ends the one before. The thread that starts one must outlive it.

    Args:
        tier: how safely (the best that works here, where None).
        limits: what each worker may use.
        preload: modules to import before any fork, besides PyTorch, NumPy and the course's scenes.
        renew_every: how many workers one zygote has.

    Raises:
        GradingError: on entering, when the tier does not work here; SandboxFailed when nothing starts.
    """

    def __init__(
        self,
        tier: Tier | None = None,
        limits: Limits | None = None,
        preload: Iterable[str] = (),
        renew_every: int = RENEW_EVERY,
    ) -> None:
        self.tier = tier or best_tier()
        self.limits = limits or Limits()
        self._preload = [*dict.fromkeys([*ALWAYS, *_scenes(), *preload])]
        self._renew_every = renew_every
        self._zygote: Zygote | None = None
        self._worker: Worker | None = None

    def __enter__(self) -> Sandbox:
        self._way = way_of(self.tier)
        if not self._way.bwrap:
            unreadable_by_others()
        elif not self._way.nested:
            self._renew_every = 1  # nothing but the end of the zygote ends all that a worker may have left
        self._fresh_zygote()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._worker is not None:
            self._worker.close()
        self.discard_zygote()

    def worker(self, seconds: float | None = None) -> Worker:
        """A new worker that lives for at most `seconds` of wall time.

        Raises:
            SandboxFailed: no worker can be started.
        """
        if self._worker is not None:
            self._worker.close()
        seconds = self.limits.wall_seconds if seconds is None else min(seconds, self.limits.wall_seconds)
        try:
            self._worker = Worker(self, self._fresh_zygote(), seconds)
        except SandboxFailed:
            self.discard_zygote()
            self._worker = Worker(self, self._fresh_zygote(), seconds)
        return self._worker

    def discard_zygote(self) -> None:
        """End the zygote with all that lives in its sandbox; the next worker comes from a new one."""
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()

    def _fresh_zygote(self) -> Zygote:
        if self._zygote is not None and self._zygote.workers >= self._renew_every:
            self.discard_zygote()
        if self._zygote is None:
            self._zygote = Zygote(self._way, self._preload, self.limits.disk_bytes)
        return self._zygote


class Worker:
    """One process of the student's. A context manager; `close` and `WorkerEnded` leave nothing of it."""

    def __init__(self, sandbox: Sandbox, zygote: Zygote, seconds: float) -> None:
        limits = sandbox.limits
        self._sandbox, self._zygote = sandbox, zygote
        self._sock, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self._printed = Printed(reading, limits.log_bytes)
        self._deadline = time.monotonic() + seconds
        self._end: WorkerEnded | None = None
        try:
            bounds = {
                "cpu_seconds": limits.cpu_seconds,
                "memory_bytes": limits.memory_bytes,
                "file_bytes": limits.file_bytes,
            }
            zygote.fork(theirs, writing, bounds)
        except BaseException:
            self._sock.close()
            self._printed.close()
            raise
        finally:
            theirs.close()
            os.close(writing)
        self._sock.setblocking(False)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def log(self) -> str:
        """What was printed so far, cut at the limit, control characters made visible."""
        self._printed.drain_ready()
        return self._printed.text()

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The reply to `request`, unverified data but for its id (see worker/serve.py for what can be asked).

        Raises:
            WorkerEnded: no reply in time, none that is one, or the worker has ended. It is gone then.
        """
        if self._end is not None:
            raise self._end
        nonce = secrets.token_hex(16)
        waiting = Waiting(self._sock, self._printed, min(self._deadline, time.monotonic() + seconds))
        try:
            if waiting.something_waits():
                raise frames.FrameError("a reply before the question")
            frames.send(self._sock, {**request, "id": nonce}, waiting)
            reply = frames.receive(self._sock, frames.LARGEST, waiting)
        except DeadlinePassed:
            raise self._ended("time", "no reply within the time allowed") from None
        except (TooMuchPrinted, frames.FrameTooLarge) as error:
            raise self._ended("too much", str(error)) from None
        except frames.FrameError as error:
            raise self._ended("forged", str(error)) from None
        except EOFError:
            raise self._ended_by_itself() from None
        if type(reply) is not dict or reply.get("id") != nonce:
            raise self._ended("forged", "a reply to no question of ours")
        if "too_much" in reply:
            raise self._ended("too much", "the answer is too large to be sent")
        return reply

    def close(self) -> None:
        """End the worker and everything that it has started, and remove its files."""
        if self._end is None:
            self._ended("closed", "")

    def _ended(self, reason: str, detail: str, report: dict[str, Any] | None = None) -> WorkerEnded:
        """Kill what is left, then remember why."""
        self._end = WorkerEnded(reason, detail)
        self._sock.close()
        try:
            report = report or self._zygote.end_worker()
        except SandboxFailed:
            self._sandbox.discard_zygote()
        else:
            if not report["tidy"]:
                self._sandbox.discard_zygote()
        self._printed.drain_ready()
        self._printed.close()
        return self._end

    def _ended_by_itself(self) -> WorkerEnded:
        """The connection is closed: because the process has ended, or because it wants to be left alone."""
        report = None
        with contextlib.suppress(SandboxFailed):
            report = self._zygote.wait_for_end(LAST_WORDS)
        return self._ended(*how_it_ended(report, self._sandbox.limits.cpu_seconds), report)


def _scenes() -> list[str]:
    """The modules of `course_utils.scenes`, found without importing one."""
    spec = find_spec("course_utils.scenes")
    folders = spec.submodule_search_locations if spec else None
    return [f"course_utils.scenes.{module.name}" for module in pkgutil.iter_modules(folders or [])]
