"""GoogLeNet: several scales looked at side by side, and about a tenth of AlexNet's parameters.

C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke, A. Rabinovich:
Going Deeper with Convolutions. IEEE Conference on Computer Vision and Pattern Recognition, 2015
(arXiv:1409.4842, 2014).

What differs from the paper, as in torchvision:

- Batch normalisation follows each convolution, so none has a bias. The paper is older than that; it has two
  local response normalisations.
- The branch called 5×5 has 3×3 kernels: a slip that is kept for the sake of the trained weights
  (github.com/pytorch/vision, issue 906). `paper_5x5=True` gives the paper's kernels.
- The auxiliary heads pool to 4×4, whatever the size; in the paper by 5×5 windows, 3 apart.
- The last pooling between inceptions is 2×2, not 3×3; the main head drops 20 %, not 40 %.

Layers have torchvision's names, so its weights load.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models.shared import check_images, he_initialise


class GoogLeNetOutputs(NamedTuple):
    """What a GoogLeNet with auxiliary heads returns in training: logits (N, K), in torchvision's order."""

    logits: torch.Tensor
    aux_logits2: torch.Tensor  # of the head after inception 4d
    aux_logits1: torch.Tensor  # of the head after inception 4a


class BasicConv2d(nn.Module):
    """Convolution, batch normalisation, ReLU: (N, in_channels, H, W) -> (N, out_channels, H', W')."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        padding = kernel_size // 2
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    """Four looks at the same maps, side by side; their channels are joined.

    The 1×1 convolutions in front of the costly ones first reduce the channels.

    Args:
        in_channels: channels that come in.
        ones: channels of the 1×1 branch.
        threes: reduced to, and channels of, the 3×3 branch.
        fives: reduced to, and channels of, the branch called 5×5.
        pool: channels of the branch that pools first.
        five: kernel size of the branch called 5×5.
    """

    def __init__(
        self,
        in_channels: int,
        ones: int,
        threes: tuple[int, int],
        fives: tuple[int, int],
        pool: int,
        five: int = 3,
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(in_channels, ones, 1)
        self.branch2 = nn.Sequential(BasicConv2d(in_channels, threes[0], 1), BasicConv2d(*threes, 3))
        self.branch3 = nn.Sequential(BasicConv2d(in_channels, fives[0], 1), BasicConv2d(*fives, five))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), BasicConv2d(in_channels, pool, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, ones + threes[1] + fives[1] + pool, H, W)."""
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1)


class AuxiliaryHead(nn.Module):
    """A classifier halfway, so that a gradient enters there too: maps (N, C, H, W) -> logits (N, K)."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.7) -> None:
        super().__init__()
        self.conv = BasicConv2d(in_channels, 128, 1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.dropout = nn.Dropout(dropout)
        he_initialise(self)  # all but the last layer
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(F.adaptive_avg_pool2d(x, 4))  # (N, 128, 4, 4)
        x = torch.relu(self.fc1(x.flatten(start_dim=1)))  # (N, 1024)
        return self.fc2(self.dropout(x))  # (N, K)


class GoogLeNet(nn.Module):
    """GoogLeNet, 'Inception v1'. Built in lesson 11.

    Args:
        num_classes: length of the logits, K; 1000 in the paper.
        aux_logits: add the two auxiliary heads. In training the model then returns GoogLeNetOutputs, which
            `googlenet_loss` takes. Without, it returns logits at all times, as `fit` wants them.
        paper_5x5: 5×5 kernels where the paper has them, instead of torchvision's 3×3.
        in_channels: channels of an image.
        dropout: share of the 1024 features that the main head drops in training; 0.7 for the auxiliary heads.
    """

    def __init__(
        self,
        num_classes: int,
        aux_logits: bool = False,
        paper_5x5: bool = False,
        in_channels: int = 3,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.in_channels, self.aux_logits = in_channels, aux_logits
        five = 5 if paper_5x5 else 3
        # ceil_mode: a window that begins inside the map counts, even where it reaches beyond.
        self.conv1 = BasicConv2d(in_channels, 64, 7, stride=2)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, 1)
        self.conv3 = BasicConv2d(64, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(192, 64, (96, 128), (16, 32), 32, five)
        self.inception3b = Inception(256, 128, (128, 192), (32, 96), 64, five)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(480, 192, (96, 208), (16, 48), 64, five)
        self.inception4b = Inception(512, 160, (112, 224), (24, 64), 64, five)
        self.inception4c = Inception(512, 128, (128, 256), (24, 64), 64, five)
        self.inception4d = Inception(512, 112, (144, 288), (32, 64), 64, five)
        self.inception4e = Inception(528, 256, (160, 320), (32, 128), 128, five)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a = Inception(832, 256, (160, 320), (32, 128), 128, five)
        self.inception5b = Inception(832, 384, (192, 384), (48, 128), 128, five)
        he_initialise(self)  # all but the heads
        if aux_logits:
            self.aux1 = AuxiliaryHead(512, num_classes)
            self.aux2 = AuxiliaryHead(528, num_classes)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor | GoogLeNetOutputs:
        """images (N, in_channels, H, W), H and W from 15 -> logits (N, K), or three: see `aux_logits`.

        Raises:
            ValueError: the images have another shape, or are too small.
        """
        check_images(images, "GoogLeNet", self.in_channels, least=15)
        x = self.maxpool1(self.conv1(images))  # (N, 64, 56, 56), for 224×224 pixels
        x = self.maxpool2(self.conv3(self.conv2(x)))  # (N, 192, 28, 28)
        x = self.maxpool3(self.inception3b(self.inception3a(x)))  # (N, 480, 14, 14)
        after_4a = self.inception4a(x)  # (N, 512, 14, 14)
        after_4d = self.inception4d(self.inception4c(self.inception4b(after_4a)))  # (N, 528, 14, 14)
        x = self.maxpool4(self.inception4e(after_4d))  # (N, 832, 7, 7)
        x = self.inception5b(self.inception5a(x))  # (N, 1024, 7, 7)
        features = x.mean(dim=(2, 3))  # (N, 1024)
        if not (self.aux_logits and self.training):
            return self.fc(self.dropout(features))
        aux1, aux2 = self.aux1(after_4a), self.aux2(after_4d)
        return GoogLeNetOutputs(self.fc(self.dropout(features)), aux2, aux1)


def googlenet_loss(
    outputs: torch.Tensor | GoogLeNetOutputs, labels: torch.Tensor, aux_weight: float = 0.3
) -> torch.Tensor:
    """Cross-entropy of the logits, plus the paper's 0.3 times that of each auxiliary head, if there are any.

    outputs: logits (N, K), or three of them; labels (N,) int64. Returns a scalar.
    """
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs, labels)
    main, *auxiliary = (F.cross_entropy(logits, labels) for logits in outputs)
    return main + aux_weight * sum(auxiliary)
