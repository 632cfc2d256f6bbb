"""Which lessons there are, and a student's run of one: shared by the tests that run notebooks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import network
from filelock import FileLock

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LESSONS = sorted(path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"))
OUTCOME = re.compile(r"^\S+\.ipynb::(.+?) (PASSED|FAILED|SKIPPED|ERROR|NOT ATTEMPTED)\b", re.MULTILINE)


class Run(NamedTuple):
    """What pytest said: `outcomes` maps the name of each cell to the word that pytest gave it.

    `executed`: the file of the notebook with the outputs of this run.
    """

    outcomes: dict[str, str]
    output: str
    without_network: bool
    executed: str


def grade(notebook, executed, folder=ROOT):
    """Grade one notebook as its learner does, in a process of its own, without a network where that works.

    The notebook with the outputs of this run is written to `executed`.
    """
    options = ["--nbval", "-v", "--color=no", "-p", "no:cacheprovider"]
    command = [sys.executable, str(HERE / "keep_outputs.py"), str(executed), *options, notebook]
    without_network = network.why_it_stays() is None
    if without_network:
        command = network.without(command)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    output = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout
    return Run(dict(OUTCOME.findall(output)), output, without_network, str(executed))


def run_once(folder, lesson):
    """The student notebook as it is handed out: run by the process that comes first, kept in `folder`."""
    kept = Path(folder) / f"{lesson}.json"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            run = grade(f"lessons/{lesson}.ipynb", kept.with_suffix(".ipynb"))
            kept.write_text(json.dumps(run), encoding="utf-8")
    return Run(*json.loads(kept.read_text(encoding="utf-8")))
