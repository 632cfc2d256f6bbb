"""The kernel that runs a lesson under pytest: cells have a limit of time, and its death is noticed."""

import os
import subprocess
import time
from queue import Empty

from nbval.kernel import RunningKernel, start_new_kernel

HEARTBEAT = 0.5  # seconds between looks at whether the kernel still lives


class KernelDied(Exception):
    """The kernel's process ended while a cell ran."""


class LessonKernel(RunningKernel):
    """nbval's kernel, but it waits neither for a dead process nor longer than `cell_timeout` seconds.

    `environment` is added to what the kernel inherits, less a backend set for matplotlib: figures are
    shown as in a notebook. `overran` tells that a cell was interrupted because its time was up.
    """

    def __init__(self, kernel_name, cwd, startup_timeout, cell_timeout, environment):
        inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
        self.km, self.kc = start_new_kernel(
            startup_timeout=startup_timeout,
            kernel_name=kernel_name,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env={**inherited, **environment},
        )
        self.cell_timeout = cell_timeout
        self.overran = False
        self._ensure_iopub_up()

    def await_reply(self, msg_id, timeout=None):
        """Wait for the reply to a cell: queue.Empty after its time, KernelDied when nobody can answer."""
        limit = self.cell_timeout if timeout is None else min(timeout, self.cell_timeout)
        deadline = time.monotonic() + limit
        while True:
            left = deadline - time.monotonic()
            try:
                return super().await_reply(msg_id, timeout=max(0.0, min(HEARTBEAT, left)))
            except Empty:
                if not self.is_alive():
                    raise KernelDied from None
                if left <= 0:
                    raise

    def interrupt(self):
        """Stop the running cell; nbval asks for it when the cell's time is up."""
        self.overran = True
        super().interrupt()

    def stop(self):
        """End the process and close the channels; harmless when done twice."""
        if hasattr(self, "km"):
            super().stop()
