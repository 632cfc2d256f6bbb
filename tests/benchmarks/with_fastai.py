"""The same training by fastai: its data loaders, its Learner, the same model, augmentation and one cycle."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import torch
from torch import nn

from course_utils.training.config import TrainConfig
from course_utils.training.devices import wait_for
from course_utils.training.schedules import START
from tests.benchmarks.textbook import WORKERS


def why_not() -> str | None:
    """Why fastai cannot take part; None where it can."""
    try:
        import fastai.vision.all  # noqa: F401
    except Exception as error:  # a clash of versions can raise anything at import
        return f"fastai cannot be imported: {type(error).__name__}: {error}"
    return None


def train(
    model: nn.Module,
    tree: Path,
    size: int,
    batch_size: int,
    config: TrainConfig,
    device: torch.device,
    *,
    mean,
    std,
    padding: int,
    half: bool = False,
) -> dict[str, float]:
    """Train and validate after each epoch: seconds of training, seconds in all, last validation accuracy.

    SGD with momentum, weight decay on weights alone, one cycle of straight lines: the settings of `config`.
    `half` is fastai's mixed precision.
    """
    from fastai.vision import all as fastai

    started = time.perf_counter()
    torch.manual_seed(config.seed)
    # CropPad grows the picture by reflection, RandomCrop cuts it back: in training at random.
    moved = [
        fastai.CropPad(size + 2 * padding, pad_mode=fastai.PadMode.Reflection),
        fastai.RandomCrop(size),
    ]
    data = fastai.ImageDataLoaders.from_folder(
        tree,
        train="train",
        valid="val",
        item_tfms=[fastai.Resize(size), *(moved if padding else []), fastai.FlipItem(0.5)],
        batch_tfms=[fastai.Normalize.from_stats(mean, std, cuda=device.type == "cuda")],
        bs=batch_size,
        num_workers=WORKERS,
        device=device,
    )
    stopwatch = _stopwatch(fastai, device)
    learner = fastai.Learner(
        data,
        model.to(device),
        loss_func=fastai.CrossEntropyLossFlat(label_smoothing=config.label_smoothing),
        opt_func=partial(fastai.SGD, mom=config.momentum, decouple_wd=False),
        wd=config.weight_decay,
        metrics=fastai.accuracy,
        cbs=[stopwatch],
    )
    if half:
        learner.to_fp16()
    line = fastai.SchedLin
    cycle = fastai.combine_scheds(
        [config.warmup, 1 - config.warmup],
        [line(START * config.lr, config.lr), line(config.lr, config.final_lr * config.lr)],
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit(config.epochs, lr=config.lr, cbs=fastai.ParamScheduler({"lr": cycle}))
    wait_for(device)
    return {
        "train_seconds": stopwatch.total,
        "seconds": time.perf_counter() - started,
        "accuracy": float(learner.recorder.values[-1][-1]),
    }


def _stopwatch(fastai, device: torch.device):
    """A callback that adds up the seconds of the training parts of all epochs."""

    class Stopwatch(fastai.Callback):
        total = 0.0

        def before_train(self):
            self.started = time.perf_counter()

        def after_train(self):
            wait_for(device)
            self.total += time.perf_counter() - self.started

    return Stopwatch()
