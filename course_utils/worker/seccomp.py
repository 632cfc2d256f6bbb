"""A filter of system calls that no answer needs: other processes, mounts, sockets, hidden memory.

One more wall behind the namespaces, and in the baseline tier, where there are none, the one that stops
processes that would outlive their worker. Linux on x86-64 and 64-bit ARM; elsewhere nothing is filtered.
"""

from __future__ import annotations

import ctypes
import itertools
import platform
import struct
import sys
from collections.abc import Collection

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# name: (number on x86-64, number on 64-bit ARM); -1 where there is no such call
CALLS = {
    "fork": (57, -1),
    "vfork": (58, -1),
    "clone": (56, 220),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "setpriority": (141, 140),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_setup": (206, 0),
    "vmsplice": (278, 75),
    "personality": (135, 92),
    "modify_ldt": (154, -1),
    "inotify_init": (253, -1),  # who opens which of the shared files
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "sync": (162, 81),  # of the whole machine
    "syncfs": (306, 267),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
CLONE3 = 435  # both architectures
PRCTL, SET_DEATH_SIGNAL = (157, 167), 1  # a worker is killed when its zygote ends, and must not undo that
PRLIMIT, ITSELF = (302, 261), 0  # limits of its own may be asked for, those of others may not
# commands that have the kernel send a signal, which may be SIGKILL, to any process of this user
FCNTL, SENDS_SIGNALS = (72, 25), {"F_SETOWN": 8, "F_SETSIG": 10, "F_SETOWN_EX": 15, "F_NOTIFY": 1026}
IOCTL, NAMES_AN_OWNER = (16, 29), {"FIOSETOWN": 0x8901, "SIOCSPGRP": 0x8902}
X32 = 0x40000000  # the other numbering of x86-64 starts here
# where they lie in what the filter is shown; of an argument the lower half, which is all of a command
ARCHITECTURE, NUMBER, FIRST_ARGUMENT, SECOND_ARGUMENT = 4, 0, 16, 24
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
SET_SECCOMP, FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def install(libc: ctypes.CDLL) -> bool:
    """Filter the calls of this process for good, `no_new_privs` being set. False where it cannot be done."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ARCHITECTURES:
        return False
    program = _program(machine)
    argument = _Program(len(program) // 8, program)
    return libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(argument), 0, 0) == 0


def _program(machine: str) -> bytes:
    """Of another architecture: the end. One of the calls: "not permitted". `clone3`: "no such call", so that
    the C library falls back to `clone` and reports its refusal. All others pass."""
    column = list(ARCHITECTURES).index(machine)
    numbers = [numbers[column] for numbers in CALLS.values() if numbers[column] >= 0]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, ERROR | ENOSYS),
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, ERROR | ENOSYS),
    ]
    for number in numbers:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERROR | EPERM)]
    steps += _without(FCNTL[column], SENDS_SIGNALS.values())
    steps += _without(IOCTL[column], NAMES_AN_OWNER.values())
    steps += [
        (EQUAL, 0, 4, PRCTL[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 0, 1, SET_DEATH_SIGNAL),
        (RETURN, 0, 0, ERROR | EPERM),
        (RETURN, 0, 0, ALLOW),
        (EQUAL, 0, 3, PRLIMIT[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 1, 0, ITSELF),
        (RETURN, 0, 0, ERROR | EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _without(call: int, commands: Collection[int]) -> list[tuple[int, int, int, int]]:
    """Steps that let `call` pass except with one of these second arguments; other calls go past them."""
    refused = [((EQUAL, 0, 1, command), (RETURN, 0, 0, ERROR | EPERM)) for command in commands]
    steps = [(LOAD, 0, 0, SECOND_ARGUMENT), *itertools.chain(*refused), (RETURN, 0, 0, ALLOW)]
    return [(EQUAL, 0, len(steps), call), *steps]
