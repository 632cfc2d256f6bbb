"""What several architectures share: a look at the images that come in, and He's starting weights."""

from __future__ import annotations

import torch
from torch import nn


def check_images(images: torch.Tensor, network: str, in_channels: int, least: int = 1) -> None:
    """Say in plain words what PyTorch would say from deep inside a network.

    Args:
        images: should be (N, in_channels, H, W) with H and W of at least `least` pixels.
        network: its name, for the message.

    Raises:
        ValueError: they are not.
    """
    if images.ndim != 4 or images.shape[1] != in_channels:
        raise ValueError(
            f"{network} was built for images (N, {in_channels}, H, W); these are {tuple(images.shape)}."
        )
    height, width = images.shape[2:]
    if min(height, width) < least:
        raise ValueError(
            f"{network} takes images of at least {least}×{least} pixels; these are {height}×{width}, "
            "and nothing would be left of them before the last layer. Enlarge them, or take another network."
        )


def he_initialise(model: nn.Module) -> None:
    """Draw the weights of every convolution and linear layer from N(0, 2 / inputs), and set its bias to 0.

    `inputs` is how many numbers one output is computed from: k² · in_channels, or in_features. With that
    variance a signal keeps its size from layer to layer through ReLU, which lets half of it through. The last
    layer of a network has no ReLU after it: leave it out, and it starts with PyTorch's smaller weights.

    K. He, X. Zhang, S. Ren, J. Sun: Delving Deep into Rectifiers: Surpassing Human-Level Performance on
    ImageNet Classification, 2015.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
