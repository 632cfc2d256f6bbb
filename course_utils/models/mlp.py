"""The multi-layer perceptron of lesson 06: one hidden layer that sees all pixels at once."""

from __future__ import annotations

import torch
from torch import nn


class MLP(nn.Module):
    """pixels -> hidden, ReLU -> logits. Built in lesson 06, 'A hidden layer in between'.

    Args:
        in_channels: channels of an image, C.
        size: height and width of an image in pixels, S.
        num_classes: length of the logits, K.
        hidden: width of the hidden layer.
    """

    def __init__(self, in_channels: int, size: int, num_classes: int, hidden: int = 256) -> None:
        super().__init__()
        self.hidden = nn.Linear(in_channels * size * size, hidden)
        self.head = nn.Linear(hidden, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, C, S, S) float -> logits (N, K)."""
        features = torch.relu(self.hidden(images.flatten(start_dim=1)))  # (N, hidden)
        return self.head(features)
