"""The folder of one run: its settings, a record a submission, and a guard against mixing two runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from course_utils.grading.errors import GradingError
from course_utils.grading.records import Record

SETTINGS = "run.json"
RECORDS = "records"
SCORES = "scores.json"
OURS = (SETTINGS, RECORDS, SCORES, "scores.csv", "junit.xml", "class.html", "feedback")


class ResultsFolder:
    """`--out` of a run. Nothing is read or written before one of its methods is called."""

    def __init__(self, path: str | Path):
        self.path = Path(path)

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """Hold the folder while the block runs. Raises GradingError when another process grades into it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise GradingError(
                f"another process is grading into {self.path} now: wait for it, or choose another --out"
            ) from None
        except OSError as error:
            raise GradingError(
                f"cannot write into {self.path} ({error.strerror}): choose another --out"
            ) from None
        with lock:
            yield

    def refuse_former_run(self, remedy: str) -> None:
        """Raises GradingError when results of a run lie here already."""
        there = [name for name in OURS if (self.path / name).exists()]
        if there:
            raise GradingError(
                f"{self.path} holds the results of a former run ({', '.join(there)}). {remedy}"
            )

    def settings(self) -> dict[str, Any]:
        """What the run here began with. Raises GradingError when there is none, or it cannot be read."""
        return read_json(self.path / SETTINGS, "to begin a run, leave out --resume")

    def begin(self, settings: Mapping[str, Any]) -> None:
        write_json(self.path / SETTINGS, settings)

    def keep(self, record: Record) -> None:
        """Write a record, whole or not at all."""
        write_json(self.path / RECORDS / f"{record.slug}.json", record.to_json())

    def kept(self) -> dict[str, Record]:
        """The records here by slug. One that cannot be read is as good as none: it is judged again."""
        found = {}
        for path in sorted((self.path / RECORDS).glob("*.json")):
            try:
                found[path.stem] = Record.from_json(read_json(path, ""))
            except GradingError:
                continue
        return found


def write_whole(path: Path, text: str) -> None:
    """Put `text` into a file that a kill leaves as it was or as it shall be, never in between.

    Raises GradingError when the disk is full or refuses.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise GradingError(
            f"{path} could not be written ({error.strerror}): make room there, and run again with --resume"
        ) from None


def write_json(path: Path, data: Any) -> None:
    write_whole(path, json.dumps(data, indent=1, ensure_ascii=True) + "\n")


def read_json(path: Path, remedy: str) -> Any:
    """The JSON in a file. Raises GradingError, with the remedy, when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GradingError(f"{path} is not there: {remedy}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise GradingError(f"{path} cannot be read ({error}): {remedy}") from None
