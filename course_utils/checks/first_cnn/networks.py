"""Lesson 06: the bug hunt `MendedNet` (a network that mixes the images of a batch, and has two outputs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.checks.case import Case, Misconception
from course_utils.checks.first_cnn.sent import SentNetworkExercise
from course_utils.checks.first_cnn.shared import seed_from
from course_utils.scenes.first_cnn import SIZES, show_images


class Published(nn.Module):
    """The layout that a popular article prints for ImageNet, in our own words; the arguments change parts of it."""

    def __init__(
        self, num_classes: int, *, outputs: int | None = 2, pool: bool = False, rows: str = "mixed"
    ) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.pool = nn.AdaptiveAvgPool2d(5) if pool else nn.Identity()
        self.fc1, self.fc2 = nn.Linear(400, 120), nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes if outputs is None else outputs)
        self.rows = rows

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(torch.relu(self.conv1(images)), 2)
        x = self.pool(F.max_pool2d(torch.relu(self.conv2(x)), 2))
        if self.rows == "mixed":
            x = x.view(-1, 400)
        elif self.rows == "swapped":
            x = x.permute(1, 2, 3, 0).reshape(len(images), -1)
        else:
            x = x.flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class _Probabilities(Published):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images).softmax(dim=1)


class _NoNegatives(Published):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images).relu()


class _Squeezed(nn.Module):
    """`squeeze()` takes away the axis of the images, too, when there is one image."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 16, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.head = nn.Linear(16, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.net(images).squeeze())


class _NewEachTime(nn.Module):
    """The last layer is made in `forward`."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv, self.num_classes = nn.Conv2d(3, 6, 5), num_classes

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.conv(images)).flatten(1)
        return nn.Linear(x.shape[1], self.num_classes)(x)


class _Lazy(nn.Module):
    """The first linear layer takes the size of the first images that it sees."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.Flatten(), nn.LazyLinear(num_classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.net(images)


class _SizeFixed(nn.Module):
    """Right at 32 pixels only: the first linear layer is sized by hand."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.net = Published(num_classes, outputs=None, rows="kept")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.net(images)


class _Reference(nn.Module):
    """Another network altogether: what is asked for are properties, not these layers."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 5, stride=2)
        self.head = nn.Linear(8, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.conv(images)).amax(dim=(2, 3)))


def what_network_did(raw: Mapping[str, Any], count: int, _size: int, num_classes: int, _seed: int) -> dict:
    """Is there a row of logits for each image, which depends on that image alone?"""
    logits, alone = raw["logits"], raw["alone"]
    labels = torch.arange(count) % num_classes
    labels[-1] = num_classes - 1
    in_order = logits.shape == (count, num_classes)
    own_row = in_order and alone.shape == (1, num_classes)
    return {
        "shape of the logits of one image": tuple(alone.shape),
        "shape of the logits": tuple(logits.shape),
        "the same images give the same rows again": in_order
        and torch.allclose(raw["again"], logits, rtol=1e-3, atol=1e-4),
        "image 0 alone gives the same row": own_row
        and torch.allclose(alone[0], logits[0], rtol=1e-3, atol=1e-4),
        "image 0 ignores its neighbours": in_order
        and torch.allclose(raw["others"][0], logits[0], rtol=1e-3, atol=1e-4),
        "different images give different rows": in_order
        and not torch.allclose(logits[0], logits[-1], atol=1e-6),
        "the cross-entropy is finite": in_order and bool(F.cross_entropy(logits, labels).isfinite()),
        "the rows are probabilities": in_order and _are_probabilities(logits),
        "some logits are negative": num_classes < MANY or (in_order and bool((logits < 0).any())),
        "parameters can be trained": any(raw["trainable"]),
        "one network takes images of 32, 64 and 72 pixels": all(
            isinstance(raw["rows"][side], torch.Tensor) and tuple(raw["rows"][side].shape) == (2, num_classes)
            for side in SIZES
        ),
    }


MANY = 17  # with so many classes an honest untrained network has logits of both signs


