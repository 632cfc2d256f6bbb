"""The small convolutional network of lesson 06: three convolutions, any image size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class SmallCNN(nn.Module):
    """Three 3×3 convolutions with pooling between them, then the mean over all positions.

    Built in lesson 06, 'A convolutional network'. The global mean makes it fit any image of at
    least 4×4 pixels, with the same weights.

    Args:
        in_channels: channels of an image, C.
        num_classes: length of the logits, K.
        width: channels after the first convolution; each later one doubles them.
    """

    def __init__(self, in_channels: int, num_classes: int, width: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(2 * width, 4 * width, kernel_size=3, padding=1)
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, C, S, S) float -> logits (N, K)."""
        x = F.max_pool2d(torch.relu(self.conv1(images)), 2)  # (N, width, S/2, S/2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)  # (N, 2 width, S/4, S/4)
        x = torch.relu(self.conv3(x))  # (N, 4 width, S/4, S/4)
        return self.head(x.mean(dim=(2, 3)))  # (N, K)
