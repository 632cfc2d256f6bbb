"""Train a model, and be able to say afterwards what was done. The engine of lessons 07 to 21."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from course_utils.training.config import TrainConfig
from course_utils.training.devices import fastest_kernels
from course_utils.training.distributed import Group, current
from course_utils.training.errors import TrainingError
from course_utils.training.failures import (
    evaluation_out_of_memory,
    is_out_of_memory,
    it_fits,
    largest_fitting_batch,
    out_of_memory_error,
)
from course_utils.training.folder_lock import one_writer
from course_utils.training.journal import Journal
from course_utils.training.prediction import from_the_start, predict
from course_utils.training.random_states import stream_of
from course_utils.training.run import Run
from course_utils.training.trainer import Trainer, batch_length


def fit(
    model: nn.Module,
    train: Iterable,
    val: Iterable,
    config: TrainConfig | None = None,
    *,
    resume: bool = False,
) -> Run:
    """Train `model` on `train`, look at `val` after each epoch, and return what happened.

    Before it starts it takes a few steps, predicts time and memory, and takes them back. With `config.folder`
    it writes checkpoints there; killed at any moment and called again with `resume=True` and a freshly built
    model and loader, it ends on the CPU with the same weights, bit for bit, as if nothing had happened. Under
    `torchrun` each process trains on its part of every batch.

    Args:
        model: images (N, C, H, W) -> logits (N, K). Trained in place, on `config.device`; ends with the
            weights of the last step (their average with `config.ema`), in training mode.
        train, val: sized, yield (images, labels (N,) int64), such as `course_utils.data.Batches`. With
            another loader a run goes on from the end of an epoch only.
        config: all settings; None is `TrainConfig()`.
        resume: go on from the newest good checkpoint in `config.folder`; without one, begin.

    Raises:
        ValueError: `resume` without a folder; a loader without batches.
        TrainingError: the loss is no longer a number; memory is too small (it says which batch would fit);
            the folder holds another run; no checkpoint there is of use.
    """
    config = config or TrainConfig()
    if resume and config.folder is None:
        raise ValueError("resume=True needs config.folder, where the checkpoints are")
    group = current()
    train, val = _own_part(train, group, "train"), _own_part(val, group, "val")
    try:
        return _run(model, train, val, config, resume, group)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Here and not above: while the error is alive, so are the tensors that filled the memory.
    raise _out_of_memory(model, train, config, group)


def _run(
    model: nn.Module, train: Iterable, val: Iterable, config: TrainConfig, resume: bool, group: Group
) -> Run:
    torch.manual_seed(stream_of(config.seed, group.rank))
    from_the_start(train)  # the caller may have looked at a batch or two
    trainer = Trainer(model, config, group, total_steps=config.epochs * len(train))
    with one_writer(config.folder, group.is_main), fastest_kernels():
        prediction = predict(trainer, train, val, config.epochs)
        with Journal(trainer, train, config, prediction, resume) as journal:
            while journal.epoch < config.epochs and not journal.is_stale():
                _train_epoch(trainer, train, journal)
                from_the_start(val)  # each time the same pictures in the same order
                journal.end_epoch(trainer.evaluate(val))
            return journal.as_run()


def _train_epoch(trainer: Trainer, train: Iterable, journal: Journal) -> None:
    """The rest of an epoch: all of it, or what a checkpoint has left; then the loader yields only that."""
    done = trainer.step - journal.epoch * len(train)
    for number, (images, labels) in enumerate(train, start=done):
        trainer.train_step(images, labels, batch_length(train, number, len(labels), trainer.group.world))
        journal.after_step()
    journal.end_training()


def _own_part(loader: Iterable, group: Group, name: str) -> Iterable:
    """This process's part of every batch."""
    if len(loader) == 0:
        raise ValueError(
            f"{name} yields no batch: is its split empty, or smaller than a batch with drop_last?"
        )
    if group.world == 1:
        return loader
    if not hasattr(loader, "shard"):
        raise TrainingError(
            f"{name} is a {type(loader).__name__}, which cannot be shared out over {group.world} processes: "
            "use course_utils.data.Batches, or give it a method shard(rank, world)"
        )
    return loader.shard(group.rank, group.world)


def _out_of_memory(model: nn.Module, train: Iterable, config: TrainConfig, group: Group) -> TrainingError:
    """Find by trial which batch would have fitted; the model keeps the weights that it had."""
    size = getattr(train, "batch_size", None)
    if size is None or group.world > 1:  # alone, a process would wait for the others in the trial
        return out_of_memory_error(size, None)
    weights = {name: value.detach().to("cpu", copy=True) for name, value in model.state_dict().items()}
    trainer = Trainer(model, config, group, total_steps=1)

    def try_batch(count: int) -> None:
        trainer.restart()
        images, labels = next(iter(train))
        trainer.train_step(images[:count], labels[:count], count)

    trains = it_fits(try_batch, size)
    largest = size if trains else largest_fitting_batch(try_batch, size)
    model.load_state_dict(weights)
    return evaluation_out_of_memory() if trains else out_of_memory_error(size, largest)
