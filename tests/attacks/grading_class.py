"""A class with cheats in it: folders of submissions, `course grade` on them, and what is left afterwards."""

from __future__ import annotations

import ctypes
import html.parser
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PORT_IN_THE_NOTEBOOKS = "48151"
HONEST = ("output_size", "conv2d", "receptive_field")  # 2, 3 and 3 points


def solution(lesson: str, *exercises: str) -> dict[str, Any]:
    """The lesson's own solution as a submission: of all exercises, or of those named."""
    notebook = json.loads((ROOT / "solutions" / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    answers = [cell for cell in notebook["cells"] if _is_answer(cell, exercises)]
    return {**notebook, "cells": [{**cell, "outputs": []} for cell in answers]}


def honest(number: object, *exercises: str) -> str:
    """Right answers to lesson 02; the comment keeps each notebook from being taken for the one before."""
    notebook = solution("02_convolution", *exercises)
    for cell in notebook["cells"]:
        cell["source"] = [f"# {number}\n", *cell["source"]]
    return json.dumps(notebook)


def _is_answer(cell: dict[str, Any], exercises: tuple[str, ...]) -> bool:
    course = cell["metadata"].get("course", {})
    return course.get("role") == "answer" and (not exercises or course["exercise"] in exercises)


@dataclass
class Graded:
    """What `course grade` left behind."""

    results: Path
    ended: subprocess.CompletedProcess

    @property
    def records(self) -> dict[str, dict[str, Any]]:
        """Each submission's record, by its name."""
        run = json.loads((self.results / "scores.json").read_text(encoding="utf-8"))
        return {record["submission"]: record for record in run["records"]}

    def result(self, submission: str, exercise: str) -> dict[str, Any]:
        return next(r for r in self.records[submission]["results"] if r["exercise"] == exercise)

    def pages(self) -> dict[str, str]:
        """Every file of the results, as text."""
        files = [path for path in self.results.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.results)): path.read_text("utf-8", "replace") for path in files}


def grade(submissions: Path, results: Path, *options: str, cwd: Path | None = None) -> Graded:
    """`course grade` as an instructor runs it, in a process of its own."""
    command = [sys.executable, "-m", "course_utils.cli", "grade", str(submissions), "--out", str(results)]
    command += ["--course", str(ROOT), "--quiet", "--seed", "7", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COURSE_ATTACK_SECRET": "COURSE-ATTACK-SECRET"}
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, check=False, errors="replace"
    )
    return Graded(results, ended)


class Listener:
    """Somebody on this machine who would like to be called. A context manager; `calls` counts them."""

    def __enter__(self) -> Listener:
        self.calls: list[str] = []
        self._sockets = [socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX)]
        self._sockets[0].bind(("127.0.0.1", 0))
        self._sockets[1].bind("\0course-attack-listener")
        self.port = self._sockets[0].getsockname()[1]
        for each in self._sockets:
            each.listen()
            threading.Thread(target=self._accept, args=(each,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        for each in self._sockets:
            each.shutdown(socket.SHUT_RDWR)  # else a thread waits in `accept`, and the address stays taken
            each.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                listening.accept()[0].close()
            except OSError:
                return
            self.calls.append(str(listening.family))


ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of Linux


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Inside, a process whose parents have ended becomes a child of this one, and is found."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(ADOPT_ORPHANS, 0, 0, 0, 0)


def children() -> dict[int, str]:
    """The living children of this process, by number."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                name, _, rest = (folder / "stat").read_text("utf-8", "replace").rpartition(")")
            except OSError:
                continue
            state, parent = rest.split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found[int(folder.name)] = f"{name}) {state}"
    return found


def left_behind(folders: list[Path]) -> list[str]:
    """Files with the attacks' mark in these folders, links not followed."""
    found = []
    for start in folders:
        for place, _, files in os.walk(start):
            found += [os.path.join(place, name) for name in files if name.startswith("course-attack")]
    return found


class Tags(html.parser.HTMLParser):
    """What of a page could run or reach out, in `active`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.active: list[tuple] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "img", "base", "form"):
            self.active.append((tag, attributes))
        for name, value in attributes:
            words = (value or "").strip().lower()
            if name.startswith("on") or words.startswith(("javascript:", "data:", "http:", "//")):
                self.active.append((tag, name, value))
