"""Lesson 06: the stretch exercise `small_network`, a model that the learner has trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from course_utils.checks.case import Misconception
from course_utils.checks.exercise import Failure
from course_utils.checks.modules import TrainedModelExercise
from course_utils.checks.values import value_of
from course_utils.data import Batches, ImageDataset, Split, load_photo_patches
from course_utils.models import MLP, LinearClassifier, SmallCNN, count_parameters
from course_utils.training import evaluate, evaluating, seed_everything, train_step

BUDGET = 10_000
ACCURACY = 0.58
NEAR_CHANCE = 0.2


@cache
def _patches() -> ImageDataset:
    return load_photo_patches()


def _loader(split: Split, batch_size: int = 256, **options) -> Batches:
    return Batches(split, batch_size, mean=_patches().mean, std=_patches().std, **options)


def measure(model: nn.Module) -> dict[str, float]:
    """Parameters, and the accuracy on both splits of the photo patches, evaluated here on the CPU.

    Raises:
        ValueError: the logits are not (N, 16).
    """
    data, model = _patches(), model.cpu()
    with evaluating(model):
        shape = tuple(model(torch.zeros(3, 1, data.size, data.size)).shape)
    if shape != (3, data.num_classes):
        raise ValueError(f"for 3 images the logits should be (3, {data.num_classes}); yours are {shape}")
    return {
        "parameters": count_parameters(model),
        "val_accuracy": evaluate(model, _loader(data.val)).accuracy,
        "train_accuracy": evaluate(model, _loader(data.train)).accuracy,
    }


def sort_of_failure(measured: dict[str, float]) -> str:
    """What went wrong, as far as these numbers can tell."""
    if measured["parameters"] > BUDGET:
        return "over budget"
    if measured["val_accuracy"] < NEAR_CHANCE:
        return "untrained" if measured["train_accuracy"] < NEAR_CHANCE else "does not carry over"
    return "on the way" if measured["val_accuracy"] < ACCURACY else ""


@dataclass(frozen=True, kw_only=True)
class SmallNetworkExercise(TrainedModelExercise):
    """Names a failure by the sort of numbers it shows: measured numbers never repeat exactly."""

    def _is_same_mistake(self, known: Misconception, failure: Failure) -> bool:
        if failure.response.error is not None:
            return False
        wrong = measure(value_of(known.answer).value)
        return sort_of_failure(wrong) == sort_of_failure(failure.response.value)


def _briefly_trained(model: nn.Module, steps: int) -> nn.Module:
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loader = _loader(_patches().train, 64, shuffle=True)
    for _, (images, labels) in zip(range(steps), loader, strict=False):
        train_step(model, images, labels, optimizer)
    return model


@cache
def _wrong(kind: str) -> nn.Module:
    """One model for each sort of failure; made once, because it takes a moment."""
    seed_everything(0)
    if kind == "over budget":
        return MLP(1, _patches().size, _patches().num_classes)
    if kind == "untrained":
        return SmallCNN(1, _patches().num_classes, width=8)
    if kind == "does not carry over":
        pooled = nn.Sequential(nn.AvgPool2d(2), LinearClassifier(1, _patches().size // 2, 16))
        return _briefly_trained(pooled, 100)
    return _briefly_trained(SmallCNN(1, _patches().num_classes, width=8), 30)


SMALL_NETWORK = SmallNetworkExercise(
    name="small_network",
    points=3,
    minutes=40,
    measure=measure,
    requirements=(("parameters", "<=", BUDGET), ("val_accuracy", ">=", ACCURACY)),
    misconceptions=(
        Misconception(
            "over budget",
            lambda: _wrong("over budget"),
            "Your network has more parameters than the budget allows. Most of them often sit in a linear layer after "
            "a flattening; a mean over all positions, or narrower convolutions, save most.",
        ),
        Misconception(
            "untrained",
            lambda: _wrong("untrained"),
            "Your network is near chance even on its training images: it has hardly learnt anything. Does the "
            "optimizer hold the parameters of the model that you return? Does one batch go in by heart?",
        ),
        Misconception(
            "does not carry over",
            lambda: _wrong("does not carry over"),
            "Your network does well on its training images and stays near chance on others: it weighs single "
            "positions. Use convolutions, and let a mean over positions come before the last layer.",
        ),
        Misconception(
            "on the way",
            lambda: _wrong("on the way"),
            "Your network learns, and what it learns carries over; it needs more. Compare training and validation: "
            "if they are close, train longer or make it wider; if they are far apart, flip the training images.",
        ),
    ),
    hints=(
        "Three convolutions with 10, 20 and 40 channels, and a mean over all positions, stay within the budget.",
        "`nn.BatchNorm2d(channels)` after each convolution allows a learning rate of about 1e-2.",
        "`OneCycleLR(optimizer, max_lr, total_steps=...)` with `schedule.step()` after each training step lets the "
        "rate rise and then fall to almost nothing; about five epochs are enough then.",
    ),
    see="Stretch: half the size",
)
