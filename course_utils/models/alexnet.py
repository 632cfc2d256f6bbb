"""AlexNet in one tower: the network that won ImageNet in 2012, in the form of 2014 that torchvision has.

A. Krizhevsky, I. Sutskever, G. E. Hinton: ImageNet Classification with Deep Convolutional Neural Networks.
Advances in Neural Information Processing Systems 25, 2012.
A. Krizhevsky: One weird trick for parallelizing convolutional neural networks. arXiv:1404.5997, 2014.

What differs from 2012: the network stands in one tower, where the first stood in two, one on each GPU, that
met only in some layers. Its convolutions have 64, 192, 384, 256 and 256 channels, not 96, 256, 384, 384 and
256, and there is no local response normalisation.

What differs from the text of 2014: a footnote there gives the fourth convolution 384 channels. torchvision
has 256, from the author's own configuration of cuda-convnet2 (github.com/pytorch/vision, pull request 704).

The pooling to 6×6 before the head is torchvision's: with 224×224 pixels it changes nothing, and it lets other
sizes through. The starting weights are He's, which came later; torchvision's are PyTorch's own. Layers have
torchvision's names, so its weights load.
"""

from __future__ import annotations

import torch
from torch import nn

from course_utils.models.shared import check_images, he_initialise


class AlexNet(nn.Module):
    """Five convolutions and three fully connected layers; overlapping pooling; dropout. Built in lesson 10.

    Args:
        num_classes: length of the logits, K; 1000 in the paper.
        in_channels: channels of an image.
        dropout: share of the head's inputs and hidden units that are dropped in training.
        head_width: units in each of the two hidden layers of the head. They hold most of the parameters:
            with 4096, as in the paper, 54.6 of 57.0 million for ten classes.
    """

    def __init__(
        self, num_classes: int, in_channels: int = 3, dropout: float = 0.5, head_width: int = 4096
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.features = nn.Sequential(  # the shapes are for 224×224 pixels
            nn.Conv2d(in_channels, 64, kernel_size=11, stride=4, padding=2),  # (N, 64, 55, 55)
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 64, 27, 27): windows overlap by one pixel
            nn.Conv2d(64, 192, kernel_size=5, padding=2),  # (N, 192, 27, 27)
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 192, 13, 13)
            nn.Conv2d(192, 384, kernel_size=3, padding=1),  # (N, 384, 13, 13)
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),  # (N, 256, 13, 13)
            nn.ReLU(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),  # (N, 256, 13, 13)
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (N, 256, 6, 6)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)  # from 63 to 94 pixels the map is 1×1, and is copied 36 times
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, head_width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(head_width, head_width),
            nn.ReLU(),
            nn.Linear(head_width, num_classes),
        )
        he_initialise(self.features)
        he_initialise(self.classifier[:-1])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, in_channels, H, W), H and W from 63 -> logits (N, K).

        Raises:
            ValueError: the images have another shape, or are too small.
        """
        check_images(images, "AlexNet", self.in_channels, least=63)
        maps = self.avgpool(self.features(images))  # (N, 256, 6, 6)
        return self.classifier(maps.flatten(start_dim=1))  # (N, K)
