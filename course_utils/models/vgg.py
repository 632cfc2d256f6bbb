"""VGG: depth from nothing but 3×3 convolutions, the channels doubled where the picture is halved.

K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition.
International Conference on Learning Representations, 2015 (arXiv:1409.1556, 2014).

Of the paper's configurations, A, B, D and E are here: 11, 13, 16 and 19 layers with weights. C (16 layers,
three of them 1×1) and A with local response normalisation are not.

What differs from the paper, as in torchvision:

- Batch normalisation on request; it is younger than the paper (S. Ioffe, C. Szegedy: Batch Normalization:
  Accelerating Deep Network Training by Reducing Internal Covariate Shift, 2015).
- He's starting weights, where the paper starts the deeper networks from layers of a trained A (torchvision
  draws those of the head from N(0, 0.01²); ours are He's there too).
- A pooling to 7×7 before the head, which changes nothing for 224×224 pixels and lets other sizes through.

Layers have torchvision's names, so its weights load.
"""

from __future__ import annotations

import torch
from torch import nn

from course_utils.models.shared import check_images, he_initialise

CHANNELS = (64, 128, 256, 512, 512)  # of the five blocks; a 2×2 pooling follows each
CONVOLUTIONS = {  # how many 3×3 convolutions each block has
    11: (1, 1, 2, 2, 2),  # configuration A
    13: (2, 2, 2, 2, 2),  # B
    16: (2, 2, 3, 3, 3),  # D
    19: (2, 2, 4, 4, 4),  # E
}


class VGG(nn.Module):
    """VGG-11, -13, -16 or -19. Built in lesson 11.

    Args:
        depth: 11, 13, 16 or 19: convolutions and fully connected layers together.
        num_classes: length of the logits, K; 1000 in the paper.
        batch_norm: normalise between each convolution and its ReLU.
        in_channels: channels of an image.
        dropout: share of the head's hidden units that are dropped in training.
        head_width: units in each of the two hidden layers of the head. The first alone has 512·7·7 weights
            for each of them: with 4096, as in the paper, 102.8 million.

    Raises:
        ValueError: there is no VGG of that depth.
    """

    def __init__(
        self,
        depth: int,
        num_classes: int,
        batch_norm: bool = False,
        in_channels: int = 3,
        dropout: float = 0.5,
        head_width: int = 4096,
    ) -> None:
        super().__init__()
        if depth not in CONVOLUTIONS:
            raise ValueError(f"no VGG-{depth} here: depth is one of {', '.join(map(str, CONVOLUTIONS))}.")
        self.depth, self.in_channels = depth, in_channels
        layers: list[nn.Module] = []
        channels = in_channels
        for out_channels, convolutions in zip(CHANNELS, CONVOLUTIONS[depth], strict=True):
            for _ in range(convolutions):
                layers.append(nn.Conv2d(channels, out_channels, kernel_size=3, padding=1))
                layers += [nn.BatchNorm2d(out_channels)] if batch_norm else []
                layers.append(nn.ReLU())
                channels = out_channels
            layers.append(nn.MaxPool2d(kernel_size=2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)  # a 1×1 map, as of 32 pixels, is copied 49 times
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, head_width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(head_width, head_width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(head_width, num_classes),
        )
        he_initialise(self.features)
        he_initialise(self.classifier[:-1])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (N, in_channels, H, W), H and W from 32 -> logits (N, K).

        Raises:
            ValueError: the images have another shape, or are too small.
        """
        check_images(images, f"VGG-{self.depth}", self.in_channels, least=32)
        maps = self.features(images)  # (N, 512, H/32, W/32)
        return self.classifier(self.avgpool(maps).flatten(start_dim=1))  # (N, 512·7·7) -> (N, K)
