"""Lesson 05: the range test as it should be, and with departures by name."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F


def stopped(losses: list[float]) -> bool:
    return not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses)


def variant(
    *, after=False, fresh=False, stop=stopped, zero=True, momentum=0.0, train=True, cycle=True, moves=True, keep=True,
    restore="all", reduction="mean", kind=torch.optim.SGD,
) -> Callable:  # fmt: skip
    """A range test that departs from the right one in what is named."""

    def answer(model, batches, lrs):
        before = copy.deepcopy(model.state_dict())
        model.train(train)
        options = {"momentum": momentum} if momentum else {}
        optimizer = kind(model.parameters(), lr=1.0, **options)
        losses: list[float] = []
        for step, lr in enumerate(lrs):
            if step >= len(batches) and not cycle:
                break
            if fresh:
                model.load_state_dict(before)
            images, labels = batches[step % len(batches) if moves else 0]
            optimizer.param_groups[0]["lr"] = lr
            loss = F.cross_entropy(model(images), labels, reduction=reduction)
            value = loss.item()
            if not after and _ended(losses, value, stop, keep):
                break
            if zero:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if after and _ended(losses, F.cross_entropy(model(images), labels).item(), stop, keep):
                break
        _put_back(model, before, restore)
        return losses

    return answer


def _ended(losses: list[float], value: float, stop: Callable, keep: bool) -> bool:
    """Note the loss, unless it ends the test and is not to be kept."""
    if stop([*losses, value]):
        losses += [value] if keep else []
        return True
    losses.append(value)
    return False


def _put_back(model: torch.nn.Module, before: Mapping, which: str) -> None:
    if which == "all":
        model.load_state_dict(before)
    if which == "parameters":
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(before[name])


def reference(model, batches, lrs):
    """On a copy, with gradients taken by hand: independent of any optimizer."""
    trial, losses = copy.deepcopy(model), []
    for step, lr in enumerate(lrs):
        images, labels = batches[step % len(batches)]
        with torch.enable_grad():
            loss = F.cross_entropy(trial(images), labels)
            gradients = torch.autograd.grad(loss, list(trial.parameters()))
        losses.append(loss.item())
        if stopped(losses):
            break
        with torch.no_grad():
            for parameter, gradient in zip(trial.parameters(), gradients, strict=True):
                parameter -= lr * gradient
    return losses
