"""How safely a student's code can be run on this machine, found out by trying."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from dataclasses import dataclass

from course_utils.grading.errors import GradingError
from course_utils.grading.sandbox.starting import BASELINE_WAY, Way
from course_utils.grading.sandbox.zygotes import SandboxFailed, Zygote

BUBBLEWRAP, BASELINE = "bubblewrap", "baseline"


@dataclass(frozen=True)
class Tier:
    """`name` is "bubblewrap" or "baseline"; `why` says, for the report, why it is this one."""

    name: str
    why: str


@dataclass(frozen=True)
class _Found:
    way: Way
    why: str


def best_tier() -> Tier:
    """The safest tier that works here, tried once in each process.

    Raises:
        GradingError: on Windows, where no tier works.
    """
    found = _best()
    return Tier(BUBBLEWRAP if found.way.bwrap else BASELINE, found.why)


def way_of(tier: Tier) -> Way:
    """How the processes of a tier are started here.

    Raises:
        GradingError: the tier does not work here.
    """
    if tier.name == BASELINE:
        _refuse_windows()
        return BASELINE_WAY
    found = _best()
    if not found.way.bwrap:
        raise GradingError(f"the bubblewrap tier does not work here: {found.why}")
    return found.way


@functools.cache
def _best() -> _Found:
    _refuse_windows()
    if sys.platform != "linux":
        return _baseline("bubblewrap exists on Linux only")
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return _baseline("bubblewrap (the program bwrap) is not installed")
    failures = []
    for as_root in _users():
        for nested in (True, False):
            way = Way(bwrap, as_root, nested)
            try:
                return _Found(way, _praise(way, _walls(way)))
            except SandboxFailed as error:
                failures.append(str(error))
    return _baseline(f"bubblewrap is installed and does not work here: {failures[0]}")


def _users() -> list[bool]:
    """As root first without a user namespace, then with one; otherwise with one."""
    return [True, False] if os.geteuid() == 0 else [False]


def _walls(way: Way) -> dict[str, bool]:
    with Zygote(way, preload=()) as zygote:
        return zygote.probe()


def _praise(way: Way, walls: dict[str, bool]) -> str:
    each = "each worker has namespaces of its own"
    if not way.nested:
        each = "namespaces cannot be nested here: the zygote is started anew for each worker"
    return f"bubblewrap works here; {each}" + ("" if walls["filtered"] else "; system calls are not filtered")


def _baseline(why: str) -> _Found:
    """The baseline's walls differ: without Landlock in the kernel a student can read the course itself."""
    walls = _walls(BASELINE_WAY)
    files = "cannot open" if walls["walled"] else "can open"
    calls = "cannot start" if walls["filtered"] else "can start"
    return _Found(
        BASELINE_WAY,
        f"{why}; a student's code {files} the files of this machine here, and {calls} processes, connections",
    )


def _refuse_windows() -> None:
    if sys.platform == "win32":
        raise GradingError("grading does not run on Windows itself: run it in WSL or in Docker")
