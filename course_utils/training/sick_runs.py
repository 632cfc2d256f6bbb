"""Six training runs that are each sick in one way, and a healthy one. Lesson 08, 'Reading curves'.

The lesson asks what is wrong with each; the code below says so. Read it after your diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

Labelled = tuple[torch.Tensor, torch.Tensor]
EPOCHS = 16
BATCH = 32


def sick_runs(train: Labelled, val: Labelled, num_classes: int) -> dict[str, list[dict[str, float]]]:
    """Train seven small networks: "healthy", and "A" to "F".

    Args:
        train, val: normalised images (N, 1, S, S) float, S a multiple of 4, and labels (N,) int64.
        num_classes: K.

    Returns:
        the rows of each run: train_loss, train_accuracy, val_loss, val_accuracy in evaluation mode, first of
        the untrained network, then after each epoch.
    """
    size = train[0].shape[-1]
    convolutional = _convolutional(size, num_classes)
    pixels = _pixel_by_pixel(size, num_classes)
    runs = {"healthy": _run(convolutional, _adam(3e-3), train, val)}
    twice = nn.Sequential(*_convolutional(size, num_classes, flat=True), nn.Softmax(dim=1))
    runs["A"] = _run(twice, _adam(3e-3), train, val)
    runs["B"] = _run(pixels, _adam(2e-3), train, val)
    runs["C"] = _run(_convolutional(size, num_classes), _sgd(1.2), train, val)
    runs["D"] = _run(_with_standard_normal_weights(size, num_classes), _adam(3e-3), train, val)
    runs["E"] = _run(_pixel_by_pixel(size, num_classes), _adam(2e-3), _mismatched(train), val)
    runs["F"] = _run(_convolutional(size, num_classes), _sgd(1e-3), train, val)
    return runs


def _convolutional(size: int, num_classes: int, flat: bool = False) -> nn.Sequential:
    """Two convolutions; then the mean over all positions, or every position with `flat`."""
    torch.manual_seed(0)
    places = (size // 4) ** 2 if flat else 1
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(size // 4 if flat else 1),
        nn.Flatten(), nn.Linear(32 * places, num_classes),
    )  # fmt: skip


def _pixel_by_pixel(size: int, num_classes: int) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(size * size, 256), nn.ReLU(), nn.Linear(256, num_classes))


def _with_standard_normal_weights(size: int, num_classes: int) -> nn.Sequential:
    model = _convolutional(size, num_classes)
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(layer.weight)
    return model


def _mismatched(train: Labelled) -> Labelled:
    """The same images and the same labels, and no longer each other's."""
    images, labels = train
    return images, labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))]


def _adam(lr: float) -> Callable:
    return lambda parameters: torch.optim.AdamW(parameters, lr=lr)


def _sgd(lr: float) -> Callable:
    return lambda parameters: torch.optim.SGD(parameters, lr=lr, momentum=0.9)


def _run(model: nn.Module, optimizer_for: Callable, train: Labelled, val: Labelled) -> list[dict[str, float]]:
    optimizer, generator = optimizer_for(model.parameters()), torch.Generator().manual_seed(0)
    rows = [_figures(model, train, val)]
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(train[1]), generator=generator).split(BATCH):
            loss = F.cross_entropy(model(train[0][batch]), train[1][batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        rows.append(_figures(model, train, val))
    return rows


@torch.no_grad()
def _figures(model: nn.Module, train: Labelled, val: Labelled) -> dict[str, float]:
    row = {}
    for name, (images, labels) in (("train", train), ("val", val)):
        logits = model(images)
        row[f"{name}_loss"] = F.cross_entropy(logits, labels).item()
        row[f"{name}_accuracy"] = (logits.argmax(dim=1) == labels).float().mean().item()
    return row
