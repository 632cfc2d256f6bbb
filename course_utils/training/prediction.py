"""What a run will cost, told by a few of its own steps before it begins."""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from course_utils.training.devices import wait_for
from course_utils.training.random_states import random_states, restore_random_states
from course_utils.training.run import peak_memory
from course_utils.training.trainer import Trainer, batch_length

WARM_UP, TIMED = 2, 6  # steps: the first ones choose kernels, compile and fill caches


@dataclass(frozen=True)
class Prediction:
    """Seconds of the whole run with its evaluations, and the most memory it will need, in bytes."""

    seconds: float
    memory_bytes: int
    steps: int

    def __str__(self) -> str:
        memory = f"{self.memory_bytes / 2**20:,.0f} MiB"
        return f"{self.steps:,} steps: about {self.seconds:,.0f} s, at most {memory} of memory"


def predict(trainer: Trainer, train: Iterable, val: Iterable, epochs: int) -> Prediction:
    """Take a few steps and a few evaluation batches, and put everything back as it was.

    A loader that changes the size of its pictures in the course of the run (`side_at(epoch)`) is tried at
    each size. The steps taken are real ones: what would not fit into memory fails here, not an hour later.
    """
    with _undone(trainer, train, val):
        sides = [train.side_at(epoch) if hasattr(train, "side_at") else None for epoch in range(epochs)]
        seconds_a_step = {
            side: _median_seconds(_steps(trainer, train, sides.index(side)), trainer.device)
            for side in dict.fromkeys(sides)
        }
        evaluating = _median_seconds(_evaluations(trainer, val), trainer.device)
        memory = peak_memory(trainer.device)
    training = sum(seconds_a_step[side] for side in sides) * len(train)
    return Prediction(training + evaluating * len(val) * epochs, memory, len(train) * epochs)


def _steps(trainer: Trainer, train: Iterable, epoch: int) -> Iterator[Callable[[], None]]:
    """The first steps of an epoch, with the loading of their batches, each when it is called."""
    from_the_start(train, epoch)
    batches = iter(train)
    for number in range(min(WARM_UP + TIMED, len(train))):

        def step(number: int = number) -> None:
            images, labels = next(batches)
            trainer.train_step(images, labels, batch_length(train, number, len(labels), trainer.group.world))

        yield step


def _evaluations(trainer: Trainer, val: Iterable) -> Iterator[Callable[[], None]]:
    from_the_start(val)
    batches = iter(val)
    for _ in range(min(1 + TIMED // 2, len(val))):
        yield lambda: trainer.evaluate(itertools.islice(batches, 1))


def _median_seconds(actions: Iterator[Callable[[], None]], device: torch.device) -> float:
    seconds = []
    for action in actions:
        started = time.perf_counter()
        action()
        wait_for(device)
        seconds.append(time.perf_counter() - started)
    timed = sorted(seconds[WARM_UP:] or seconds[-1:])
    return timed[len(timed) // 2] if timed else 0.0


@contextmanager
def _undone(trainer: Trainer, *loaders: Iterable) -> Iterator[None]:
    """Weights, optimizer, loaders and random streams afterwards as they were before."""
    weights, streams = copy.deepcopy(trainer.model.state_dict()), random_states()
    places = [(loader, loader.state_dict()) for loader in loaders if hasattr(loader, "state_dict")]
    try:
        yield
    finally:
        trainer.model.load_state_dict(weights)
        trainer.restart()
        restore_random_states(streams, 0, 0, 0)
        for loader, place in places:
            loader.load_state_dict(place)


def from_the_start(loader: Iterable, epoch: int = 0) -> None:
    """Let the next pass of a loader that knows its place be that epoch, from its first batch."""
    if hasattr(loader, "load_state_dict"):
        loader.load_state_dict({"epoch": epoch, "batch": 0})
