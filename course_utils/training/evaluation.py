"""How good is a model on a split? Lesson 06, 'Evaluating without disturbing'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.training.devices import device_of
from course_utils.training.precision import Precision


@dataclass(frozen=True)
class Evaluation:
    """Mean loss per image, share of images classified rightly, and how many images there were."""

    loss: float
    accuracy: float
    count: int

    @classmethod
    def from_sums(cls, sums: torch.Tensor) -> Evaluation:
        """From (3,): summed loss, right answers, images.

        Raises:
            ValueError: there were no images.
        """
        loss, correct, count = sums.tolist()
        if count == 0:
            raise ValueError(
                "the loader yields no images, so there is nothing to average: is its split empty?"
            )
        return cls(loss / count, correct / count, int(count))


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
    *,
    flip: bool = False,
    precision: Precision | None = None,
) -> Evaluation:
    """Cross-entropy and accuracy of `model` over all images of `loader`.

    Sums over images and divides once at the end, so the batch size does not matter.

    Args:
        model: images (N, C, H, W) -> logits (N, K). Left in the mode it was in.
        loader: yields (images, labels (N,) int64).
        device: where to compute; None is where the model's weights are.
        flip: judge each image together with its mirror image, by the mean of the two logits. It is called
            test-time augmentation; say so beside the figure.
        precision: what to compute in; None is the precision of the weights.

    Raises:
        ValueError: the loader yields no image.
    """
    device = device_of(model) if device is None else torch.device(device)
    return Evaluation.from_sums(sum_over(model, loader, device, flip=flip, precision=precision))


def sum_over(
    model: nn.Module,
    loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
    device: torch.device,
    *,
    flip: bool = False,
    precision: Precision | None = None,
) -> torch.Tensor:
    """(3,): summed loss, right answers and images, left on the device until the last batch is done."""
    precision = precision or Precision("float32", device.type)
    sums = torch.zeros(3, device=device, dtype=torch.float32 if device.type == "mps" else torch.float64)
    with evaluating(model):
        for images, labels in loader:
            images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            with precision.autocast():
                logits = in_full(model(images))
                if flip:
                    logits = (logits + in_full(model(images.flip(-1)))) / 2
            sums[0] += F.cross_entropy(logits, labels, reduction="sum")
            sums[1] += (logits.argmax(dim=1) == labels).sum()
            sums[2] += len(labels)
    return sums


def in_full(logits: torch.Tensor) -> torch.Tensor:
    """Short floats as float32: a sum of exponentials wants more digits than bfloat16's three."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits
