"""Trackers: the CSV file always, TensorBoard and Weights & Biases when asked for."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from course_utils.training.errors import TrainingError
from course_utils.training.tracking import Trackers, open_trackers

CONFIG = {"epochs": 3, "lr": 0.1}


def row(epoch, **more):
    return {"epoch": epoch, "train_loss": 1 / epoch, "val_accuracy": epoch / 10, **more}


def write(folder, epochs, names=(), **more):
    with open_trackers(folder, names, CONFIG, epoch=epochs[0] - 1) as trackers:
        for epoch in epochs:
            trackers.epoch(row(epoch, **more))


def lines(folder):
    return (folder / "history.csv").read_text(encoding="utf-8").splitlines()


def test_a_folder_gets_a_csv_file_with_one_line_an_epoch(tmp_path):
    write(tmp_path / "new", [1, 2])
    assert lines(tmp_path / "new") == ["epoch,train_loss,val_accuracy", "1,1.0,0.1", "2,0.5,0.2"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["history.csv"]


def test_the_file_is_whole_after_each_epoch(tmp_path):
    trackers = open_trackers(tmp_path, (), CONFIG)
    trackers.epoch(row(1))
    assert len(lines(tmp_path)) == 2


@pytest.mark.parametrize("written", [[1, 2], [1, 2, 3], [1, 2, 3, 4, 5]])
def test_a_resumed_run_replaces_the_epochs_that_it_does_again(tmp_path, written):
    write(tmp_path / "straight", [1, 2, 3, 4])
    write(tmp_path / "resumed", written)
    write(tmp_path / "resumed", [3, 4])
    assert lines(tmp_path / "resumed") == lines(tmp_path / "straight")


def test_a_run_from_the_start_replaces_all(tmp_path):
    write(tmp_path, [1, 2, 3])
    write(tmp_path, [1])
    assert len(lines(tmp_path)) == 2


def test_columns_may_come_and_go(tmp_path):
    write(tmp_path, [1], old=7)
    write(tmp_path, [2], new=8)
    assert lines(tmp_path) == ["epoch,train_loss,val_accuracy,new", "1,1.0,0.1,", "2,0.5,0.2,8"]


def test_a_file_that_somebody_has_spoilt_costs_only_the_spoilt_lines(tmp_path):
    write(tmp_path, [1, 2])
    (tmp_path / "history.csv").write_text("epoch,train_loss,val_accuracy\n1,1.0,0.1\nnonsense\n\n,,\n")
    write(tmp_path, [3])
    assert [line[0] for line in lines(tmp_path)] == ["e", "1", "3"]


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(None, [1, 2])
    assert not list(tmp_path.iterdir())


def test_only_the_main_process_writes(tmp_path):
    trackers = open_trackers(tmp_path, ("tensorboard", "wandb"), CONFIG, is_main=False)
    trackers.epoch(row(1))
    trackers.close()
    assert not list(tmp_path.iterdir())


def test_they_are_closed_even_when_the_run_fails():
    class Tracker:
        closed = False

        def close(self):
            self.closed = True

    tracker = Tracker()
    with pytest.raises(RuntimeError), Trackers([tracker]):
        raise RuntimeError
    assert tracker.closed


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_one_that_is_not_installed_is_named_with_the_command(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)  # import finds None and says that there is no such module
    with pytest.raises(TrainingError, match=rf"'{name}' is asked for .*\n.*pip install {name}"):
        open_trackers(tmp_path, (name,), CONFIG)


def test_an_unknown_one_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match="'excel' is none of 'tensorboard', 'wandb'"):
        open_trackers(tmp_path, ("excel",), CONFIG)
    with pytest.raises(ValueError, match=r"needs config\.folder"):
        open_trackers(None, ("tensorboard",), CONFIG)


def test_tensorboard_shows_the_epochs_of_a_resumed_run_once(tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    write(tmp_path, [1, 2, 3], ["tensorboard"])
    write(tmp_path, [3, 4], ["tensorboard"])
    events = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    shown = events.Scalars("val_accuracy")
    assert [event.step for event in shown] == [1, 2, 3, 4]
    assert [event.value for event in shown] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    [config] = {event.tensor_proto.string_val[0] for event in events.Tensors("config/text_summary")}
    assert b"lr: 0.1" in config


def test_wandb_goes_on_under_its_old_id(tmp_path, monkeypatch):
    """What we ask of it, seen by a stand-in."""
    runs = []

    class Stand(ModuleType):
        @staticmethod
        def init(**options):
            runs.append({"options": options, "rows": []})

            class Run:
                log = staticmethod(lambda row, step: runs[-1]["rows"].append((step, row)))
                finish = staticmethod(lambda: runs[-1].update(finished=True))

            return Run

    monkeypatch.setitem(sys.modules, "wandb", Stand("wandb"))
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    write(tmp_path, [1, 2], ["wandb"])
    write(tmp_path, [3], ["wandb"])
    first, second = runs
    assert first["options"]["id"] == second["options"]["id"] == (tmp_path / "wandb_id.txt").read_text()
    assert first["options"]["config"] == CONFIG and first["options"]["dir"] == str(tmp_path)
    assert [step for step, _ in first["rows"]] == [1, 2] and first["finished"]
    assert second["rows"] == [(3, row(3))]


def test_wandb_works_without_a_network(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="Weights & Biases is not installed")
    for name, value in {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"}.items():
        monkeypatch.setenv(name, value)
    for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    write(tmp_path / "run", [1, 2], ["wandb"])
    [record] = (tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb")
    assert record.stat().st_size > 0
    assert (tmp_path / "run" / "wandb_id.txt").read_text() in record.name
