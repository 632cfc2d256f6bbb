"""How far a batch is, for a person who watches."""

from __future__ import annotations

import sys

from tqdm import tqdm

from course_utils.grading.visible import visible

LONGEST_NAME = 40  # letters beside the bar


class Progress:
    """A bar on standard error when that is a terminal, and nothing otherwise."""

    def __init__(self, total: int, quiet: bool = False) -> None:
        watched = sys.stderr is not None and sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            unit="submission",
            file=sys.stderr,
            disable=quiet or not watched,
            leave=False,
            dynamic_ncols=True,
        )

    def done(self, name: str) -> None:
        """One more submission has its record; what its name could do to a terminal is written out."""
        self._bar.set_postfix_str(visible(name)[-LONGEST_NAME:], refresh=False)
        self._bar.update()

    def close(self) -> None:
        self._bar.close()
