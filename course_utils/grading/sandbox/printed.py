"""What a worker prints: the beginning is kept, the rest thrown away, and a flood ends the worker."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import unicodedata

PIECE = 2**20
FLOOD = 64 * 2**20  # bytes
SHOWN = "\n\t"
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control, format (bidirectional too), and no characters

# What PyTorch says of a sandbox without /proc; it means nothing, and would bury what the student printed.
NOISE = re.compile(
    r"\[W[\d :.]+ NNPACK\.cpp:\d+\] Could not initialize NNPACK! Reason: [\w ]+\.\n?"
    r"|Error in cpuinfo: failed to parse [\w ]+ from [\w/]+\n?"
)


class TooMuchPrinted(Exception):
    """More was printed than anybody will read."""


class Printed:
    """The reading end of the pipe that a worker prints into."""

    def __init__(self, pipe: int, limit: int) -> None:
        os.set_blocking(pipe, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # more than one user may have
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIECE)
        self._pipe: int | None = pipe
        self._limit = limit
        self._kept = bytearray()
        self._total = 0

    def fileno(self) -> int:
        """The open file to wait on; -1 once nobody can print any more."""
        return -1 if self._pipe is None else self._pipe

    def read_once(self) -> bool:
        """Take what is there, one piece; False when there was nothing.

        Raises:
            TooMuchPrinted: it is a flood.
        """
        if self._pipe is None:
            return False
        try:
            piece = os.read(self._pipe, PIECE)
        except BlockingIOError:
            return False
        if not piece:
            self.close()
            return False
        self._total += len(piece)
        self._kept += piece[: max(0, self._limit - len(self._kept))]
        if self._total > FLOOD:
            raise TooMuchPrinted(f"more than {FLOOD} bytes were printed")
        return True

    def drain_ready(self) -> None:
        """Take all that is there now; a flood is left where it is."""
        try:
            while self.read_once():
                pass
        except TooMuchPrinted:
            self.close()

    def close(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def text(self) -> str:
        """What was kept, less NOISE; every character that could hide or disturb something written out."""
        text = visible(NOISE.sub("", self._kept.decode("utf-8", "replace")))
        left_out = self._total - len(self._kept)
        return text + (f"\n[{left_out} more bytes]" if left_out else "")


def visible(text: str) -> str:
    """`text` with control characters and those that change the direction of writing shown as their codes."""
    return "".join(letter if letter in SHOWN or _is_plain(letter) else _code(letter) for letter in text)


def _is_plain(letter: str) -> bool:
    return " " <= letter <= "~" or unicodedata.category(letter) not in HIDDEN


def _code(letter: str) -> str:
    return letter.encode("unicode_escape", "backslashreplace").decode("ascii")
