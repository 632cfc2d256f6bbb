"""Why a worker has ended."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any


class WorkerEnded(Exception):
    """The worker is gone, with every process and file of it.

    `reason` is "time", "memory", "died", "forged" (something that is no answer), "too much" (to print or to
    send) or "closed" (by the judge); `detail` says more, in words of ours.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def how_it_ended(report: Mapping[str, Any] | None, cpu_seconds: float) -> tuple[str, str]:
    """Reason and detail for a worker that has closed its connection; no report: its process still lived."""
    if report is None:
        return "died", "it closed its connection"
    number, cpu = report["signal"], report["cpu"]
    if number in (signal.SIGKILL, signal.SIGXCPU):
        if number == signal.SIGXCPU or cpu >= cpu_seconds:
            return "time", f"it used up {cpu_seconds} seconds of processor time"
        return "memory", "the system killed it; most often there is no memory left"
    if number:
        return "died", f"ended by {signal.Signals(number).name}"
    return "died", f"it ended itself with code {report['code']}"
