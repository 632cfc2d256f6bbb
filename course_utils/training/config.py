"""All settings of a training run in one object that can be written down. Used by `fit`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

OPTIMIZERS = {"sgd": {"lr": 0.1, "weight_decay": 5e-4}, "adamw": {"lr": 1e-3, "weight_decay": 0.05}}
SCHEDULES = ("one_cycle", "cosine", "step", "constant")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
TRACKERS = ("tensorboard", "wandb")


@dataclass(frozen=True)
class TrainConfig:
    """How to train: optimizer, schedule, regularisation, precision, where to keep what was done.

    The loader decides what a batch is (size, crops, flips); everything else is here.

    Attributes:
        epochs: passes over the training images.
        optimizer: "sgd" (momentum after Nesterov) or "adamw". Norms and biases get no weight decay.
        lr: the highest learning rate; None is 0.1 for sgd, 1e-3 for adamw.
        momentum: of sgd; for adamw it is beta1.
        weight_decay: None is 5e-4 for sgd, 0.05 for adamw.
        schedule: "one_cycle", "cosine", "step" or "constant", all after the warm-up: see `schedules.py`.
        warmup: share of all steps in which the rate rises from a 25th of `lr`; for one_cycle the rising part.
        final_lr: the rate that one_cycle and cosine approach, as a share of `lr`.
        milestones, gamma: "step" multiplies the rate by `gamma` at these shares of the run.
        label_smoothing: share of the target spread over all classes (Szegedy et al., 2016).
        mixup, cutmix: the alpha of Beta(alpha, alpha); 0 is off; with both, each batch draws which.
        ema: decay of the average of the weights, such as 0.999; 0 is off. The averaged weights are then what
            is validated and kept.
        patience: stop when the validation accuracy has not risen for so many epochs; None never stops.
        clip_norm: the largest norm of all gradients together; None does not clip.
        precision: "auto" takes what the device is fast at: see `precision.py`.
        channels_last: keep images and weights as (N, H, W, C) in memory; None where that is faster.
        compile: True, or a mode of torch.compile.
        seed: of dropout and mixing. The loader and the initial weights have seeds of their own.
        device: None is the first GPU, else the CPU.
        folder: where checkpoints, history.csv and the finished run are written; None writes nothing.
        checkpoint_every: steps between checkpoints inside an epoch, beside the one after it; 0 for none.
        trackers: any of "tensorboard", "wandb", beside the CSV file.
        progress: show a bar, and say the prediction, when someone watches.

    Raises:
        ValueError: a setting has no meaning; the message names it, its value and what is possible.
    """

    epochs: int = 10
    optimizer: str = "sgd"
    lr: float | None = None
    momentum: float = 0.9
    weight_decay: float | None = None
    schedule: str = "one_cycle"
    warmup: float = 0.2
    final_lr: float = 0.0
    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    ema: float = 0.0
    patience: int | None = None
    clip_norm: float | None = None
    precision: str = "auto"
    channels_last: bool | None = None
    compile: bool | str = False
    seed: int = 0
    device: str | None = None
    folder: str | None = None
    checkpoint_every: int = 0
    trackers: tuple[str, ...] = ()
    progress: bool = True

    def __post_init__(self) -> None:
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        for name in ("lr", "weight_decay"):
            if getattr(self, name) is None:
                self._set(name, OPTIMIZERS[self.optimizer][name])
        for name in ("device", "folder"):  # torch.device and Path are welcome; JSON wants text
            if getattr(self, name) is not None:
                self._set(name, str(getattr(self, name)))
        self._set("milestones", tuple(self.milestones))
        self._set("trackers", (self.trackers,) if isinstance(self.trackers, str) else tuple(self.trackers))
        self._check()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # frozen for everybody else

    def _check(self) -> None:
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("precision", self.precision, PRECISIONS)
        for tracker in self.trackers:
            _one_of("trackers", tracker, TRACKERS)
        _whole("epochs", self.epochs, least=1)
        _whole("checkpoint_every", self.checkpoint_every, least=0)
        _whole("seed", self.seed, least=0)
        if self.patience is not None:
            _whole("patience", self.patience, least=1)
        _positive("lr", self.lr)
        if self.clip_norm is not None:
            _positive("clip_norm", self.clip_norm)
        for name in ("momentum", "ema", "label_smoothing", "warmup"):
            _between(name, getattr(self, name), 0, 1, below=True)
        for name in ("final_lr", "gamma"):
            _between(name, getattr(self, name), 0, 1)
        for milestone in self.milestones:
            _between("milestones", milestone, 0, 1)
        for name in ("weight_decay", "mixup", "cutmix"):
            _between(name, getattr(self, name), 0, float("inf"), below=True)

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON would have them: tuples are lists."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


def _one_of(name: str, value: Any, choices) -> None:
    if value not in choices:
        raise ValueError(f"{name}={value!r}: choose one of {', '.join(map(repr, choices))}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name}={value!r}: a whole number from {least} is wanted")


def _positive(name: str, value: Any) -> None:
    if not _is_number(value) or not 0 < value < float("inf"):
        raise ValueError(f"{name}={value!r}: a number above 0 is wanted")


def _between(name: str, value: Any, low: float, high: float, below: bool = False) -> None:
    if not _is_number(value) or not (low <= value < high if below else low <= value <= high):
        raise ValueError(
            f"{name}={value!r}: a number from {low} to {'below ' if below else ''}{high} is wanted"
        )
