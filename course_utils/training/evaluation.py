"""How good is a model on a split? Lesson 06, 'Evaluating without disturbing'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.training.devices import device_of


@dataclass(frozen=True)
class Evaluation:
    """Mean loss per image, share of images classified rightly, and how many images there were."""

    loss: float
    accuracy: float
    count: int


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients inside; afterwards every layer has the mode it had before."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def evaluate(
    model: nn.Module,
    loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
    device: torch.device | str | None = None,
) -> Evaluation:
    """Cross-entropy and accuracy of `model` over all images of `loader`.

    Sums over images and divides once at the end, so the batch size does not matter.

    Args:
        model: images (N, C, H, W) -> logits (N, K). Left in the mode it was in.
        loader: yields (images, labels (N,) int64).
        device: where to compute; None is where the model's weights are.

    Raises:
        ValueError: the loader yields no image.
    """
    device = device_of(model) if device is None else torch.device(device)
    loss, correct, count = 0.0, 0, 0
    with evaluating(model):
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            logits = model(images)
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    if count == 0:
        raise ValueError("the loader yields no images, so there is nothing to average: is its split empty?")
    return Evaluation(loss / count, correct / count, count)
