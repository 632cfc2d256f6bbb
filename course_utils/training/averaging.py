"""A slow average of the weights, which is often better than the weights of the last step.

B. T. Polyak, A. B. Juditsky: Acceleration of Stochastic Approximation by Averaging. SIAM Journal on Control
and Optimization 30(4), 1992. Here with weights that fall off exponentially.
"""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """average ← decay · average + (1 - decay) · weight after every step; running statistics likewise.

    At the start the decay is smaller, (1 + t) / (10 + t) after t steps, or the average would hold on to the
    random weights for a long time.

    Attributes:
        model: a copy of the model that holds the averages; evaluate it like any other.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.model = copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take the weights of `model` in."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        averages, values = _tensors(self.model), _tensors(model)
        floats = [i for i, average in enumerate(averages) if average.is_floating_point()]
        torch._foreach_lerp_([averages[i] for i in floats], [values[i] for i in floats], 1 - decay)
        for average, value in zip(averages, values, strict=True):
            if not average.is_floating_point():  # the count of batches that a batch norm has seen
                average.copy_(value)


def _tensors(model: nn.Module) -> list[torch.Tensor]:
    return [*model.parameters(), *model.buffers()]
