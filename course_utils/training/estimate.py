"""How long will this take? Asked of the machine itself, before a long cell. Lesson 06."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.training.devices import device_name, device_of, wait_for
from course_utils.training.evaluation import evaluating


@dataclass(frozen=True)
class Estimate:
    """A forecast in seconds; prints as a person would say it."""

    seconds: float
    device: str

    def __mul__(self, runs: int) -> Estimate:
        return Estimate(self.seconds * runs, self.device)

    __rmul__ = __mul__

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.seconds + other.seconds, self.device)

    def __str__(self) -> str:
        return f"about {_in_words(self.seconds)} on {self.device}"


def estimate_time(
    model: nn.Module,
    train_loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
    val_loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
    epochs: int,
    *,
    device: torch.device | str | None = None,
    steps: int = 4,
) -> Estimate:
    """Time a few batches and scale up to what `train_epochs` would do.

    Training is timed in steps as large as those of `train_loader`, where it says how large they are: a step
    costs the optimizer the same however many images it is for. Works on a copy of the model, and draws its
    batches from `val_loader`, so that neither the weights nor the order of the training images change. Does
    not count what happens between runs.

    Raises:
        ValueError: `val_loader` yields no batch.
    """
    device = device_of(model) if device is None else torch.device(device)
    random_state = torch.random.get_rng_state()  # dropout would draw from the learner's stream
    step_size = getattr(train_loader, "batch_size", None)
    timings = _time_batches(copy.deepcopy(model).to(device), val_loader, device, steps + 1, step_size)
    torch.random.set_rng_state(random_state)
    if not timings:
        raise ValueError("val_loader yields no batch, so there is nothing to time")
    timings = timings[1:] or timings  # the first batch warms the caches up
    evaluating_one, training_one, count = (
        sum(column) / len(timings) for column in zip(*timings, strict=True)
    )
    per_epoch = training_one * _image_count(train_loader, count) + evaluating_one * _image_count(
        val_loader, count
    )
    return Estimate(epochs * per_epoch / count, device_name(device))


def _time_batches(
    model: nn.Module, loader: Iterable, device: torch.device, batches: int, step_size: int | None
) -> list[tuple[float, float, int]]:
    """For each of the first batches: seconds to evaluate, seconds to train, images in it; with loading."""
    optimizer = torch.optim.AdamW(model.parameters())
    model.train()
    timings = []
    started = time.perf_counter()
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        loading = time.perf_counter() - started
        with evaluating(model):
            evaluation = _seconds(lambda x=images: model(x), device)
        pieces = math.ceil(len(labels) / (step_size or len(labels)))
        steps = list(zip(images.tensor_split(pieces), labels.tensor_split(pieces), strict=True))
        training = _seconds(
            lambda steps=steps: [_one_step(model, *step, optimizer) for step in steps], device
        )
        timings.append((loading + evaluation, loading + training, len(labels)))
        if len(timings) == batches:
            break
        started = time.perf_counter()
    return timings


def _one_step(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, optimizer) -> None:
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _seconds(work, device: torch.device) -> float:
    wait_for(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started


def _image_count(loader: Iterable, images_per_batch: float) -> float:
    """Images in one pass, without drawing them: drawing would advance the shuffle."""
    return len(loader.split) if hasattr(loader, "split") else len(loader) * images_per_batch


def _in_words(seconds: float) -> str:
    if seconds < 1.5:
        return "a second"
    if seconds < 100:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"
