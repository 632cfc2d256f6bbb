"""How the zygote's process is started: inside bubblewrap or, in the baseline tier, as it is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from dataclasses import dataclass
from typing import IO

from course_utils.grading.sandbox import bubblewrap
from course_utils.grading.sandbox.first_process import FirstProcess


@dataclass(frozen=True)
class Way:
    """How a zygote is started.

    Args:
        bwrap: that program; "" in the baseline tier.
        as_root: root runs it, without a namespace of users.
        nested: each worker has namespaces of its own.
    """

    bwrap: str = ""
    as_root: bool = False
    nested: bool = False


BASELINE_WAY = Way()


def start(
    way: Way, control: socket.socket, preload: list[str], box: str, errors: IO[bytes], disk_bytes: int
) -> tuple[subprocess.Popen, FirstProcess | None]:
    """The process, and the first one of its sandbox where there is bubblewrap.

    Args:
        control: the zygote's end of the connection; box: its folder in the baseline tier.
        errors: where it writes what it has to complain of.
    """
    settings = {
        "path": bubblewrap.module_folders(),
        "control": control.fileno(),
        "preload": preload,
        "box": bubblewrap.BOX if way.bwrap else box,
        "nobody": way.as_root,
        "nested": way.nested,
        "alone": bool(way.bwrap),
        "files": {} if way.bwrap else bubblewrap.open_files(),
        "hidden": [] if way.bwrap else bubblewrap.HIDDEN,
    }
    program = [bubblewrap.interpreter(), "-I", "-S", bubblewrap.zygote_script(), json.dumps(settings)]
    if not way.bwrap:
        return _popen(program, errors, [control.fileno()], bubblewrap.environment(box), box), None
    told, telling = os.pipe()
    try:
        words = bubblewrap.command(
            program, bwrap=way.bwrap, as_root=way.as_root, told=telling, disk_bytes=disk_bytes
        )
        process = _popen(words, errors, [control.fileno(), telling], {}, "/")
        os.close(telling)
        telling = -1
        return process, FirstProcess(told)
    finally:
        os.close(told)
        if telling >= 0:
            os.close(telling)


def _popen(
    words: list[str], errors: IO[bytes], files: list[int], environment: dict[str, str], folder: str
) -> subprocess.Popen:
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=errors,
        stderr=errors,
        env=environment,
        cwd=folder,
        pass_fds=files,
        start_new_session=True,
    )
