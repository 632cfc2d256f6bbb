"""A finished run: saved, loaded, shown; and what it says about the machine."""

from __future__ import annotations

import json
import math

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from course_utils.training.config import TrainConfig
from course_utils.training.errors import CheckpointError, TrainingError
from course_utils.training.history import History
from course_utils.training.run import Run, peak_memory, versions


def network(width=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))


def finished(**changes) -> Run:
    history = History()
    for epoch, accuracy in enumerate((0.5, 0.75, 0.625), start=1):
        history.add(epoch, train_loss=1 / epoch, train_accuracy=0.5, val_loss=0.1, val_accuracy=accuracy)
    weights = network().state_dict()
    facts = {
        "history": history,
        "config": TrainConfig(epochs=3, milestones=(0.25, 0.5), trackers=("tensorboard",)),
        "weights": weights,
        "best_weights": {name: value + 1 for name, value in weights.items()},
        "best_epoch": 2,
        "versions": versions(),
        "seconds": 12.34,
        "predicted_seconds": 11.9,
        "images_per_second": 1450.2,
        "peak_memory_bytes": 512 * 2**20,
        "parameters": 77850,
        "device": "cpu",
        "precision": "float32",
        "seed": 4,
    }
    return Run(**{**facts, **changes})


def test_what_is_saved_is_loaded(tmp_path):
    run = finished()
    back = Run.load(run.save(tmp_path / "new" / "folder"))
    assert back.as_dict() == run.as_dict()
    assert back.config == run.config
    assert back.history["val_accuracy"] == [0.5, 0.75, 0.625]
    for name, value in run.weights.items():
        assert torch.equal(back.weights[name], value)
        assert torch.equal(back.best_weights[name], value + 1)


def test_three_files_that_others_can_read(tmp_path):
    run = finished()
    run.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.safetensors",
        "run.json",
        "weights.safetensors",
    ]
    network().load_state_dict(load_file(tmp_path / "weights.safetensors"))
    figures = json.loads((tmp_path / "run.json").read_text(), parse_constant=pytest.fail)
    assert figures["config"]["epochs"] == 3
    assert figures["history"][1] == run.history[1]
    assert not any("weights" in name for name in figures if name != "files")


def test_a_loss_that_was_no_number_is_still_json(tmp_path):
    run = finished(predicted_seconds=math.inf)
    run.history.rows[0]["val_loss"] = math.nan
    run.save(tmp_path)
    json.loads((tmp_path / "run.json").read_text(), parse_constant=pytest.fail)
    back = Run.load(tmp_path)
    assert back.predicted_seconds == math.inf
    assert math.isnan(back.history[0]["val_loss"])


def test_a_run_shows_itself_in_one_line():
    assert repr(finished()) == (
        "Run(val accuracy 75.0% in epoch 2 of 3; 12.3 s, predicted 11.9 s; 1,450 images/s; 512 MiB; "
        "77,850 parameters; float32 on cpu; seed 4)"
    )
    assert repr(finished(history=History(), best_epoch=0)).startswith("Run(no epochs; ")


def test_the_best_weights_go_into_a_model():
    model = network()
    assert finished().load_best_into(model) is model
    assert torch.equal(model[0].bias, network()[0].bias + 1)


def test_a_model_that_is_built_differently_is_refused():
    with pytest.raises(TrainingError, match=r"do not fit into this Sequential(.|\n)*0\.weight"):
        finished().load_best_into(network(width=5))


def test_settings_that_this_version_does_not_know_are_left_out(tmp_path):
    finished().save(tmp_path)
    edit(tmp_path, lambda figures: figures["config"].update(of_the_future=1))
    assert Run.load(tmp_path).config == finished().config


def edit(folder, change):
    path = folder / "run.json"
    figures = json.loads(path.read_text())
    change(figures)
    path.write_text(json.dumps(figures))


def mixed(folder):
    """A folder in which a second run was stopped between its first file and its last."""
    before = (folder / "run.json").read_text()
    finished(weights=network(width=4).state_dict()).save(folder)
    (folder / "run.json").write_text(before)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda folder: (folder / "run.json").unlink(),
            r"run\.json holds no run of this course: FileNotFound",
        ),
        (lambda folder: (folder / "run.json").write_text("{"), r"run\.json holds no run"),
        (lambda folder: (folder / "run.json").write_text("[]"), r"run\.json holds no run"),
        (lambda folder: edit(folder, lambda figures: figures.pop("seed")), r"holds no run.*seed"),
        (lambda folder: edit(folder, lambda figures: figures["config"].update(epochs=-1)), r"epochs=-1"),
        (lambda folder: (folder / "best.safetensors").write_bytes(b"x"), r"best\.safetensors"),
        (lambda folder: (folder / "best.safetensors").unlink(), r"best\.safetensors cannot be read"),
        (mixed, r"weights\.safetensors belongs to another run"),
    ],
)
def test_a_spoilt_run_is_refused_by_name(tmp_path, spoil, words):
    finished().save(tmp_path)
    spoil(tmp_path)
    with pytest.raises(CheckpointError, match=words):
        Run.load(tmp_path)


def test_versions_are_those_of_this_process():
    import numpy

    found = versions("cpu")
    assert (found["torch"], found["numpy"]) == (torch.__version__, numpy.__version__)
    assert found["device"].startswith("the CPU (")
    assert all(type(value) is str and value for value in found.values())


def test_a_package_that_is_not_there_is_said_to_be_so(monkeypatch):
    monkeypatch.setattr("course_utils.training.run.DISTRIBUTION", "no-such-distribution")
    assert versions()["course"] == "not installed"


def test_the_peak_of_memory_grows_with_what_is_used_and_stays():
    before = peak_memory("cpu")
    block = torch.ones(16 * 2**20)  # 64 MiB
    with_block = peak_memory("cpu")
    del block
    assert 2**20 < before < 2**40  # bytes, not pages or KiB
    slack = 2**22  # the system counts pages in batches
    assert peak_memory("cpu") + slack >= with_block >= before - slack


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_without_proc_the_system_is_asked_in_its_own_unit(monkeypatch, platform, unit):
    resource = pytest.importorskip("resource", reason="Windows has no resource module")
    monkeypatch.setattr("course_utils.training.run.STATUS", "/no/such/file")
    monkeypatch.setattr("sys.platform", platform)
    assert peak_memory("cpu") == unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
