"""Which files a process may open, kept by the kernel (Landlock, Linux 5.13 and later), without any rights.

Used in the baseline tier, where there are no mounts that hide the rest. The names and sizes of files can be
seen still; what is in them cannot.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable

CREATE_RULES, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on all architectures
ASK_VERSION, PATH_BENEATH = 1, 1
RUN, WRITE_FILE, READ_FILE, LIST_FOLDER, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
KNOWN_RIGHTS = {1: 13, 2: 14, 3: 15}  # how many rights a version knows; those after 3 add none that we need
EVERYTHING = (1 << 15) - 1
CHANGES = EVERYTHING & ~(READ_FILE | LIST_FOLDER | RUN)
OF_FILES = READ_FILE | WRITE_FILE | TRUNCATE | RUN  # the others are of folders


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def open_only(readable: Iterable[str], listed: Iterable[str], writable: Iterable[str]) -> bool:
    """From now on this process and all that it starts open nothing else.

    Args:
        readable: files and folders that may be read; listed: folders of which only the names may be.
        writable: folders and devices in which everything is allowed.

    Returns:
        Whether the kernel does that. `no_new_privs` must be set before.
    """
    reading = READ_FILE | LIST_FOLDER
    return _restrict(EVERYTHING, [(readable, reading), (listed, LIST_FOLDER), (writable, EVERYTHING)])


def write_only(writable: Iterable[str]) -> bool:
    """From now on this process changes nothing else; it reads as before. Returns what `open_only` does."""
    return _restrict(CHANGES, [(writable, CHANGES)])


def _restrict(handled: int, rules: list[tuple[Iterable[str], int]]) -> bool:
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = _call(libc, CREATE_RULES, None, 0, ASK_VERSION)
    if version < 1:
        return False
    handled &= (1 << KNOWN_RIGHTS[min(version, 3)]) - 1
    number = _call(libc, CREATE_RULES, ctypes.byref(_Rules(handled)), ctypes.sizeof(_Rules), 0)
    if number < 0:
        return False
    try:
        for paths, allowed in rules:
            for path in paths:
                _allow(libc, number, path, allowed & handled)
        return _call(libc, RESTRICT_SELF, number, 0) == 0
    finally:
        os.close(number)


def _allow(libc: ctypes.CDLL, rules: int, path: str, allowed: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # what is not there need not be allowed
        return
    try:
        rights = allowed if os.path.isdir(path) else allowed & OF_FILES
        beneath = _Beneath(rights, folder)
        _call(libc, ADD_RULE, rules, PATH_BENEATH, ctypes.byref(beneath), 0)
    finally:
        os.close(folder)


def _call(libc: ctypes.CDLL, number: int, *args: object) -> int:
    libc.syscall.restype = ctypes.c_long
    longs = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return libc.syscall(ctypes.c_long(number), *longs)
