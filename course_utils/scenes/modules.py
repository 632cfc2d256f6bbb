"""A module of the learner's, given weights: which it has, and what it makes of some inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn


def outputs(
    answer: Callable[..., nn.Module],
    made_with: Mapping[str, Any],
    inputs: tuple,
    weights: Sequence[torch.Tensor],
    train: bool,
) -> dict:
    """Construct the module, copy `weights` into its state in order, and call it.

    Without an output, where the shapes are others. Raises TypeError when the answer makes no module.
    """
    module = answer(**made_with)
    if not isinstance(module, nn.Module):
        raise TypeError(f"expected an nn.Module, got {type(module).__name__}")
    slots = list(module.state_dict().values())
    shapes = [tuple(slot.shape) for slot in slots]
    if shapes != [tuple(weight.shape) for weight in weights]:
        return {"shapes": shapes}
    with torch.no_grad():
        for slot, weight in zip(slots, weights, strict=True):
            slot.copy_(weight)
        return {"shapes": shapes, "output": module.train(train)(*inputs)}
