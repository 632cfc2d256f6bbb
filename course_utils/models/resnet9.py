"""ResNet-9: nine layers with weights, found by asking what trains fastest on small pictures.

D. Page: How to Train Your ResNet. myrtle.ai, 2018-2019; part 4, Architecture, and part 8, Bag of tricks.
K. Jordan: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU. arXiv:2404.00498, 2024.

The network is that of part 4; the whitening stem is of part 8, and Jordan keeps it, with 2×2 patches and each
filter a second time with its sign turned.

What differs from part 4: the last pooling takes the largest value of the whole map, so that any size fits (on
32 pixels it is the same 4×4); `stem_stride`; He's starting weights. What differs from part 8 in the stem: the
patches are centred; ReLU and plain batch normalisation follow.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models.shared import check_images, he_initialise


def whitening_filters(
    images: torch.Tensor, kernel_size: int = 3, eps: float = 1e-2
) -> tuple[torch.Tensor, torch.Tensor]:
    """Filters whose outputs, over the patches of these images, have mean 0 and do not vary together.

    Neighbouring pixels are nearly equal, and a first layer has to learn to look at what differs.
    That much can be worked out beforehand. With p the D = C·k·k numbers of a patch, a column:

        mu    = mean of p                          (D)     the mean patch
        Sigma = mean of (p - mu)(p - mu)ᵀ          (D, D)  the covariance: symmetric, no negative eigenvalue
        Sigma = V diag(lambda) Vᵀ                          its eigen-decomposition: the columns of V are
                                                           orthonormal patches, VᵀV = I; along column i the
                                                           variance is lambda_i, and no two vary together
        W     = diag(1 / sqrt(lambda + eps)) Vᵀ    (D, D)  look along each column, and divide by the spread
        y     = W (p - mu) = W p - W mu                    a convolution with weight W and bias -W mu

    Then cov(y) = W Sigma Wᵀ = diag(lambda / (lambda + eps)), because VᵀV = I: with eps = 0 the identity.
    The smallest lambdas are little but noise; eps keeps them from being blown up to the size of the rest.
    The filters come in the order of falling lambda. The sign of each is the eigen-solver's whim.

    Args:
        images: (N, C, H, W) float: training images as the network sees them, normalised. A few thousand do.
        kernel_size: height and width of a patch, k.
        eps: added to each eigenvalue; 1e-2 suits images with variance 1.

    Returns:
        weight (D, C, k, k) and bias (D), in the images' dtype and on their device.

    Raises:
        ValueError: the images are not (N, C, H, W) floats, are smaller than a patch, or, with eps = 0,
            do not vary along all D directions.
    """
    if images.ndim != 4 or not images.is_floating_point():
        raise ValueError(
            "whitening needs normalised images (N, C, H, W) of a float type; "
            f"these are {tuple(images.shape)}, {images.dtype}"
        )
    if len(images) == 0 or min(images.shape[2:]) < kernel_size:
        raise ValueError(f"images {tuple(images.shape)} hold no patch of {kernel_size}×{kernel_size}")
    channels = images.shape[1]
    size = channels * kernel_size**2  # D
    total, products, count = torch.zeros(size).double(), torch.zeros(size, size).double(), 0
    for batch in images.split(64):  # all patches at once would take k² times the memory of the images
        patches = F.unfold(batch.detach().cpu().double(), kernel_size)  # (n, D, positions)
        patches = patches.transpose(1, 2).reshape(-1, size)  # (n · positions, D)
        total += patches.sum(dim=0)
        products += patches.T @ patches
        count += len(patches)
    mean = total / count  # (D)
    covariance = products / count - torch.outer(mean, mean)  # (D, D): mean of ppᵀ, less mu muᵀ
    eigenvalues, eigenvectors = torch.linalg.eigh(covariance)  # (D) rising; (D, D), one a column
    eigenvalues, eigenvectors = eigenvalues.flip(0), eigenvectors.flip(1)
    spread = eigenvalues.clamp_min(0) + eps
    if spread.min() <= 1e-12 * spread.max():
        raise ValueError("the patches do not vary in every direction: take more images, or eps > 0")
    weight = (eigenvectors / spread.sqrt()).T  # (D, D), one filter a row
    bias = -weight @ mean  # (D)
    return weight.reshape(size, channels, kernel_size, kernel_size).to(images), bias.to(images)


def conv_bn(in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU: (N, in_channels, H, W) -> (N, out_channels, H/stride, W/stride)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class Residual(nn.Module):
    """x + two 3×3 convolutions of x: (N, channels, H, W) -> the same shape. No ReLU follows the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv_bn(channels, channels)
        self.conv2 = conv_bn(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(self.conv1(x))


class ResNet9(nn.Module):
    """Eight 3×3 convolutions, two of the three stages with a residual, and a linear layer.

    Args:
        num_classes: length of the logits, K.
        width: channels of the stem; the stages have 2, 4 and 8 times as many. 64 in the original.
        whitening: what `whitening_filters` gives for the training images. The stem is then those filters,
            frozen, and a 1×1 convolution that learns how to mix them. To load saved weights into a new model,
            any tensors of the same shapes will do.
        stem_stride: 2 quarters the cost of all that follows: 64-pixel pictures then cost what 32-pixel ones
            cost with 1.
        in_channels: channels of an image.
        scale: factor of the logits, 1/8 in the original: the network starts out less sure of itself.

    Raises:
        ValueError: the whitening is for other channels, or its filters are not square.
    """

    def __init__(
        self,
        num_classes: int,
        width: int = 64,
        whitening: tuple[torch.Tensor, torch.Tensor] | None = None,
        stem_stride: int = 1,
        in_channels: int = 3,
        scale: float = 0.125,
    ) -> None:
        super().__init__()
        self.in_channels, self.scale = in_channels, scale
        if whitening is None:
            self.stem = conv_bn(in_channels, width, stride=stem_stride)
        else:
            filters = frozen_convolution(*whitening, in_channels, stem_stride)
            self.stem = conv_bn(filters.out_channels, width, kernel_size=1)
        self.stage1 = nn.Sequential(conv_bn(width, 2 * width), nn.MaxPool2d(2), Residual(2 * width))
        self.stage2 = nn.Sequential(conv_bn(2 * width, 4 * width), nn.MaxPool2d(2))
        self.stage3 = nn.Sequential(conv_bn(4 * width, 8 * width), nn.MaxPool2d(2), Residual(8 * width))
        he_initialise(self)
        self.head = nn.Linear(8 * width, num_classes, bias=False)
        if whitening is not None:
            self.stem = nn.Sequential(
                filters, *self.stem
            )  # after He's weights, which are not for the filters

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, in_channels, H, W), H and W from 8, or 15 with stem_stride 2 -> logits (N, K).

        Raises:
            ValueError: the images have another shape, or are too small.
        """
        first = self.stem[0]
        least = 7 * first.stride[0] + first.kernel_size[0] - 2 * first.padding[0]  # 8 rows after the stem
        check_images(images, "ResNet-9", self.in_channels, least)
        x = self.stem(images)  # (N, width, H, W), or half of H and W with stem_stride 2
        x = self.stage2(self.stage1(x))  # (N, 4 width, H/4, W/4)
        x = self.stage3(x).amax(dim=(2, 3))  # (N, 8 width)
        return self.scale * self.head(x)  # (N, K)


def frozen_convolution(weight: torch.Tensor, bias: torch.Tensor, in_channels: int, stride: int) -> nn.Conv2d:
    """A convolution with this weight (D, in_channels, k, k) and bias (D), which no optimizer will change."""
    filters, channels, height, kernel_size = weight.shape
    if channels != in_channels or height != kernel_size:
        raise ValueError(f"filters {tuple(weight.shape)} do not fit images of {in_channels} channels")
    padding = (kernel_size - 1) // 2  # with an odd kernel and stride 1, as many positions as pixels
    layer = nn.Conv2d(in_channels, filters, kernel_size, stride, padding)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer.requires_grad_(False)
