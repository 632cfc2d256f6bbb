"""Which lessons there are, and a student's run of one: shared by the tests that run notebooks."""

import functools
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import network

ROOT = Path(__file__).parent.parent
LESSONS = sorted(path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"))
OUTCOME = re.compile(r"^\S+\.ipynb::(.+?) (PASSED|FAILED|SKIPPED|ERROR|NOT ATTEMPTED)\b", re.MULTILINE)


class Run(NamedTuple):
    """What pytest said: `outcomes` maps the name of each cell to the word that pytest gave it."""

    outcomes: dict[str, str]
    output: str
    without_network: bool


def grade(notebook, folder=ROOT):
    """Grade one notebook as its learner does, in a process of its own, without a network where that works."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "-v",
        "--color=no",
        "-p",
        "no:cacheprovider",
        notebook,
    ]
    without_network = network.why_it_stays() is None
    if without_network:
        command = network.without(command)
    output = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    ).stdout
    return Run(dict(OUTCOME.findall(output)), output, without_network)


@functools.cache
def student_run(lesson):
    """The student notebook as it is handed out, run once in a session however many tests look at the run."""
    return grade(f"lessons/{lesson}.ipynb")
