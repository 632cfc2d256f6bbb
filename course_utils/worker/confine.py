"""The walls around one worker, put up by itself before the student's code runs. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import signal
import sys

from course_utils.worker import seccomp

NEW_MOUNTS, NEW_HOST_NAME, NEW_IPC, NEW_USER, NEW_PIDS = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
PRIVATE, RECURSIVE, BIND = 1 << 18, 1 << 14, 1 << 12
DIE_WITH_PARENT, NOT_DUMPABLE, NO_NEW_PRIVILEGES = 1, 4, 38
CLONE = {"x86_64": 56, "aarch64": 220}  # number of the system call
CAPABILITIES_3 = 0x20080522
NOBODY = 65534
ABOVE, MOST_FILES = 100, 65536  # numbers of open files: out of the way, and more than there are


class ConfineError(Exception):
    """A wall could not be put up; nothing may be run without it."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def fork_apart() -> int:
    """As `os.fork`; the child is the first process of namespaces of its own, and mounts for itself alone.

    `clone` with Python's preparations around it: entering a namespace of processes after a fork would take
    a second fork, and each fork of a process as large as PyTorch is dear. Not done, unlike in `fork`, is what
    the C library prepares where there are other threads; there must be none.

    Raises:
        ConfineError: the system does not allow it here.
    """
    number = CLONE.get(platform.machine())
    if number is None:
        raise ConfineError(f"namespaces for each worker are not known on {platform.machine()}")
    python, system = ctypes.pythonapi, ctypes.PyDLL(None, use_errno=True)
    system.syscall.restype = ctypes.c_long
    flags = NEW_USER | NEW_MOUNTS | NEW_PIDS | NEW_IPC | NEW_HOST_NAME | signal.SIGCHLD
    python.PyOS_BeforeFork()
    process = system.syscall(ctypes.c_long(number), ctypes.c_ulong(flags), *(ctypes.c_long(0),) * 4)
    if process == 0:
        python.PyOS_AfterFork_Child()
        return 0
    error = ctypes.get_errno()
    python.PyOS_AfterFork_Parent()
    if process < 0:
        raise ConfineError(f"namespaces for one worker: {os.strerror(error)}")
    return process


def own_folder(folder: str, place: str) -> None:
    """Put `folder` in the place of `place`, for this process alone, and stand in it."""
    libc = _libc()
    _check(libc.mount(None, b"/", None, PRIVATE | RECURSIVE, None), "private mounts")
    _check(libc.mount(folder.encode(), place.encode(), None, BIND, None), "a folder of its own")
    os.chdir(place)


def become_nobody() -> None:
    """From root to a user who owns nothing: limits on processes do not hold for root."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    die_with_parent()  # a change of user has undone it


def die_with_parent() -> None:
    """Be killed when the process that started this one ends."""
    if sys.platform == "linux":
        _libc().prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def gain_nothing() -> None:
    """No program that is started from here on has more rights than this process."""
    if sys.platform == "linux":
        _check(_libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")


def unreadable_by_others() -> None:
    """No process of the same user can look into this one's memory."""
    if sys.platform == "linux":
        _check(_libc().prctl(NOT_DUMPABLE, 0, 0, 0, 0), "no reading of its memory")


def give_up_rights() -> bool:
    """Gain nothing more, keep no capability, filter the system calls; is the filter in place?"""
    if sys.platform != "linux":
        return False
    libc = _libc()
    gain_nothing()
    unreadable_by_others()
    _check(libc.capset(ctypes.byref(_Header(CAPABILITIES_3, 0)), (_Data * 2)()), "no capabilities")
    return seccomp.install(libc)


def only_files(files: list[int]) -> None:
    """Of all open files keep these, which become the numbers 0, 1, 2, ..."""
    lifted = [fcntl.fcntl(number, fcntl.F_DUPFD, ABOVE) for number in files]
    for then, now in enumerate(lifted):
        os.dup2(now, then, inheritable=True)
    os.closerange(len(files), MOST_FILES)


def plain_signals() -> None:
    """As a new process has them, but deaf to Ctrl-C, which would only end the loop."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        raise ConfineError(f"{what}: {os.strerror(ctypes.get_errno())}")
