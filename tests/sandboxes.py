"""What a student's code does in a real worker."""

import pytest

from course_utils.grading.sandbox.sandbox import WorkerEnded
from course_utils.worker.codec import decode

HONEST = "import torch\ndef f(x):\n    return x @ x.T\n"
SECONDS = 20.0  # far more than anything here takes


def run(worker, source, seconds=SECONDS):
    """The error that a cell raises, or None."""
    reply = worker.ask({"do": "define", "name": "f", "source": source}, seconds)
    return decode(reply["error"]) if "error" in reply else None


def tell(worker, source, seconds=SECONDS):
    """What `f()` gives after the cell was run, or the exception that stopped either."""
    error = run(worker, source, seconds)
    if error is not None:
        return error
    reply = worker.ask({"do": "call", "name": "f"}, seconds)
    return decode(reply["error"] if "error" in reply else reply["value"])


def ending(sandbox, source, seconds=SECONDS):
    """Why the worker ended that was given this cell and then asked for something."""
    with sandbox.worker() as worker, pytest.raises(WorkerEnded) as ended:
        run(worker, source, seconds)
        worker.ask({"do": "look", "name": "f"}, seconds)
    with pytest.raises(WorkerEnded):
        worker.ask({"do": "look", "name": "f"}, seconds)
    return ended.value.reason