def _are_probabilities(rows: torch.Tensor) -> bool:
    return bool((rows >= 0).all() and torch.allclose(rows.sum(1), torch.ones(len(rows)), atol=1e-3))


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        Case((2, 32, 10, seed_from(rng)), label="2 images of 32 pixels, 10 classes"),
        Case((3, 64, 10, seed_from(rng)), label="3 images of 64 pixels, 10 classes"),
        Case((25, 72, 7, seed_from(rng)), label="25 images of 72 pixels, 7 classes"),
        Case((8, 96, 17, seed_from(rng)), label="8 images of 96 pixels, 17 classes"),
        Case((5, 33, 3, seed_from(rng)), label="5 images of 33 pixels, 3 classes"),
    ]


MENDED_NET = SentNetworkExercise(
    name="MendedNet",
    points=2,
    minutes=15,
    by_hand=("SmallCNN", "LeNet5", "AlexNet", "VGG", "GoogLeNet", "ResNet", "ResNet9"),
    written="MendedNet(num_classes), called on a batch and on its first image alone",
    oracle=_Reference,
    scene=show_images,
    look=what_network_did,
    cases=_cases,
    misconceptions=(
        Misconception(
            "images mixed",
            lambda num_classes: Published(num_classes, outputs=None),
            "The number of outputs is right, and `view(-1, 400)` is still there: from 36 pixels on, "
            "the rows are no longer the images. Flatten from dimension 1, and bring every image to the "
            "same length before.",
        ),
        Misconception(
            "the published network",
            Published,
            "Both faults are still there: two outputs whatever `num_classes` says, and `view(-1, "
            "400)`, which lets the number of rows be whatever the division gives.",
        ),
        Misconception(
            "two outputs",
            lambda num_classes: Published(num_classes, pool=True, rows="kept"),
            "Your network keeps the images apart, and still has two outputs: the last layer needs "
            "`num_classes`.",
        ),
        Misconception(
            "one image size only",
            _SizeFixed,
            "Your network keeps the images apart and fits one image size only. Pool to a fixed size "
            "before you flatten: `nn.AdaptiveAvgPool2d(5)` gives 5×5 whatever comes in.",
        ),
        Misconception(
            "axes swapped before the flattening",
            lambda num_classes: Published(num_classes, outputs=None, pool=True, rows="swapped"),
            "The shape is right, and an image's logits depend on its neighbours in the batch. Either "
            "the batch axis was moved before the flattening (`x.flatten(start_dim=1)` keeps it first), "
            "or you take a mean or a sum over dimension 0.",
        ),
        Misconception(
            "softmax at the end",
            lambda num_classes: _Probabilities(num_classes, outputs=None, pool=True, rows="kept"),
            "Your network ends with a softmax. Return logits: `F.cross_entropy` does the softmax itself.",
        ),
        Misconception(
            "no negative logits",
            lambda num_classes: _NoNegatives(num_classes, outputs=None, pool=True, rows="kept"),
            "None of your logits is negative, as after a ReLU or a sigmoid. Logits may be any number: let the "
            "linear layer be the last.",
        ),
        Misconception(
            "squeezed",
            _Squeezed,
            "For a batch of one your output has shape (K,) instead of (1, K): does `squeeze()` also remove the "
            "batch axis? It takes away every axis of length 1. `x.flatten(start_dim=1)` keeps the first.",
        ),
        Misconception(
            "a lazy layer",
            _Lazy,
            "Each new network takes the first size that it sees, and no other after that, as `nn.LazyLinear` "
            "on flattened pixels does. Pool to a fixed size before you flatten.",
        ),
        Misconception(
            "a layer made in forward",
            _NewEachTime,
            "The same images give other logits at the next call. Either a layer is made in `forward`, with new "
            "random weights each time that no optimizer knows, or dropout is at work in evaluation mode.",
        ),
        Misconception(
            "a thousand outputs",
            lambda num_classes: Published(num_classes, outputs=1000, pool=True, rows="kept"),
            "Your network has a thousand outputs whatever `num_classes` says.",
        ),
        Misconception(
            "one output too many",
            lambda num_classes: Published(num_classes, outputs=num_classes + 1, pool=True, rows="kept"),
            "You have one output too many: K classes need K logits.",
        ),
    ),
    hints=(
        "After the two convolutions at 32 pixels an image holds 16·5·5 = 400 numbers. How many at 64 pixels?",
        "`x.flatten(start_dim=1)` never moves a number from one image to another.",
        "`nn.AdaptiveAvgPool2d(5)` before it makes every image 16·5·5 numbers long, whatever its size was.",
    ),
    see="The network that mixes its images",
)
