"""What a worker may use: limits that the kernel keeps, set before any of the student's code runs."""

from __future__ import annotations

import contextlib
import mmap
import resource
import sys

PIECE = 1 << 20
HIGHEST = 1 << 46
OPEN_FILES = 64
CPU_GRACE = 1  # seconds from SIGXCPU, which a worker may ignore, to SIGKILL, which it may not


def mapped_bytes() -> int:
    """How much address space this process has taken: found by trying, for there is no /proc to read it from.

    0 where the system keeps no such limit (macOS).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform != "linux":
        return 0
    low, high = 0, HIGHEST if hard == resource.RLIM_INFINITY else min(hard, HIGHEST)
    try:
        while high - low > PIECE:
            middle = (low + high) // 2
            resource.setrlimit(resource.RLIMIT_AS, (middle, hard))
            if _has_room():
                high = middle
            else:
                low = middle
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    return high


def set_limits(cpu_seconds: int, memory_bytes: int, file_bytes: int, mapped: int, alone: bool) -> None:
    """Bind this process. `memory_bytes` come on top of what is `mapped`; `alone`: no process beside it."""
    _lower(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + CPU_GRACE)
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    if hasattr(resource, "RLIMIT_MSGQUEUE"):
        _lower(resource.RLIMIT_MSGQUEUE, 0)
    if alone:
        _lower(resource.RLIMIT_NPROC, 0)  # neither processes nor threads
    if mapped:
        _lower(resource.RLIMIT_AS, mapped + memory_bytes)


def _lower(kind: int, soft: int, hard: int | None = None) -> None:
    _, highest = resource.getrlimit(kind)
    bounded = [
        value if highest == resource.RLIM_INFINITY else min(value, highest) for value in (soft, hard or soft)
    ]
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
        resource.setrlimit(kind, (bounded[0], bounded[1]))


def _has_room() -> bool:
    try:
        mmap.mmap(-1, PIECE).close()
    except (OSError, MemoryError):
        return False
    return True
