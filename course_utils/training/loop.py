"""The training loop of lesson 06, written to be read."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.training.devices import device_of
from course_utils.training.evaluation import evaluate
from course_utils.training.history import History
from course_utils.training.progress import progress_bar


def train_step(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, optimizer: torch.optim.Optimizer
) -> tuple[float, int]:
    """One step of gradient descent on one batch. Built in lesson 06, 'One step'.

    Args:
        model: images (N, C, H, W) -> logits (N, K); put into training mode.
        images, labels: a batch, on the model's device; labels (N,) int64.
        optimizer: holds the model's parameters.

    Returns:
        the batch's mean loss and its number of right answers, both before the step.
    """
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), (logits.argmax(dim=1) == labels).sum().item()


def train_epochs(
    model: nn.Module,
    train_loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
    val_loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
    optimizer: torch.optim.Optimizer,
    epochs: int,
    *,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> History:
    """Train for `epochs` passes over `train_loader`; evaluate on `val_loader` after each.

    Built in lesson 06, 'The loop'. It chooses nothing: the model ends with the weights of the last
    step, and no test set comes near it.

    Args:
        model: images (N, C, H, W) -> logits (N, K); trained in place and left in training mode.
        train_loader, val_loader: sized, yield (images, labels (N,) int64).
        optimizer: holds the parameters of `model`.
        epochs: passes over the training images.
        device: where to compute; None is where the model's weights are. The model must be there already.
        progress: show a bar when someone watches.

    Raises:
        FloatingPointError: the training loss is no longer finite.
    """
    device = device_of(model) if device is None else torch.device(device)
    history = History()
    with progress_bar(epochs * len(train_loader), "step", show=progress) as bar:
        for epoch in range(1, epochs + 1):
            loss_sum, correct, count = 0.0, 0, 0
            for images, labels in train_loader:
                loss, right = train_step(model, images.to(device), labels.to(device), optimizer)
                loss_sum, correct, count = loss_sum + loss * len(labels), correct + right, count + len(labels)
                bar.update()
            train_loss = _finite(loss_sum / count, epoch)
            validation = evaluate(model, val_loader, device)
            history.add(
                epoch,
                train_loss=train_loss,
                train_accuracy=correct / count,
                val_loss=validation.loss,
                val_accuracy=validation.accuracy,
            )
            bar.set_postfix(val_accuracy=f"{validation.accuracy:.1%}")
    return history


def _finite(loss: float, epoch: int) -> float:
    """Training on after the loss has become inf or nan wastes the learner's time."""
    if loss != loss or loss == float("inf"):
        raise FloatingPointError(f"the training loss is {loss} in epoch {epoch}: lower the learning rate")
    return loss
