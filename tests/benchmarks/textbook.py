"""The other side: how most books, posts and tutorials train, written well and measured honestly.

ImageFolder decodes every picture in every epoch, torchvision v2 transforms it, worker processes hand batches
over; the model is float32 in NCHW, and every step asks the device for the loss.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from course_utils.training.devices import wait_for

WORKERS = 2


@dataclass
class Epoch:
    """Seconds of training so far, without the evaluations; validation accuracy after this epoch."""

    number: int
    train_seconds: float
    accuracy: float


def loaders(
    tree: Path,
    size: int,
    batch_size: int,
    *,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    padding: int = 0,
    flip: bool = True,
    workers: int = WORKERS,
    pin_memory: bool = False,
) -> tuple[DataLoader, DataLoader]:
    """Loaders of `tree`/train and `tree`/val: images float32 (N, 3, size, size), labels int64 (N,).

    Both resize the shorter side and cut the centre square. Training pictures are then padded by reflection by
    `padding` pixels, cut back at a random place, and mirrored with probability 1/2 if `flip`.
    """
    square = [v2.Resize(size), v2.CenterCrop(size)]
    augment = [v2.RandomCrop(size, padding=padding, padding_mode="reflect")] if padding else []
    augment += [v2.RandomHorizontalFlip()] if flip else []
    tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(list(mean), list(std))]
    options = {"num_workers": workers, "persistent_workers": workers > 0, "pin_memory": pin_memory}
    train = ImageFolder(str(tree / "train"), v2.Compose([*square, *augment, *tensor]))
    val = ImageFolder(str(tree / "val"), v2.Compose([*square, *tensor]))
    return (
        DataLoader(train, batch_size, shuffle=True, **options),
        DataLoader(val, batch_size, **options),
    )


def train(
    model: nn.Module,
    train_loader: DataLoader,
    val_loader: DataLoader,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
    *,
    loss_function: nn.Module | None = None,
    after_step: Callable[[], None] = lambda: None,
) -> Iterator[Epoch]:
    """Train for as long as the caller wants to see another epoch. `after_step`: a scheduler's step."""
    loss_function = loss_function or nn.CrossEntropyLoss()
    model.to(device)
    trained, number = 0.0, 0
    while True:
        number += 1
        started = time.perf_counter()
        model.train()
        running_loss, correct = 0.0, 0
        for images, labels in train_loader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            logits = model(images)
            loss = loss_function(logits, labels)
            loss.backward()
            optimizer.step()
            after_step()
            running_loss += loss.item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
        wait_for(device)
        trained += time.perf_counter() - started
        yield Epoch(number, trained, accuracy(model, val_loader, device))


@torch.no_grad()
def accuracy(model: nn.Module, loader: DataLoader, device: torch.device) -> float:
    """Share of right answers in evaluation mode, 0 to 1."""
    model.eval()
    correct = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        correct += (model(images).argmax(dim=1) == labels).sum().item()
    return correct / len(loader.dataset)
