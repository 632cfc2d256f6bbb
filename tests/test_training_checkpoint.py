"""The folder of checkpoints: the newest good one is found; a disk that refuses costs no older one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.training.checkpoint import Checkpoints, read_state, write_state
from course_utils.training.errors import CheckpointError, TrainingError, TrainingWarning


def save_three(folder):
    checkpoints = Checkpoints(folder, keep=3)
    for step in (10, 20, 30):
        checkpoints.save({"step": step}, step)
    return checkpoints


def test_the_newest_stay_and_the_last_is_found(tmp_path):
    checkpoints = Checkpoints(tmp_path / "new" / "folder")
    assert checkpoints.latest() is None
    for step in (2, 10, 9_999_999_999):
        path = checkpoints.save({"step": step}, step)
    assert [read_state(path)["step"] for path in checkpoints.paths()] == [9_999_999_999, 10]
    assert checkpoints.latest() == ({"step": 9_999_999_999}, path)
    assert len(list(checkpoints.folder.iterdir())) == 2


def test_a_damaged_one_is_refused_and_the_one_before_is_used(tmp_path):
    checkpoints = save_three(tmp_path)
    newest, second, oldest = checkpoints.paths()
    newest.write_bytes(newest.read_bytes()[:-3])
    second.write_bytes(b"")
    with pytest.warns(TrainingWarning) as warned:
        state, path = checkpoints.latest()
    assert (state, path) == ({"step": 10}, oldest)
    first, then = (str(warning.message) for warning in warned)
    assert newest.name in first and "truncated" in first and f"{oldest.name} is used instead" in first
    assert second.name in then and "empty" in then


def test_one_that_is_not_accepted_is_refused_with_the_reason(tmp_path):
    checkpoints = save_three(tmp_path)
    with pytest.warns(TrainingWarning, match="checkpoint-000000030.* is refused: it is 30") as warned:
        state, _ = checkpoints.latest(lambda state: "it is 30" if state["step"] == 30 else None)
    assert state == {"step": 20} and len(warned) == 1


def test_when_none_is_good_each_is_listed_with_its_reason(tmp_path):
    checkpoints = save_three(tmp_path)
    checkpoints.paths()[0].write_bytes(b"PK" * 50)
    with pytest.raises(CheckpointError) as refused:
        checkpoints.latest(lambda state: f"step {state['step']} is not mine")
    text = str(refused.value)
    assert "pickle" in text and "step 20 is not mine" in text and "step 10 is not mine" in text
    assert "resume=False" in text and str(tmp_path) in text


def test_a_run_that_went_back_removes_what_it_left(tmp_path):
    """30 was refused: after 25 is written, 30 must not be found again."""
    checkpoints = save_three(tmp_path)
    checkpoints.save({"step": 25}, 25)
    assert [path.name[-14:-12] for path in checkpoints.paths()] == ["25", "20", "10"]


def test_other_files_stay(tmp_path):
    (tmp_path / "checkpoint-mine.safetensors").write_text("mine")
    (tmp_path / ".checkpoint-000000001.safetensors.partial").write_text("left by a kill")
    save_three(tmp_path).clear()
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-mine.safetensors"]


def test_at_least_one_is_kept(tmp_path):
    with pytest.raises(ValueError, match="keep must be at least 1, not 0"):
        Checkpoints(tmp_path, keep=0)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_an_error_of_the_disk_leaves_the_older_ones_and_nothing_else(tmp_path, monkeypatch, call):
    checkpoints = save_three(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    if call == "write":
        monkeypatch.setattr("course_utils.training.atomic.open", full, raising=False)
    else:
        monkeypatch.setattr(os, call, full)
    with pytest.raises(TrainingError, match="The disk is full") as failed:
        checkpoints.save({"step": 40}, 40)
    assert str(tmp_path) in str(failed.value) and "checkpoint-000000030" in str(failed.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingError, match=r"The disk refuses .*file") as failed:
        Checkpoints(tmp_path / "file" / "checkpoints").save({}, 1)
    assert "There is no checkpoint yet" in str(failed.value)


def test_an_interrupt_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_state(tmp_path / "state", {})
    assert not list(tmp_path.iterdir())


ON_A_SMALL_DISK = """
import os, subprocess, sys
sys.path.insert(0, sys.argv[2])
disk = sys.argv[1]
mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk]
mounted = subprocess.run(mount, capture_output=True, text=True)
if mounted.returncode:
    print("SKIP", mounted.stderr.strip())
    raise SystemExit
import torch
from course_utils.training.checkpoint import Checkpoints
from course_utils.training.errors import TrainingError
checkpoints = Checkpoints(disk)
state = {"weight": torch.ones(20_000)}
checkpoints.save(state, 1), checkpoints.save(state, 2)
try:
    checkpoints.save(state, 3)
except TrainingError as error:
    print(str(error).replace("\\n", " "))
print("LEFT", *sorted(os.listdir(disk)))
print("NEWEST", checkpoints.latest()[0]["weight"].sum().item())
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("unshare"), reason="needs Linux and unshare")
def test_a_disk_that_is_really_full(tmp_path):
    """A file system of 200 kB in a mount namespace of its own; three checkpoints want 240 kB."""
    command = ["unshare", "--map-root-user", "--mount", sys.executable, "-c", ON_A_SMALL_DISK]
    root = Path(__file__).parent.parent
    done = subprocess.run([*command, str(tmp_path), str(root)], capture_output=True, text=True)
    if done.stdout.startswith("SKIP") or "unshare" in done.stderr:
        pytest.skip(f"no small file system can be mounted here: {done.stdout or done.stderr}")
    error, left, newest = done.stdout.splitlines()
    assert error.startswith("The disk is full") and str(tmp_path) in error
    assert "The newest checkpoint is checkpoint-000000002" in error
    assert left == "LEFT checkpoint-000000001.safetensors checkpoint-000000002.safetensors"
    assert newest == "NEWEST 20000.0"
