"""What a run keeps while it goes: its history, its best weights, its checkpoints and its clock."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from course_utils.training.checkpoint import Checkpoints
from course_utils.training.config import TrainConfig
from course_utils.training.errors import TrainingError
from course_utils.training.evaluation import Evaluation
from course_utils.training.failures import diverged_error
from course_utils.training.history import History
from course_utils.training.identity import identity, why_foreign
from course_utils.training.prediction import Prediction
from course_utils.training.progress import progress_bar, say
from course_utils.training.run import Run, peak_memory, versions
from course_utils.training.schedules import learning_rate
from course_utils.training.tracking import open_trackers
from course_utils.training.trainer import Trainer

LOOK_EVERY = 50  # steps between two looks at whether the loss is still a number: a look waits for the device


class Journal:
    """The book of one run, kept by process 0 and read by all; a context manager."""

    def __init__(
        self, trainer: Trainer, train: Iterable, config: TrainConfig, prediction: Prediction, resume: bool
    ) -> None:
        self.trainer, self.train, self.config, self.prediction = trainer, train, config, prediction
        self.history, self.epoch = History(), 0
        self.best: dict[str, Any] = {"epoch": 0, "accuracy": -1.0, "weights": {}}
        self.seconds = {"all": 0.0, "training": 0.0}
        self.images_trained = 0
        self.identity = identity(trainer.model, train, config)
        folder = Path(config.folder) if config.folder else None
        self.checkpoints = Checkpoints(folder / "checkpoints") if folder else None
        self._find(resume)
        trainer.group.require_same(
            trainer.step,
            f"The processes have found different checkpoints in {config.folder}: it must lie on a disk that "
            "all machines share.",
        )

    def _find(self, resume: bool) -> None:
        """Go on from a checkpoint, or make sure that there is none to be written over."""
        if self.checkpoints is None:
            return
        if not resume:
            if self.checkpoints.paths():
                raise TrainingError(
                    f"{self.config.folder} already holds the checkpoints of a run: go on with it "
                    "(resume=True; on the command line --resume), choose another folder, or delete this one."
                )
            return
        found = self.checkpoints.latest(accept=partial(why_foreign, self.identity))
        if found:
            self.load_state_dict(found[0])
            say(
                f"going on after step {self.trainer.step:,} of {self.trainer.total_steps:,} ({found[1].name})"
            )

    def __enter__(self) -> Journal:
        main, config = self.trainer.group.is_main, self.config
        self.bar = progress_bar(self.trainer.total_steps, "step", show=config.progress and main)
        self.bar.update(self.trainer.step)
        if config.progress and main:
            say(str(self.prediction))
        self.trackers = open_trackers(
            config.folder, config.trackers, config.as_dict(), is_main=main, epoch=self.epoch
        )
        self._started = self._epoch_started = time.perf_counter()
        self._first_step = self.trainer.step
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()
        self.trackers.close()

    def after_step(self) -> None:
        """Look at the loss now and then, and write a checkpoint when one is due."""
        self.bar.update()
        step = self.trainer.step
        if step % LOOK_EVERY == 0:
            self.check_loss()
        if self.config.checkpoint_every and step % self.config.checkpoint_every == 0:
            inside_an_epoch = step % len(self.train) != 0
            if inside_an_epoch and hasattr(self.train, "state_dict"):
                self.save()

    def check_loss(self) -> None:
        """Stop a run whose loss is no longer a number: every step from there on is wasted."""
        bad = self.trainer.first_bad_step()
        if bad is not None:
            lr = learning_rate(bad, self.trainer.total_steps, self.config)
            raise diverged_error(bad, bad // len(self.train) + 1, lr, self.config)

    def end_training(self) -> None:
        """Called between the last step of an epoch and its evaluation; stops the clock of training."""
        self.check_loss()  # waits for the device, so that the time is that of the work
        now = time.perf_counter()
        self.seconds["training"] += now - self._epoch_started
        self.images_trained += self._images_since_start()

    def _images_since_start(self) -> int:
        steps = self.trainer.step - self._first_step
        self._first_step = self.trainer.step
        return round(self.trainer.seen * steps / len(self.train))

    def end_epoch(self, validation: Evaluation) -> None:
        """Write the epoch down."""
        self.epoch += 1
        loss, accuracy = self.trainer.epoch_means()
        self.history.add(
            self.epoch,
            train_loss=loss,
            train_accuracy=accuracy,
            val_loss=validation.loss,
            val_accuracy=validation.accuracy,
        )
        if validation.accuracy > self.best["accuracy"]:
            weights = _copy_to_cpu(self.trainer.validated_model.state_dict())
            self.best = {"epoch": self.epoch, "accuracy": validation.accuracy, "weights": weights}
        self.trainer.start_epoch()
        self._tell(validation.accuracy)
        self.save()

    def _tell(self, accuracy: float) -> None:
        now = time.perf_counter()
        self.seconds["all"] += now - self._started
        lr = learning_rate(self.trainer.step - 1, self.trainer.total_steps, self.config)
        self.trackers.epoch({**self.history[-1], "lr": lr, "seconds": self.seconds["all"]})
        self.bar.set_postfix(val_accuracy=f"{accuracy:.1%}")
        self._started = self._epoch_started = now

    def is_stale(self) -> bool:
        """Whether the validation accuracy has not risen for `patience` epochs."""
        patience = self.config.patience
        return patience is not None and self.epoch - self.best["epoch"] >= patience

    def save(self) -> None:
        """Write a checkpoint of this moment."""
        if self.checkpoints is None:
            return
        self.check_loss()  # or the last good checkpoints would make room for bad ones
        state = self.state_dict()
        if self.trainer.group.is_main:
            self.checkpoints.save(state, self.trainer.step)

    def state_dict(self) -> dict[str, Any]:
        """The whole run at this moment."""
        now = time.perf_counter()
        return {
            "of": self.identity,
            "trainer": self.trainer.state_dict(),
            "loader": self.train.state_dict() if hasattr(self.train, "state_dict") else None,
            "epoch": self.epoch,
            "history": self.history.rows,
            "best": self.best,
            "seconds": {**self.seconds, "all": self.seconds["all"] + now - self._started},
            "images_trained": self.images_trained,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.trainer.load_state_dict(state["trainer"])
        if state["loader"] is not None:
            self.train.load_state_dict(state["loader"])
        self.history.rows = state["history"]
        for name in ("epoch", "best", "seconds", "images_trained"):
            setattr(self, name, state[name])

    def as_run(self) -> Run:
        """The finished run."""
        trainer = self.trainer
        if trainer.average is not None:
            trainer.model.load_state_dict(trainer.average.model.state_dict())
        trainer.model.to(memory_format=torch.contiguous_format)  # as other programs expect it
        run = Run(
            history=self.history,
            config=self.config,
            weights=_copy_to_cpu(trainer.model.state_dict()),
            best_weights=self.best["weights"],
            best_epoch=self.best["epoch"],
            versions=versions(trainer.device),
            seconds=self.seconds["all"],
            predicted_seconds=self.prediction.seconds,
            images_per_second=self.images_trained / max(self.seconds["training"], 1e-9),
            peak_memory_bytes=peak_memory(trainer.device),
            parameters=sum(p.numel() for p in trainer.model.parameters()),
            device=str(trainer.device),
            precision=trainer.precision.name,
            seed=self.config.seed,
        )
        if self.config.folder and trainer.group.is_main:
            run.save(self.config.folder)
        return run


def _copy_to_cpu(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()}
