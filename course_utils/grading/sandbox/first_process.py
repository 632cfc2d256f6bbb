"""A sure way to end a sandbox: the first process of a namespace takes all others with it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal

TOLD_SECONDS = 20.0
LONGEST = 4096


class FirstProcess:
    """The process that bubblewrap has started, as it is numbered here.

    Killing bubblewrap itself is not enough: without rights it may not send a signal to another user.

    Args:
        told: the open file in which bubblewrap says {"child-pid": number, ...}; it is not closed here.
    """

    def __init__(self, told: int) -> None:
        self._number = _number(told)
        self._handle: int | None = None
        if self._number and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):  # an old kernel, or it has ended already
                self._handle = os.pidfd_open(self._number)

    def kill(self) -> None:
        """End it with everything in its namespace; nothing happens where it has ended."""
        number, self._number = self._number, 0
        handle, self._handle = self._handle, None
        with contextlib.suppress(ProcessLookupError):
            if handle is not None:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            elif number:
                os.kill(number, signal.SIGKILL)
        if handle is not None:
            os.close(handle)


def _number(told: int) -> int:
    """0 when bubblewrap has said nothing: it could not start."""
    text = b""
    while select.select([told], [], [], TOLD_SECONDS)[0] and len(text) < LONGEST:
        piece = os.read(told, LONGEST)
        if not piece:
            break
        text += piece
    return int(json.loads(text)["child-pid"]) if text else 0
