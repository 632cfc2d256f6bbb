"""What a finished run leaves behind: its curves, its weights, and what is needed to do it again."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import math
import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_utils.launch import DISTRIBUTION
from course_utils.training.atomic import write_atomically
from course_utils.training.config import TrainConfig
from course_utils.training.devices import device_name
from course_utils.training.errors import CheckpointError, TrainingError
from course_utils.training.history import History
from course_utils.training.state_file import digest_of, read_state, write_state

RUN, WEIGHTS, BEST = "run.json", "weights.safetensors", "best.safetensors"
STATUS = "/proc/self/status"
Weights = dict[str, torch.Tensor]


@dataclasses.dataclass
class Run:
    """The result of `fit`.

    Attributes:
        history: one row an epoch.
        config: all settings of the training.
        weights: the model's state dict after the last step, on the CPU (the average with `config.ema`).
        best_weights: those after `best_epoch`, the epoch (from 1) with the highest validation accuracy.
        versions: of Python, the packages, the course, the system and the device.
        seconds: what the training took, all its parts together where it was resumed.
        predicted_seconds: what was predicted before it began.
        images_per_second: training images over the time spent training.
        peak_memory_bytes: of the device; of the process where the device is the CPU. Since the process began:
            a second run in one notebook may show the first one's.
        parameters: numbers that were learnt.
        device, precision, seed: where, in which numbers and from which seed.
    """

    history: History
    config: TrainConfig
    weights: Weights = dataclasses.field(repr=False)
    best_weights: Weights = dataclasses.field(repr=False)
    best_epoch: int
    versions: dict[str, str]
    seconds: float
    predicted_seconds: float
    images_per_second: float
    peak_memory_bytes: int
    parameters: int
    device: str
    precision: str
    seed: int

    def save(self, folder: str | os.PathLike) -> Path:
        """Write run.json (all figures), weights.safetensors and best.safetensors; return the folder.

        run.json comes last and names the other two by their SHA-256: a reader never takes a new file for part
        of an old run. `safetensors.torch.load_file` reads the weights without this course.

        Raises:
            TrainingError: the disk is full or refuses.
        """
        folder = Path(folder)
        files = {
            name: write_state(folder / name, weights, kind="weights")
            for name, weights in ((WEIGHTS, self.weights), (BEST, self.best_weights))
        }
        text = json.dumps(_as_json(self.as_dict() | {"files": files}), indent=2, allow_nan=False) + "\n"
        write_atomically(folder / RUN, [text.encode()])
        return folder

    @classmethod
    def load(cls, folder: str | os.PathLike) -> Run:
        """The run that was saved in `folder`, its weights on the CPU.

        Raises:
            CheckpointError: a file is missing, damaged, or of another run; the message names it.
        """
        path = Path(folder) / RUN
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            files = found.pop("files")
            history, found["history"] = found["history"], History()
            found["history"].rows = [{key: _number(value) for key, value in row.items()} for row in history]
            settings = {field.name for field in dataclasses.fields(TrainConfig)} & set(found["config"])
            found["config"] = TrainConfig(**{name: found["config"][name] for name in settings})
            for name in ("seconds", "predicted_seconds", "images_per_second"):
                found[name] = _number(found[name])
            weights, best = (_weights(path.with_name(name), files[name]) for name in (WEIGHTS, BEST))
            return cls(**found, weights=weights, best_weights=best)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path} holds no run of this course: {error!r}.") from error

    def as_dict(self) -> dict[str, Any]:
        """Everything but the weights: dicts, lists, text and numbers."""
        parts = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del parts["weights"], parts["best_weights"]
        return parts | {"history": list(self.history), "config": self.config.as_dict()}

    def load_best_into(self, model: nn.Module) -> nn.Module:
        """Give `model` the weights of the best epoch, and return it.

        Raises:
            TrainingError: the model is built differently; the message says where.
        """
        try:
            model.load_state_dict(self.best_weights)
        except RuntimeError as error:
            raise TrainingError(
                f"The weights of this run do not fit into this {type(model).__name__}. Build the model with "
                f"the options of the run.\n{error}"
            ) from error
        return model

    def __repr__(self) -> str:
        best = "no epochs"
        if self.best_epoch:
            accuracy = self.history[self.best_epoch - 1]["val_accuracy"]
            best = f"val accuracy {accuracy:.1%} in epoch {self.best_epoch} of {len(self.history)}"
        return (
            f"Run({best}; {self.seconds:,.1f} s, predicted {self.predicted_seconds:,.1f} s; "
            f"{self.images_per_second:,.0f} images/s; {self.peak_memory_bytes / 2**20:,.0f} MiB; "
            f"{self.parameters:,} parameters; {self.precision} on {self.device}; seed {self.seed})"
        )


def versions(device: torch.device | str = "cpu") -> dict[str, str]:
    """What a run depends on beside its settings: versions, system and device."""
    packages = {"torchvision": "torchvision", "numpy": "numpy", "course": DISTRIBUTION}
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        **{name: _version_of(distribution) for name, distribution in packages.items()},
        "cuda": torch.version.cuda or "none",
        "system": platform.platform(),
        "device": device_name(torch.device(device)),
    }


def _version_of(distribution: str) -> str:
    """Read from the package's papers: to import torchvision would take seconds."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def peak_memory(device: torch.device | str) -> int:
    """The most bytes in use so far: on a CUDA device by torch's tensors, else by the whole process.

    0 where the system does not say (Windows).
    """
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:  # Linux: getrusage would still count what the process was before it became this program
        status = Path(STATUS).read_text(encoding="utf-8")
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, the others KiB
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _weights(path: Path, digest: str) -> Weights:
    weights = read_state(path, kind="weights")
    if digest_of(path) != digest:
        raise CheckpointError(f"{path} belongs to another run than {RUN} beside it. Train, or copy, again.")
    return weights


def _as_json(value: Any) -> Any:
    """JSON knows no nan and no inf: they are written as text."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float | str) -> float:
    return float(value) if isinstance(value, str) else value
