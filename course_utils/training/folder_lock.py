"""One run at a time writes into a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from course_utils.training.errors import TrainingError


@contextmanager
def one_writer(folder: str | None, is_main: bool = True) -> Iterator[None]:
    """Hold the folder for this process while the block runs; only process 0 of a run asks.

    The system holds the lock and lets it go when the process ends, however it ends.

    Raises:
        TrainingError: another process holds it, or nothing may be written there.
    """
    if folder is None or not is_main:
        yield
        return
    lock = FileLock(Path(folder) / ".lock", timeout=0)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise TrainingError(
            f"Another process is training into {folder} at this moment: wait for it, or choose another "
            "folder."
        ) from None
    except OSError as error:
        raise TrainingError(
            f"Cannot write into {folder}: {error.strerror}. Choose another folder for the run."
        ) from error
    with lock:
        yield
