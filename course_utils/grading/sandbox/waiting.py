"""Waiting for a worker, never beyond a deadline, while what it prints is taken off its hands."""

from __future__ import annotations

import select
import socket
import time

from course_utils.grading.sandbox.printed import Printed

LONGEST = 3600.0


class DeadlinePassed(Exception):
    """Nothing came in time."""


class Waiting:
    """Called as `wait(writing)` by `frames`: returns when the socket is ready.

    Raises:
        DeadlinePassed: it was not, in time.
        TooMuchPrinted: the worker prints without end.
    """

    def __init__(self, sock: socket.socket, printed: Printed, deadline: float) -> None:
        self._sock, self._printed = sock, printed
        self._deadline = deadline

    def __call__(self, writing: bool) -> None:
        while not self._ready(select.POLLOUT if writing else select.POLLIN):
            pass

    def something_waits(self) -> bool:
        """Has the worker sent something that was not asked for? Raises EOFError when it has closed."""
        try:
            early = self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            early = b""
        if not early:
            raise EOFError("closed")
        return True

    def _ready(self, event: int) -> bool:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        poll = select.poll()
        poll.register(self._sock, event)
        if self._printed.fileno() >= 0:
            poll.register(self._printed, select.POLLIN)
        found = {number for number, _ in poll.poll(min(left, LONGEST) * 1000)}
        if self._printed.fileno() in found:
            self._printed.read_once()
        return self._sock.fileno() in found
