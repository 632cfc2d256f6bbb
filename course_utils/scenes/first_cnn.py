"""Lesson 06: scenes for a training step, an evaluation, a network and the choice of an epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.scenes.small_models import (
    OPTIMIZERS,
    batches,
    build,
    counting_loader,
    state_of,
)


def take_steps(answer: Callable, kind: str, optimizer: str, sizes: tuple, mode: str, seed: int) -> dict:
    """Take one step a batch; what each returned, in which order things happened, and the model at the end."""
    model = build(kind, seed)
    model.train(mode == "training")
    steps = OPTIMIZERS[optimizer](model.parameters())
    events: list[str] = []
    next(model.parameters()).register_hook(lambda gradient: events.append("backward"))
    steps.register_step_post_hook(lambda *_: events.append("step"))  # after: a closure runs backward inside
    returned = []
    for number, (images, labels) in enumerate(batches(sizes, seed), 1):
        torch.manual_seed(seed + number)  # the same dropout mask for every answer
        returned.append(answer(model, images, labels, steps))
    return {
        "returned": returned,
        "events": events[:2],
        **state_of(model, seed),
    }


class Watched(nn.Module):
    """Passes images on to a model and notes whether gradients were being recorded."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.recorded = False

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = self.model(images)
        self.recorded = self.recorded or logits.requires_grad
        return logits


def evaluate_once(answer: Callable, kind: str, sizes: tuple, mode: str, seed: int) -> dict:
    """Evaluate once; what came back, and what the model and PyTorch's switch are like afterwards."""
    model = Watched(build(kind, seed))
    model.train(mode == "training")
    before = [buffer.clone() for buffer in model.buffers()]
    loader, _ = counting_loader(batches(sizes, seed))
    torch.manual_seed(seed)
    with torch.enable_grad():  # on leaving, gradients are as they were, whatever the answer did to them
        returned = answer(model, loader)
        still_on = torch.is_grad_enabled()
    return {
        "returned": returned,
        "recorded": model.recorded,
        "still on": still_on,
        "buffers before": before,
        **state_of(model, seed),
    }


SIZES = (32, 64, 72)


def show_images(answer: Callable, count: int, size: int, num_classes: int, seed: int) -> dict:
    """Build the network, show it a batch, its first image alone and beside others, and other sizes."""
    torch.manual_seed(seed)
    model = answer(num_classes)
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected an nn.Module, got {type(model).__name__}")
    images = torch.randn(count, 3, size, size)
    model.eval()
    with torch.no_grad():
        logits, again, alone = model(images), model(images), model(images[:1])
        others = model(torch.cat([images[:1], 2 * images[1:].flip(0)]))
        rows = {side: _rows(model, side) for side in SIZES}
    return {
        "logits": logits,
        "again": again,
        "alone": alone,
        "others": others,
        "rows": rows,
        "trainable": [parameter.requires_grad for parameter in model.parameters()],
    }


def _rows(model: nn.Module, size: int) -> Any:
    """What comes out for two images of this size; None where the network does not take them."""
    try:
        return model(torch.ones(2, 3, size, size))
    except Exception:  # whatever a layer raises when a size does not fit
        return None


class Threshold(nn.Module):
    """Calls a one-pixel image class 1 when it is brighter than the cut: accuracy is a function of that.

    Half of the cut is a parameter and half a buffer, as batch norm has them, so that both must be kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cut = nn.Parameter(torch.tensor(0.0))
        self.register_buffer("running_cut", torch.tensor(0.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        brightness = images.flatten(1)[:, :1] - (self.cut + self.running_cut)  # (N, 1)
        return torch.cat([-brightness, brightness], dim=1)  # (N, 2)


def _loader(brightness: torch.Tensor, labels: torch.Tensor, batch_size: int = 4) -> tuple:
    images = brightness.view(-1, 1, 1, 1)
    return counting_loader(list(zip(images.split(batch_size), labels.split(batch_size), strict=True)))


def choose_epoch(answer: Callable, cuts: torch.Tensor, val: tuple, test: tuple) -> dict:
    """Let the answer train a model whose weights after each epoch are written in `cuts`, and count."""
    model = Threshold()
    (val_loader, val_reads), (test_loader, test_reads) = _loader(*val), _loader(*test)
    passes = []

    def train_one_epoch(given: nn.Module) -> None:
        with torch.no_grad():
            for half in (given.cut, given.running_cut):
                half.copy_(cuts[min(len(passes), len(cuts) - 1)] / 2)
        passes.append(1)

    returned = answer(model, train_one_epoch, val_loader, test_loader, len(cuts))
    return {
        "returned": returned,
        "test reads": test_reads(),
        "val reads": val_reads(),
        "epochs": len(passes),
        "cut": model.cut.detach().clone(),
        "running cut": model.running_cut.clone(),
    }
