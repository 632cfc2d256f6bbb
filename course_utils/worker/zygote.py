"""The process from which workers are forked: PyTorch is loaded, nothing computed, no expected value known.

Started as a script, `python -I -S zygote.py SETTINGS`, inside bubblewrap or, in the baseline tier, without.
SETTINGS is JSON: `path` (sys.path), `control` (number of the socket to the judge), `preload` (modules),
`box` (a folder to write in), `nobody` (give up root), `nested` (namespaces for each worker), `alone` (it is
process 1 of a namespace of its own; where not: `files`, what may be opened, and `hidden`, what not imported).

The judge sends an order with two open files, the worker's socket and its log; and hears how the worker ended
once nothing of it is left.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import time
import traceback
from types import ModuleType

if __name__ == "__main__":  # a script in isolated mode: told here where modules are
    sys.path[:] = json.loads(sys.argv[1])["path"]

from course_utils.worker import confine, frames, landlock, large_pages, limits, one_process
from course_utils.worker.tidy import empty, tidy

SOCKET = 3  # the worker's number for it, after standard input, output and error
TIDY_SECONDS = 2.0


def main() -> None:
    settings = json.loads(sys.argv[1])
    if settings["alone"]:
        if os.getpid() != 1:
            raise SystemExit("not process 1: this would kill what is none of ours")
        confine.die_with_parent()  # elsewhere it lives on, to clear away
    control = socket.socket(fileno=settings["control"])
    for name in settings["preload"]:
        importlib.import_module(name)
    if "torch" in sys.modules:
        _settle(sys.modules["torch"])
    if settings["nobody"]:
        confine.become_nobody()
    settings["walled"] = settings["alone"] or _keep_to_files(settings)
    mapped = limits.mapped_bytes()
    gc.collect()
    large_pages.use_large_pages()
    gc.freeze()  # the collector leaves these objects alone, so that workers share their memory
    Zygote(settings, control, mapped).run()


def _settle(torch: ModuleType) -> None:
    """One thread, for good; all workers begin in the same state."""
    one_process.settle(torch)
    sys.modules["numpy"].random.seed(0)
    torch.manual_seed(0)


def _keep_to_files(settings: dict) -> bool:
    """The baseline tier's own wall; and what may not be seen is not even looked for, where there is none."""
    for name in settings["hidden"]:
        sys.modules[f"course_utils.{name}"] = None
    confine.gain_nothing()
    files = settings["files"]
    return landlock.open_only(files["readable"], files["listed"], [*files["writable"], settings["box"]])


class Zygote:
    """Follows the judge's orders: fork a worker, kill it. At most one lives at a time."""

    def __init__(self, settings: dict, control: socket.socket, mapped: int) -> None:
        self._settings, self._control, self._mapped = settings, control, mapped
        self._worker = 0  # its process number
        self._folder = ""
        self._workers = 0
        self._child_ended, told = socket.socketpair()
        told.setblocking(False)
        signal.set_wakeup_fd(told.detach(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the wakeup tells

    def run(self) -> None:
        """Until the judge closes the socket."""
        frames.send(self._control, {"ready": True})
        following = True
        while following:
            ready, _, _ = select.select([self._control, self._child_ended], [], [])
            if self._child_ended in ready:
                self._child_ended.recv(4096)
                self._look_after_worker()
            elif self._control in ready:
                following = self._follow()
        if self._worker:
            self._kill()
            os.waitpid(self._worker, 0)
        if not self._settings["alone"]:  # the judge may have been killed: nobody else would do it
            empty(self._settings["box"], time.monotonic() + TIDY_SECONDS)

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
        elif self._worker:
            self._kill()
        return True

    def _fork(self, order: dict, sock: int, log: int) -> None:
        self._workers += 1
        self._folder = os.path.join(self._settings["box"], "work", str(self._workers))
        os.makedirs(self._folder, mode=0o700)
        self._worker = confine.fork_apart() if self._settings["nested"] else os.fork()
        if not self._worker:
            work(self._settings, order, self._mapped, self._folder, sock, log)

    def _kill(self) -> None:
        """The worker, which has not been waited for: its process number is its own still."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._worker, signal.SIGKILL)

    def _kill_rest(self, leader: int) -> None:
        """What a worker has left: for process 1 of a namespace all others of it, elsewhere a group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._settings["alone"]:
                os.kill(-1, signal.SIGKILL)
            else:
                os.killpg(leader, signal.SIGKILL)

    def _look_after_worker(self) -> None:
        """When it has ended, clear everything away, and only then say so."""
        if not self._worker:
            return
        process, status, usage = os.wait4(self._worker, os.WNOHANG)
        if not process:
            return
        self._kill_rest(process)
        self._worker = 0
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = 0 if number else os.WEXITSTATUS(status)
        ended = {"signal": number, "code": code, "cpu": usage.ru_utime + usage.ru_stime}
        frames.send(self._control, {"ended": ended, "tidy": tidy(self._folder, TIDY_SECONDS)})


def work(settings: dict, order: dict, mapped: int, folder: str, sock: int, log: int) -> None:
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
        confine.die_with_parent()
        limits.set_limits(**order["limits"], mapped=mapped, alone=settings["alone"])
        if not settings["alone"]:
            landlock.write_only([*settings["files"]["writable"], folder])
        filtered = confine.give_up_rights()
        if order["probe"]:
            print(json.dumps({"filtered": filtered, "walled": settings["walled"]}), flush=True)
        else:
            random.seed(0)  # a fork has changed it; those of NumPy and PyTorch are as the zygote left them
            sys.modules["course_utils.worker.serve"].serve(socket.socket(fileno=SOCKET))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
