"""The process from which workers are forked: PyTorch is loaded, nothing computed, no expected value known.

Started as a script, `python -I -S zygote.py SETTINGS`, inside bubblewrap or, in the baseline tier, without.
SETTINGS is JSON: `path` (sys.path), `control` (number of the socket to the judge), `preload` (modules), `box`
(a folder to write in), `nobody` (give up root), `nested` (namespaces for each worker), `alone` (process 1 of a
namespace of its own).

The judge sends an order with two open files, the worker's socket and its log. Each worker has a keeper, a
process that enters new namespaces, forks the worker into them, waits for its end and says how it came.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import traceback
from dataclasses import dataclass

if __name__ == "__main__":  # a script in isolated mode: told here where modules are
    sys.path[:] = json.loads(sys.argv[1])["path"]

from course_utils.worker import confine, frames, limits
from course_utils.worker.tidy import tidy

SOCKET = 3  # the worker's number for it, after standard input, output and error
PROCESS = struct.Struct("=q")
TIDY_SECONDS = 2.0


def main() -> None:
    settings = json.loads(sys.argv[1])
    confine.die_with_parent()
    control = socket.socket(fileno=settings["control"])
    for name in settings["preload"]:
        importlib.import_module(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    if settings["nobody"]:
        confine.become_nobody()
    mapped = limits.mapped_bytes()
    gc.collect()
    gc.freeze()  # the collector leaves these objects alone, so that workers share their memory
    Zygote(settings, control, mapped).run()


@dataclass
class Keeper:
    """The keeper of the worker that runs now."""

    pid: int
    report: int  # open file in which it says the worker's process number, then how it ended
    folder: str
    worker: int = 0


class Zygote:
    def __init__(self, settings: dict, control: socket.socket, mapped: int) -> None:
        self._settings, self._control, self._mapped = settings, control, mapped
        self._keeper: Keeper | None = None
        self._workers = 0

    def run(self) -> None:
        """Follow orders until the judge closes the socket."""
        frames.send(self._control, {"ready": True})
        while True:
            watched = [self._control, *([self._keeper.report] if self._keeper else [])]
            ready, _, _ = select.select(watched, [], [])
            if self._keeper and self._keeper.report in ready:
                frames.send(self._control, self._ended())
            elif self._control in ready and not self._follow():
                break
        if self._keeper:
            self._kill()
            self._ended()

    def _follow(self) -> bool:
        """One order of the judge; False when there will be no more."""
        header, files, _, _ = socket.recv_fds(self._control, frames.HEADER.size, 2)
        if not header:
            return False
        order = frames.unpacked(self._control.recv(frames.HEADER.unpack(header)[0], socket.MSG_WAITALL))
        if order["do"] == "fork":
            self._fork(order, *files)
            for number in files:
                os.close(number)
        elif self._keeper:
            self._kill()
        return True

    def _fork(self, order: dict, sock: int, log: int) -> None:
        self._workers += 1
        folder = os.path.join(self._settings["box"], "work", str(self._workers))
        os.makedirs(folder, mode=0o700)
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            _keep(self._settings, order, self._mapped, folder, (sock, log, writing))
        os.close(writing)
        self._keeper = Keeper(pid, reading, folder)
        told = os.read(reading, PROCESS.size)
        self._keeper.worker = PROCESS.unpack(told)[0] if told else 0

    def _kill(self) -> None:
        """Process 1 of a namespace kills all others of it; elsewhere the worker and the group it leads."""
        if self._settings["alone"]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        elif self._keeper.worker:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(self._keeper.worker, signal.SIGKILL)

    def _ended(self) -> dict:
        """The keeper has spoken, or died: clear everything away, and only then say so."""
        text = os.read(self._keeper.report, 1000)
        if self._settings["alone"] or not text:
            self._kill()
        keeper, self._keeper = self._keeper, None
        os.close(keeper.report)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1 if self._settings["alone"] else keeper.pid, 0)
        report = json.loads(text) if text else {"signal": 0, "code": 0, "cpu": 0.0}
        return {"ended": report, "tidy": tidy(keeper.folder, TIDY_SECONDS)}


def _keep(settings: dict, order: dict, mapped: int, folder: str, files: tuple[int, int, int]) -> None:
    """The keeper's whole life. Never returns."""
    sock, log, report = files
    try:
        confine.die_with_parent()
        if settings["nested"]:
            confine.own_namespaces()
        pid = os.fork()
        if not pid:
            _work(settings, order, mapped, folder, sock, log)
        os.close(sock)
        os.close(log)
        os.write(report, PROCESS.pack(pid))
        _, status, usage = os.wait4(pid, 0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # what it left of the group that it led
        code, number = (0, os.WTERMSIG(status)) if os.WIFSIGNALED(status) else (os.WEXITSTATUS(status), 0)
        ended = {"signal": number, "code": code, "cpu": usage.ru_utime + usage.ru_stime}
        os.write(report, json.dumps(ended).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _work(settings: dict, order: dict, mapped: int, folder: str, sock: int, log: int) -> None:
    """The worker's whole life: first the walls, then the student's code. Never returns."""
    code = 1
    try:
        os.setsid()
        if settings["nested"]:
            confine.own_folder(folder, settings["box"])
            folder = settings["box"]
        os.chdir(folder)
        os.environ.update(HOME=folder, TMPDIR=folder)
        nothing = os.open(os.devnull, os.O_RDONLY)
        confine.only_files([nothing, log, log, sock])
        confine.plain_signals()
        limits.set_limits(**order["limits"], mapped=mapped, alone=settings["alone"])
        filtered = confine.give_up_rights()
        if order["probe"]:
            print(json.dumps({"filtered": filtered}), flush=True)
        else:
            _serve()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _serve() -> None:
    import random

    import numpy
    import torch

    from course_utils.worker.serve import serve

    random.seed(0)  # each worker begins alike
    numpy.random.seed(0)
    torch.manual_seed(0)
    serve(socket.socket(fileno=SOCKET))


if __name__ == "__main__":
    main()
