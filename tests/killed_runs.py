"""A small training run that can be killed anywhere: `python killed_runs.py` takes orders, one JSON a line.

It imports torch once and forks a process for each run, so that twenty of them cost little more than their
steps. test_training_kill.py gives the orders.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_utils.data import Batches, Split
from course_utils.training import atomic, checkpoint, fit
from course_utils.training.config import TrainConfig
from course_utils.training.seeds import seed_everything
from course_utils.training.trainer import Trainer

KINDS = ("bytes", "fsync", "replace", "unlink", "step")


def split(count: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    images = rng.integers(0, 256, (count, 3, 16, 16), dtype=np.uint8) // 2
    images[np.arange(count), labels] += 100  # the class is the brightest channel: there is something to learn
    return Split(images, labels)


def train(folder: str, resume: bool) -> None:
    """Everything at once that a resumed run could get wrong."""
    seed_everything(7)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(4),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(96, 3),
    )  # fmt: skip
    scale = {"mean": 0.4, "std": 0.3}
    loader = Batches(split(44, 1), 8, shuffle=True, seed=3, padding=2, flip=True, erase=0.3, **scale)
    val = Batches(split(20, 2), 16, **scale)
    config = TrainConfig(
        epochs=4, lr=0.05, ema=0.8, mixup=0.4, cutmix=1.0, label_smoothing=0.1, clip_norm=1.0,
        folder=folder, checkpoint_every=3, device="cpu", progress=False,
    )  # fmt: skip
    fit(model, loader, val, config, resume=resume)


class Killer:
    """Counts bytes written, calls of fsync, replace and unlink, and steps; kills its process at one of them.

    fsync itself is left out: it takes longer than all else, and matters to a power cut, not to a kill.
    """

    def __init__(self, kind: str | None, number: int) -> None:
        self.counts = dict.fromkeys(KINDS, 0)
        self.kind, self.number = kind, number
        atomic.open = self._open
        os.fsync = lambda descriptor: None
        for name in ("fsync", "replace"):
            self._watch(os, name, name)
        self._watch(checkpoint.Path, "unlink", "unlink")
        self._watch(Trainer, "train_step", "step")

    def _reached(self, kind: str) -> bool:
        return self.kind == kind and self.counts[kind] >= self.number

    def _watch(self, owner, name: str, kind: str) -> None:
        """Odd numbers kill before the call, even ones after it."""
        original = getattr(owner, name)

        def watched(*args, **kwargs):
            self.counts[kind] += 1
            if self._reached(kind) and self.number % 2:
                die()
            result = original(*args, **kwargs)
            if self._reached(kind):
                die()
            return result

        setattr(owner, name, watched)

    def _open(self, *args, **kwargs):
        file, killer = open(*args, **kwargs), self  # noqa: SIM115

        class Watched:
            def __enter__(self):
                return self

            def __exit__(self, *error):
                file.close()

            def __getattr__(self, name):
                return getattr(file, name)

            def write(self, piece):
                room = killer.number - killer.counts["bytes"]
                killer.counts["bytes"] += len(piece)
                if not killer._reached("bytes"):
                    return file.write(piece)
                file.write(piece[:room])
                file.flush()
                die()

        return Watched()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_in_a_child(order: dict) -> dict:
    """Fork, train, perhaps die; how it ended, after how many seconds, and what it counted where it lived."""
    counts, started = Path(order["folder"] + ".counts"), time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            killer = Killer(order.get("kind"), order.get("number", 0))
            train(order["folder"], order["resume"])
            trackers = sorted({"tensorboard", "wandb"} & set(sys.modules))
            counts.write_text(json.dumps(killer.counts | {"trackers": trackers}), encoding="utf-8")
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    if order.get("kind") == "seconds":
        time.sleep(order["number"])
        os.kill(child, signal.SIGKILL)  # not yet waited for: the number is still the child's
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    counted = json.loads(counts.read_text(encoding="utf-8")) if status == 0 and counts.exists() else {}
    return {"status": status, "seconds": time.perf_counter() - started, "counts": counted}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1)])  # imports much of torch, once instead of in each child
    for line in sys.stdin:
        print(json.dumps(run_in_a_child(json.loads(line))), flush=True)
