"""Three ways to grade the same notebooks, each a process of its own: ours, nbgrader's and nbval's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.submissions import ROOT, Submission, write
from tests.nbgrader_course import NbgraderCourse

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
NBVAL_FAILED = 1  # what pytest reports where a cell failed, as half of them should


class GraderFailed(Exception):
    """A grader ended with an error; its output is the message."""


class Ours:
    """`course grade` on a folder of notebooks, from nothing to all reports; no verdict is at hand before."""

    def __init__(self, folder: Path, made: Sequence[Submission], lesson: str, jobs: int):
        self.folder, self.lesson, self.jobs = folder, lesson, jobs
        self.runs = 0
        self.wrong: list[str] = []
        self.tier = ""
        self.expected = {each.name: each.points for each in made}
        for each in made:
            write(each, folder / "class" / f"{each.name}.ipynb")

    def seconds(self) -> float:
        """Seconds per submission."""
        self.runs += 1
        out = self.folder / f"results{self.runs}"
        began = time.perf_counter()
        run = course_grade(self.folder / "class", out, self.jobs, seed=self.runs, lesson=self.lesson)
        took = time.perf_counter() - began
        self.tier = run["tier"]
        self.wrong += wrong_scores(run, self.expected)
        shutil.rmtree(out)
        return took / len(self.expected)


class Nbgrader:
    """`nbgrader autograde`: one notebook after the other, as it works."""

    def __init__(self, folder: Path, made: Sequence[Submission], lesson: str):
        self.course, self.lesson, self.count = NbgraderCourse(folder), lesson, len(made)
        self.course.add(lesson)
        self.course.run("generate_assignment", lesson)
        for each in made:
            self.course.submit(each.name, lesson, each.notebook)
        self.expected = {each.name: each.points for each in made}
        self.wrong: list[str] = []

    def seconds(self) -> float:
        """Seconds per submission; the feedback is not counted."""
        began = time.perf_counter()
        self.course.run("autograde", self.lesson, "--force")
        took = time.perf_counter() - began
        graded = self.course.points(self.lesson)
        self.wrong += [name for name, points in self.expected.items() if graded.get(name) != points]
        return took / self.count


class Nbval:
    """`pytest --nbval`, which knows the course: the learner's own view, all notebooks in one process."""

    def __init__(self, folder: Path, made: Sequence[Submission]):
        self.folder, self.count = folder, len(made)
        for each in made:
            write(each, folder / f"{each.name}.ipynb")

    def seconds(self) -> float:
        """Seconds per submission."""
        call = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "."]
        began = time.perf_counter()
        _run(call, self.folder, (0, NBVAL_FAILED))
        return (time.perf_counter() - began) / self.count


def course_grade(folder: Path, out: Path, jobs: int, seed: int, lesson: str | None = None) -> dict:
    """The content of scores.json. Raises GraderFailed."""
    call = [sys.executable, "-m", "course_utils.cli", "grade", str(folder), "--out", str(out), "--quiet"]
    call += ["--jobs", str(jobs), "--seed", str(seed), "--course", str(ROOT)]
    call += ["--lesson", lesson] if lesson else []
    _run(call, ROOT, (0,))
    return json.loads((out / "scores.json").read_text(encoding="utf-8"))


def wrong_scores(run: Mapping, expected: Mapping[str, Mapping[str, float]]) -> list[str]:
    """`submission exercise: points, not points` for each that differs; and submissions that have no score."""
    found = {record["submission"]: record["results"] for record in run["records"]}
    wrong = [f"{name}: not graded" for name in expected if name not in found]
    for name, results in found.items():
        for result in results if name in expected else ():
            due = expected[name][result["exercise"]]
            if result["points"] != due:
                wrong.append(f"{name} {result['exercise']}: {result['points']}, not {due}: {result['text']}")
    return wrong


def _run(call: Sequence[str], folder: Path, fine: Sequence[int]) -> None:
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "check": False}
    ran = subprocess.run(call, cwd=folder, env={**os.environ, **ONE_THREAD}, **told)
    if ran.returncode not in fine:
        raise GraderFailed(f"{' '.join(call[2:5])} ended with {ran.returncode}:\n{ran.stdout[-4000:]}")
