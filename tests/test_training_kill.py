"""Kill −9 anywhere, also inside the write of a checkpoint, and go on: the same bits at the end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.training.checkpoint import Checkpoints, read_state
from course_utils.training.nested import flatten
from course_utils.training.state_file import DTYPES

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
ROOT = Path(__file__).parent.parent


class Server:
    """The process that forks the runs."""

    def __init__(self, errors: Path) -> None:
        quiet = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
        self.errors = errors
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "killed_runs.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors.open("wb"),
            text=True, env=os.environ | quiet,
        )  # fmt: skip

    def run(self, folder: Path, *, resume: bool, kind: str | None = None, number: float = 0) -> dict:
        order = {"folder": str(folder), "resume": resume, "kind": kind, "number": number}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"status": "the server is gone"}')
        assert answer["status"] in (0, -signal.SIGKILL), self.errors.read_text()
        return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server") / "stderr.txt")
    yield server
    server.process.kill()
    server.process.communicate()


@pytest.fixture(scope="module")
def undisturbed(server, tmp_path_factory):
    """What a run that nobody kills leaves behind, and what it counted: bytes, calls, steps, seconds."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    answer = server.run(folder, resume=False)
    assert answer["status"] == 0
    return left_behind(folder), answer["counts"] | {"seconds": answer["seconds"]}


def left_behind(folder: Path) -> dict:
    """All that must not depend on kills: everything but the clock."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    newest, *older = Checkpoints(folder / "checkpoints").paths()
    assert 1 <= len(older) <= 2  # a kill after the last one may leave one too many
    state = read_state(newest)
    for clock in ("seconds", "images_trained"):  # what was timed: the part before a kill is not in it
        del state[clock]
    document, tensors = flatten(state, tuple(DTYPES))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    rows = list(csv.DictReader((folder / "history.csv").read_text(encoding="utf-8").splitlines()))
    return {
        "weights": run["files"],  # the SHA-256 of the files: each bit counts
        "history": run["history"],
        "best_epoch": run["best_epoch"],
        "csv": [{name: value for name, value in row.items() if name != "seconds"} for row in rows],
        "state": document,
        "tensors": {name: (tensor.shape, tensor.numpy().tobytes()) for name, tensor in tensors.items()},
        "files": files - {path.relative_to(folder).as_posix() for path in older},
    }


def points(kind: str, counts: dict, how_many: int) -> list[int]:
    """Different numbers at which to kill, drawn at random."""
    draws = np.random.default_rng([2026, *kind.encode()])
    highest = counts[kind] - (100 if kind == "bytes" else 0)  # the clock in a file may have fewer digits
    return sorted((1 + draws.choice(highest, how_many, replace=False)).tolist())


@pytest.mark.parametrize(
    ("kind", "how_many"), [("bytes", 9), ("fsync", 2), ("replace", 4), ("unlink", 2), ("step", 3)]
)
def test_killed_at_a_chosen_point(server, undisturbed, tmp_path, kind, how_many):
    expected, counts = undisturbed
    for number in points(kind, counts, how_many):
        folder = tmp_path / str(number)
        assert server.run(folder, resume=False, kind=kind, number=number)["status"] == -signal.SIGKILL
        assert server.run(folder, resume=True)["status"] == 0
        assert left_behind(folder) == expected, f"killed at {kind} {number} of {counts[kind]}"


def test_killed_at_random_moments(server, undisturbed, tmp_path):
    """Two runs, each killed at a random moment, and again after it has gone on, until it comes to its end."""
    expected, counts = undisturbed
    draws, kills = np.random.default_rng(2027), 0
    for trial in range(2):
        folder = tmp_path / str(trial)
        for attempt, moment in enumerate(draws.uniform(0, counts["seconds"], size=4)):
            answer = server.run(folder, resume=attempt > 0, kind="seconds", number=moment)
            kills += answer["status"] != 0
        server.run(folder, resume=True)
        assert left_behind(folder) == expected
    assert kills > 1


def test_nothing_is_imported_that_nobody_asked_for(undisturbed):
    assert undisturbed[1]["trackers"] == []


def test_the_run_has_something_to_lose(undisturbed):
    """Momentum, averages, random streams and a loader in the middle of its pass: else the rest is no test."""
    expected, counts = undisturbed
    tensors = expected["tensors"]
    assert any("momentum_buffer" in name for name in tensors)
    assert any(name.startswith("trainer/average") for name in tensors)
    assert "trainer/random/torch" in tensors
    assert len({row["val_loss"] for row in expected["history"]}) == 4
    assert counts["replace"] > 10
    assert torch.tensor(list(tensors["trainer/random/torch"][1])).any()
