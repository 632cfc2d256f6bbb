"""ResNet: what a block computes is added to what came in, so a hundred layers can be trained.

K. He, X. Zhang, S. Ren, J. Sun: Deep Residual Learning for Image Recognition. IEEE Conference on Computer
Vision and Pattern Recognition, 2016 (arXiv:1512.03385, 2015).

What differs from the paper, as in torchvision: in a bottleneck that halves the picture, the 3×3 convolution
has the stride, not the first 1×1, so the block passes over no pixel ('ResNet v1.5'). Shortcuts are the
paper's option B: the identity, and a 1×1 convolution ('projection') where the shape changes.

Added: `stem="small"` for small pictures, the first layer of the paper's networks for CIFAR-10; `skip=False`,
the plain network that the paper compares with; `width`. Layers have torchvision's names, so its weights load.
"""

from __future__ import annotations

import torch
from torch import nn

from course_utils.models.shared import check_images, he_initialise


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """The way around a block: (N, in_channels, H, W) -> (N, out_channels, H/stride, W/stride)."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and the way around them: the block of ResNet-18 and -34.

    Args:
        in_channels: channels that come in.
        channels: channels of the convolutions, and of what goes out.
        stride: of the first convolution and of the shortcut.
        skip: False leaves the shortcut out.
    """

    expansion = 1  # channels that go out, for each channel inside

    def __init__(self, in_channels: int, channels: int, stride: int = 1, skip: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = shortcut(in_channels, channels, stride) if skip else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, channels, H/stride, W/stride)."""
        residual = torch.relu(self.bn1(self.conv1(x)))
        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual if self.downsample is None else self.downsample(x) + residual)


class Bottleneck(nn.Module):
    """1×1 to fewer channels, 3×3 there, 1×1 to four times as many: the block of ResNet-50 and deeper.

    Args: as for BasicBlock, with `channels` those of the 3×3 convolution; 4 · channels go out.
    """

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int = 1, skip: bool = True) -> None:
        super().__init__()
        out_channels = self.expansion * channels
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out_channels, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = shortcut(in_channels, out_channels, stride) if skip else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, 4 channels, H/stride, W/stride)."""
        residual = torch.relu(self.bn1(self.conv1(x)))
        residual = torch.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return torch.relu(residual if self.downsample is None else self.downsample(x) + residual)


BLOCKS: dict[int, tuple[type[BasicBlock | Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),  # 1 + 2 · 8 + 1 layers with weights
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),  # 1 + 3 · 16 + 1
    101: (Bottleneck, (3, 4, 23, 3)),
}


class ResNet(nn.Module):
    """A stem, four stages of blocks, the mean over all positions, one linear layer. Built in lesson 12.

    Args:
        depth: 18, 34, 50 or 101.
        num_classes: length of the logits, K; 1000 in the paper.
        stem: "imagenet" is a 7×7 convolution and a 3×3 pooling, both with stride 2: it hands on a quarter of
            the height and width. "small" is a 3×3 convolution with stride 1 and no pooling: it hands on all
            of a small picture, and the stages then cost 16 times as much for the same picture.
        skip: False gives the plain network: the same layers, no shortcut, and so no projections.
        in_channels: channels of an image.
        width: channels of the stem; the stages have 1, 2, 4 and 8 times as many (in a bottleneck's 3×3).

    Raises:
        ValueError: there is no ResNet of that depth, or no such stem.
    """

    def __init__(
        self,
        depth: int,
        num_classes: int,
        stem: str = "imagenet",
        skip: bool = True,
        in_channels: int = 3,
        width: int = 64,
    ) -> None:
        super().__init__()
        if depth not in BLOCKS:
            raise ValueError(f"no ResNet-{depth} here: depth is one of {', '.join(map(str, BLOCKS))}.")
        if stem not in ("imagenet", "small"):
            raise ValueError(f"there is no stem {stem!r}: it is 'imagenet' or 'small'.")
        block, counts = BLOCKS[depth]
        self.depth, self.in_channels = depth, in_channels
        if stem == "imagenet":
            self.conv1 = nn.Conv2d(in_channels, width, kernel_size=7, stride=2, padding=3, bias=False)
            self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        else:
            self.conv1 = nn.Conv2d(in_channels, width, kernel_size=3, padding=1, bias=False)
            self.maxpool = nn.Identity()
        self.bn1 = nn.BatchNorm2d(width)
        out = block.expansion * width  # channels that the first stage hands on
        self.layer1 = stage(block, width, width, counts[0], stride=1, skip=skip)
        self.layer2 = stage(block, out, 2 * width, counts[1], stride=2, skip=skip)
        self.layer3 = stage(block, 2 * out, 4 * width, counts[2], stride=2, skip=skip)
        self.layer4 = stage(block, 4 * out, 8 * width, counts[3], stride=2, skip=skip)
        he_initialise(self)  # all but the last layer
        self.fc = nn.Linear(8 * out, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, in_channels, H, W), any H and W -> logits (N, K). Shapes for the ImageNet stem.

        Raises:
            ValueError: the images have another shape.
        """
        check_images(images, f"ResNet-{self.depth}", self.in_channels)
        x = self.maxpool(torch.relu(self.bn1(self.conv1(images))))  # (N, width, H/4, W/4)
        x = self.layer2(self.layer1(x))  # (N, 2 width · expansion, H/8, W/8)
        x = self.layer4(self.layer3(x))  # (N, 8 width · expansion, H/32, W/32)
        return self.fc(x.mean(dim=(2, 3)))  # (N, K)


def stage(
    block: type[BasicBlock | Bottleneck], in_channels: int, channels: int, count: int, stride: int, skip: bool
) -> nn.Sequential:
    """`count` blocks with the same channels; only the first has the stride."""
    first = block(in_channels, channels, stride, skip)
    others = (block(block.expansion * channels, channels, 1, skip) for _ in range(count - 1))
    return nn.Sequential(first, *others)
