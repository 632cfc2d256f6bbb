"""How far a batch is: a bar for a person who watches, and a line now and then for one who reads a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tqdm import tqdm

from course_utils.grading.visible import visible

LONGEST_NAME = 40  # letters beside the bar
FIRST_LINE = 10.0  # seconds; a batch that is done before needs no line
EVERY = 30.0  # seconds from one line to the next
ENOUGH = 3  # submissions judged before their mean says anything about the others


class Progress:
    """On standard error: a bar where that is a terminal, plain lines in a log, nothing when `quiet`.

    Args:
        total: submissions, those with a verdict at hand among them.
        clock: the time in seconds, from any beginning.
    """

    def __init__(self, total: int, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        watched = sys.stderr is not None and sys.stderr.isatty()
        self._writes = sys.stderr is not None and not watched and not quiet
        self._total, self._done, self._clock = total, 0, clock
        self._began = clock()
        self._next_line = self._began + FIRST_LINE
        self._bar = tqdm(
            total=total,
            unit="submission",
            file=sys.stderr,
            disable=quiet or not watched,
            leave=False,
            dynamic_ncols=True,
        )

    def done(self, name: str, judged: int) -> None:
        """One more submission has its record; `judged` of all so far were judged and not at hand.

        What the name could do to a terminal is written out; a log gets none.
        """
        self._done += 1
        self._bar.set_postfix_str(visible(name)[-LONGEST_NAME:], refresh=False)
        self._bar.update()
        now = self._clock()
        if self._writes and now >= self._next_line and self._done < self._total:
            self._next_line = now + EVERY
            print(self._line(now - self._began, judged), file=sys.stderr, flush=True)

    def _line(self, seconds: float, judged: int) -> str:
        line = f"{self._done} of {self._total} submissions after {about(seconds)}"
        if judged < ENOUGH:
            return line
        # By those that were judged: verdicts at hand take no time, and with --resume they come first.
        left = seconds / judged * (self._total - self._done)
        return f"{line}, about {about(left)} to go"

    def close(self) -> None:
        self._bar.close()


def about(seconds: float) -> str:
    """A time as people say it: '40 s', '12 min', '2.5 h'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
