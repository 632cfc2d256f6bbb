"""An architecture by its name, for the command line and for tables that compare several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from course_utils.models.alexnet import AlexNet
from course_utils.models.googlenet import GoogLeNet
from course_utils.models.lenet import LeNet5
from course_utils.models.resnet import BLOCKS, ResNet
from course_utils.models.resnet9 import ResNet9
from course_utils.models.vgg import CONVOLUTIONS, VGG

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "lenet5": LeNet5,
    "alexnet": AlexNet,
    **{f"vgg{depth}": partial(VGG, depth) for depth in CONVOLUTIONS},
    "googlenet": GoogLeNet,
    "resnet9": ResNet9,
    **{f"resnet{depth}": partial(ResNet, depth) for depth in BLOCKS},
}


def build(name: str, num_classes: int, **options: Any) -> nn.Module:
    """A new, untrained network: images (N, C, H, W) -> logits (N, num_classes).

    Args:
        name: lenet5, alexnet, vgg11, vgg13, vgg16, vgg19, googlenet, resnet9, resnet18, resnet34, resnet50,
            resnet101.
        num_classes: length of the logits.
        options: those of the architecture: `build("resnet18", 10, stem="small", skip=False)`.

    Raises:
        ValueError: no architecture has that name; the message lists those there are.
        TypeError: the architecture has no such option.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"there is no architecture {name!r}: the names are {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name](num_classes, **options)
