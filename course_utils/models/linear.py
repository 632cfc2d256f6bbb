"""The linear classifier of lesson 06: one weight for each pixel and class."""

from __future__ import annotations

import torch
from torch import nn


class LinearClassifier(nn.Module):
    """logits = W · pixels + b. Built in lesson 06, 'One weight for each pixel'.

    Args:
        in_channels: channels of an image, C.
        size: height and width of an image in pixels, S.
        num_classes: length of the logits, K.
    """

    def __init__(self, in_channels: int, size: int, num_classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(in_channels * size * size, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, C, S, S) float -> logits (N, K)."""
        return self.head(images.flatten(start_dim=1))
