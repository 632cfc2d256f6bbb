"""Files that are there whole or not at all, whatever happens to the process or to the machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from course_utils.training.errors import TrainingError

PARTIAL = ".partial"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_atomically(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Put the pieces, one after the other, into the file `path`; its folder is made where it is missing.

    The pieces go into a hidden file beside it, which takes the name `path` when the disk holds it whole: a
    kill or a power cut at any moment leaves the old file or the new one, never a mixture. A hidden file that
    a kill has left is written over the next time.

    Raises:
        TrainingError: the disk is full or refuses; names the folder. The old file stays, and nothing else.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}{PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):
            raise _refused(path, error) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> TrainingError:
    cause = "The disk is full" if error.errno in FULL else f"The disk refuses ({error.strerror or error})"
    return TrainingError(
        f"{cause}: {path.name} could not be written into the folder {path.parent}.\n"
        "What was saved there before is untouched. Make room there or choose another folder, and run again."
    )
