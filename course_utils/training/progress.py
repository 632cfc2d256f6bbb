"""A progress bar for a person who watches, and nothing for a file or a test."""

from __future__ import annotations

import os
import sys

from tqdm.auto import tqdm

SILENCERS = ("PYTEST_VERSION", "CI", "COURSE_QUIET")  # pytest exports its version to the kernels of nbval
WATCHED_KERNELS = ("JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG")


def someone_watches() -> bool:
    """True in a terminal and in a notebook opened by hand; False under pytest, nbval, nbclient and CI."""
    if any(os.environ.get(name) for name in SILENCERS):
        return False
    if "ipykernel" in sys.modules:
        return any(os.environ.get(name) for name in WATCHED_KERNELS)
    return sys.stderr is not None and sys.stderr.isatty()


def progress_bar(total: int, unit: str, show: bool = True) -> tqdm:
    """A bar of `total` units that removes itself when done; silent unless someone watches."""
    return tqdm(total=total, unit=unit, leave=False, disable=not (show and someone_watches()))


def say(text: str) -> None:
    """A line beside the bars, for a person who watches."""
    if someone_watches():
        tqdm.write(text, file=sys.stderr)
