"""How many numbers can a model learn? Lesson 06, 'Counting what can be learned'."""

from __future__ import annotations

from torch import nn


def count_parameters(model: nn.Module) -> int:
    """All parameters of `model`, frozen ones too; a weight that layers share counts once, buffers do not."""
    return sum(parameter.numel() for parameter in model.parameters())
