"""Where the figures of each epoch go beside the history: a CSV file, TensorBoard, Weights & Biases."""

from __future__ import annotations

import csv
import importlib
import io
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from course_utils.training.atomic import write_atomically
from course_utils.training.errors import TrainingError

Row = dict[str, Any]


class Tracker(Protocol):
    def epoch(self, row: Row) -> None: ...

    def close(self) -> None: ...


class Trackers:
    """Several trackers as one; none at all does nothing. In a `with`, they are closed whatever happens."""

    def __init__(self, trackers: Iterable[Tracker] = ()) -> None:
        self.trackers = list(trackers)

    def epoch(self, row: Row) -> None:
        """The figures of one epoch: {"epoch": from 1, name: number, ...}.

        The first row after a resume replaces what was written of its epoch and of later ones. So write the
        row before the checkpoint that says the epoch is over: a kill in between then loses nothing.
        """
        for tracker in self.trackers:
            tracker.epoch(row)

    def close(self) -> None:
        for tracker in self.trackers:
            tracker.close()

    def __enter__(self) -> Trackers:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def open_trackers(
    folder: str | os.PathLike | None,
    names: Iterable[str],
    config: dict[str, Any],
    *,
    is_main: bool = True,
    epoch: int = 0,
) -> Trackers:
    """history.csv in `folder`, where there is one, and the trackers called `names`, which are imported now.

    Args:
        names: any of "tensorboard" (writes into folder/tensorboard) and "wandb" (its variables, such as
            WANDB_MODE=offline and WANDB_PROJECT, work).
        config: the settings of the run, to be shown beside its figures.
        is_main: False in all processes of a distributed run but one: they write nothing.
        epoch: epochs that a resumed run has behind it; what stands in the folder of later ones is dropped.

    Raises:
        ValueError: no such tracker, or TensorBoard without a folder.
        TrainingError: the tracker is not installed; the message says how to.
    """
    names = tuple(names)
    for name in names:
        if name not in TRACKERS:
            raise ValueError(f"trackers: {name!r} is none of {', '.join(map(repr, TRACKERS))}")
    if not is_main:
        return Trackers()
    trackers: list[Tracker] = [] if folder is None else [CsvFile(Path(folder) / "history.csv")]
    return Trackers([*trackers, *(TRACKERS[name](folder, config, epoch) for name in names)])


class CsvFile:
    """One line an epoch. The whole file is written anew each time: it is small, and never torn."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def epoch(self, row: Row) -> None:
        text = io.StringIO(newline="")
        # What an older version of the course wrote may have other columns: those that both know are kept.
        writer = csv.DictWriter(text, list(row), restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*self._rows_before(row["epoch"]), row])
        write_atomically(self.path, [text.getvalue().encode()])

    def _rows_before(self, epoch: int) -> list[Row]:
        try:
            with open(self.path, encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
        except FileNotFoundError:
            return []
        return [row for row in rows if (row.get("epoch") or "").isdigit() and int(row["epoch"]) < epoch]

    def close(self) -> None:
        pass


class TensorBoard:
    """Curves for `tensorboard --logdir FOLDER`."""

    def __init__(self, folder: str | os.PathLike | None, config: dict[str, Any], epoch: int) -> None:
        if folder is None:
            raise ValueError("trackers: 'tensorboard' needs config.folder, to write into")
        _import("tensorboard")
        SummaryWriter = _import("torch.utils.tensorboard", "tensorboard").SummaryWriter
        self.writer = SummaryWriter(str(Path(folder) / "tensorboard"), purge_step=epoch + 1)
        lines = [f"    {name}: {value}" for name, value in config.items()]  # four spaces: code in Markdown
        self.writer.add_text("config", "\n".join(lines), epoch)

    def epoch(self, row: Row) -> None:
        for name, value in row.items():
            if name != "epoch":
                self.writer.add_scalar(name, value, row["epoch"])
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


class WeightsAndBiases:
    """A run at wandb.ai, or in the folder with WANDB_MODE=offline. A resumed run goes on under its old id."""

    def __init__(self, folder: str | os.PathLike | None, config: dict[str, Any], epoch: int) -> None:
        wandb = _import("wandb")
        place = None if folder is None else Path(folder)
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "imagenet-course"),
            dir=None if place is None else str(place),
            id=None if place is None else _kept_id(place / "wandb_id.txt"),
            resume=None if place is None else "allow",
            config=config,
        )

    def epoch(self, row: Row) -> None:
        self.run.log(row, step=row["epoch"])

    def close(self) -> None:
        self.run.finish()


TRACKERS = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}


def _kept_id(path: Path) -> str:
    if not path.exists():
        write_atomically(path, [secrets.token_hex(4).encode()])
    return path.read_text(encoding="utf-8").strip()


def _import(module: str, package: str | None = None) -> ModuleType:
    package = package or module
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise TrainingError(
            f"trackers: {package!r} is asked for and not installed here ({error}).\n"
            f"Remedy: pip install {package}, or leave it out of `trackers`."
        ) from error
