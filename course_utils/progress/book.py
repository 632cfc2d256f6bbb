"""The file: read with care, written whole or not at all, by one process at a time. A file is never lost."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from course_utils.progress.entries import fault, merged
from course_utils.progress.errors import DamagedRecord, ProgressError

VERSION = 1
PATIENCE = 3.0  # seconds that a check waits for another notebook; a write takes milliseconds

Entries = dict[str, dict[str, Any]]  # by "02_convolution/conv2d"


def read(path: Path) -> Entries:
    """The entries by exercise; none where there is no file yet.

    Raises:
        DamagedRecord: the file is no record of progress; says why.
        ProgressError: a newer version of the course has written it, or it may not be read.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        told = json.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ProgressError(f"{path} cannot be read: {error.strerror}. Nothing was changed.") from error
    except ValueError as error:  # of UTF-8 and of JSON
        raise DamagedRecord(_damaged(path, str(error))) from error
    told = told if isinstance(told, dict) else {}
    version, entries = told.get("version"), told.get("exercises")
    if type(version) is int and version > VERSION:
        raise ProgressError(
            f"{path} was written by a newer version of the course. Nothing was changed.\n"
            "Bring the course up to date, or name another file in the environment variable COURSE_PROGRESS."
        )
    if version != VERSION or not isinstance(entries, dict):
        raise DamagedRecord(_damaged(path, f"it has no version {VERSION} and exercises"))
    for name, entry in entries.items():
        if wrong := fault(entry):
            raise DamagedRecord(_damaged(path, f"{name}: {wrong}"))
    return entries


def update(path: Path, change: Callable[[Entries], Entries]) -> None:
    """Replace the entries by `change(entries)`. A damaged file is set aside under another name first.

    Raises:
        ProgressError: the file may not be used; OSError, filelock.Timeout: it could not be written now.
    """
    with alone(path):
        try:
            before = read(path)
        except DamagedRecord:
            os.replace(path, _free(path, "damaged"))
            before = {}
        after = change(before)
        if after != before:
            _write(path, after)


def set_aside(path: Path, now: datetime) -> Path:
    """Give the file another name, whatever is in it, and say which."""
    with alone(path):
        backup = _free(path, f"backup-{now:%Y%m%d-%H%M%S}")
        os.replace(path, backup)
    return backup


def read_all(path: Path) -> tuple[Entries, list[Path]]:
    """The entries of the file and of those once set aside that can be read again, and those that cannot."""
    entries, unreadable = read(path), []
    for other in sorted(path.parent.glob(f"{path.stem}-damaged*{path.suffix}")):
        try:
            more = read(other)
        except ProgressError:
            unreadable.append(other)
            continue
        for name, entry in more.items():
            entries[name] = merged(entries[name], entry) if name in entries else entry
    return entries, unreadable


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other notebooks from the file. The lock's own file stays: without it those who wait would part."""
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock"), timeout=PATIENCE):
        yield


def _write(path: Path, entries: Entries) -> None:
    text = json.dumps(
        {"version": VERSION, "exercises": entries}, indent=1, sort_keys=True, ensure_ascii=False
    )
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".tmp", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _free(path: Path, word: str) -> Path:
    """A name beside `path` that nothing has."""
    names = (f"{path.stem}-{word}{'' if n == 1 else f'-{n}'}{path.suffix}" for n in range(1, 10_000))
    return next(path.with_name(name) for name in names if not path.with_name(name).exists())


def _damaged(path: Path, reason: str) -> str:
    return (
        f"{path} is not a record of progress: {reason}.\n"
        "Nothing in it was changed. Mend it in a text editor, or keep it under another name and begin a new "
        "one:  course progress --reset"
    )
