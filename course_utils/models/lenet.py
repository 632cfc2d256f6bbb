"""LeNet-5, nearly as in 1998: convolve, pool, convolve, pool, decide. Most of what followed looks like it.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-Based Learning Applied to Document Recognition.
Proceedings of the IEEE 86(11), 1998.

What differs from the paper, layer by layer:

- C3 sees all 6 maps of S2. In the paper each of its 16 maps sees 3, 4 or all 6 of them, by a table, to break
  the symmetry and to save weights: 1,516 parameters there, 2,416 here.
- S2 and S4 are plain means of 2×2 neighbours. In the paper the sum of the four goes through a learned factor,
  a learned bias and the squashing function (12 and 32 parameters).
- The output is a linear layer, to be trained with cross-entropy. In the paper it measures the distance of F6
  to drawn 7×12 bitmaps of the ten digits (radial basis functions, nothing to learn).
- The starting weights are PyTorch's, not uniform in ±2.4 / fan_in.
- Images may have any number of channels, and any size from 32×32.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models.shared import check_images


def squash(x: torch.Tensor) -> torch.Tensor:
    """The paper's squashing function 1.7159 tanh(2x/3), close to -1 at -1 and to 1 at 1. Same shape as x."""
    return 1.7159 * torch.tanh(2 / 3 * x)


class LeNet5(nn.Module):
    """LeNet-5 with the paper's names: C1, S2, C3, S4, C5, F6. Built in lesson 10.

    On 32×32 pixels C5 has one position. On larger images it has more, as the paper says; we take their mean.
    MNIST's digits are 28×28: the paper pads them by 2 on each side.

    Args:
        num_classes: length of the logits, K.
        in_channels: channels of an image; 1 in the paper.
    """

    def __init__(self, num_classes: int, in_channels: int = 3) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.c1 = nn.Conv2d(in_channels, 6, kernel_size=5)
        self.c3 = nn.Conv2d(6, 16, kernel_size=5)
        self.c5 = nn.Conv2d(16, 120, kernel_size=5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, in_channels, H, W), H and W from 32 -> logits (N, K). The shapes here are for 32×32.

        Raises:
            ValueError: the images have another shape, or are too small.
        """
        check_images(images, "LeNet-5", self.in_channels, least=32)
        c1 = squash(self.c1(images))  # (N, 6, 28, 28)
        s2 = F.avg_pool2d(c1, 2)  # (N, 6, 14, 14)
        c3 = squash(self.c3(s2))  # (N, 16, 10, 10)
        s4 = F.avg_pool2d(c3, 2)  # (N, 16, 5, 5)
        c5 = squash(self.c5(s4))  # (N, 120, 1, 1)
        f6 = squash(self.f6(c5.mean(dim=(2, 3))))  # (N, 84)
        return self.output(f6)  # (N, K)
