"""Lesson 06: the stretch exercise `small_network`, a model that the learner has trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, repeat
from typing import Any

import torch
from torch import nn

from course_utils.checks.case import Case, Misconception
from course_utils.checks.diagnosis import Failure
from course_utils.checks.memory import remembered
from course_utils.checks.modules import TrainedModelExercise
from course_utils.checks.networks import NetworkNotJudged
from course_utils.checks.respond import Response
from course_utils.checks.values import value_of
from course_utils.data import Batches, ImageDataset, Split, load_photo_patches
from course_utils.models import MLP, SmallCNN, count_parameters
from course_utils.scenes.calls import own_randomness
from course_utils.training import evaluate, evaluating, train_step

BUDGET = 10_000
ACCURACY = 0.66
HARDLY_TRAINED = 0.25  # training accuracy; chance is 1/16
WIDE_GAP = 0.15  # between training and validation accuracy
BACKWARDS = 0.12  # validation this far above training: six standard errors and more
CLEARLY = 0.15  # this much better on unnormalised images
ALLOWANCE = 0.05  # below the validation squares on others of the same photographs: four standard errors


@cache
def _patches() -> ImageDataset:
    return load_photo_patches()


@cache
def _other_squares(seed: int) -> Split:
    """Validation squares that no answer has seen, in an order that none can know."""
    return load_photo_patches(train_per_class=1, seed=seed).val


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
    as_they_are = Batches(data.val, 256)
    on_val = evaluate(model, _loader(data.val)).accuracy
    on_train = evaluate(model, _loader(data.train)).accuracy
    return {
        "parameters": count_parameters(model),
        "val_accuracy": on_val,
        "val_accuracy - train_accuracy": on_val - on_train,
        "train_accuracy": on_train,
        "val_accuracy without normalisation": evaluate(model, as_they_are).accuracy,
    }


def sort_of_failure(measured: dict[str, float]) -> str:
    """What went wrong, as far as these numbers can tell."""
    if measured["parameters"] > BUDGET:
        return "over budget"
    if measured["val_accuracy - train_accuracy"] > BACKWARDS:
        return "validation squares seen"
    if measured["val_accuracy"] >= ACCURACY:
        return ""
    if measured.get("val_accuracy without normalisation", 0.0) > measured["val_accuracy"] + CLEARLY:
        return "not normalised"
    on_train = measured.get("train_accuracy", 0.0)
    if on_train < HARDLY_TRAINED:
        return "untrained"
    gap = on_train - measured["val_accuracy"]
    return "does not carry over" if gap > WIDE_GAP else "on the way"


@dataclass(frozen=True, kw_only=True)
class SmallNetworkExercise(TrainedModelExercise):
    """Names a failure by the sort of numbers it shows: measured numbers never repeat exactly."""

    def draw(self, seed: int) -> list[Case]:
        """When grading (any seed but the notebook's 0) the cases say with which squares to measure."""
        return [Case(each.args, {"seed": seed} if seed else {}) for each in super().draw(seed)]

    def measured(self, network: nn.Module, case: Case) -> dict[str, float]:
        """When grading, an accuracy is believed only as far as other squares, in another order, bear it out.

        All images of the notebook are known: 10,000 parameters can hold a mark of each of them, with its label;
        and as they come sorted by class, an image's neighbours in the batch tell its label, too.
        """
        numbers, seed = super().measured(network, case), case.kwargs.get("seed", 0)
        if seed and numbers["val_accuracy"] >= ACCURACY:
            on_others = evaluate(network, _loader(_other_squares(seed), shuffle=True, seed=seed)).accuracy
            numbers["val_accuracy"] = min(numbers["val_accuracy"], on_others + ALLOWANCE)
        return numbers

    def respond(self, answer: Any, case: Case) -> Response:
        """A network that is too large, or too unusual, to be sent is over budget all the same."""
        response = super().respond(answer, case)
        if isinstance(response.error, NetworkNotJudged) and response.error.parameters > BUDGET:
            unknown = {name: math.nan for name, _, _ in self.requirements}
            return Response({**unknown, "parameters": response.error.parameters})
        return response

    def _is_same_mistake(self, known: Misconception, failure: Failure) -> bool:
        if failure.response.error is not None:
            return False
        wrong = remembered(lambda: measure(value_of(known.answer).value), "measured", self, known)
        return sort_of_failure(wrong) == sort_of_failure(failure.response.value)


def _briefly_trained(model: nn.Module, steps: int, loader: Batches | None = None) -> nn.Module:
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loader = loader or _loader(_patches().train, 64, shuffle=True)
    batches = chain.from_iterable(repeat(loader))  # pass after pass
    for images, labels in islice(batches, steps):
        train_step(model, images, labels, optimizer)
    return model


@cache
def _wrong(kind: str) -> nn.Module:
    """One model for each sort of failure; made once, because it takes a moment."""
    with own_randomness(0):
        return _make_wrong(kind)


def _make_wrong(kind: str) -> nn.Module:
    if kind == "over budget":
        return MLP(1, _patches().size, _patches().num_classes)
    if kind == "untrained":
        return SmallCNN(1, _patches().num_classes, width=8)
    if kind == "does not carry over":
        return _briefly_trained(
            nn.Sequential(nn.AvgPool2d(2), MLP(1, _patches().size // 2, 16, hidden=32)), 1000
        )
    if kind == "validation squares seen":
        network = nn.Sequential(nn.AvgPool2d(2), MLP(1, _patches().size // 2, 16, hidden=32))
        return _briefly_trained(network, 500, _loader(_patches().val, 64, shuffle=True))
    if kind == "not normalised":
        network = nn.Sequential(_Centred(), SmallCNN(1, _patches().num_classes, width=8))
        return _briefly_trained(network, 300, Batches(_patches().train, 64, shuffle=True))
    return _briefly_trained(SmallCNN(1, _patches().num_classes, width=8), 200)


class _Centred(nn.Module):
    """Right for images from 0 to 1, and wrong for normalised ones."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images - 0.5) * 4


SMALL_NETWORK = SmallNetworkExercise(
    name="small_network",
    points=3,
    minutes=40,
    needs=("count_parameters", "train_step", "evaluate"),
    measure=measure,
    image=(1, 32, 32),
    seconds=300.0,
    requirements=(
        ("parameters", "<=", BUDGET),
        ("val_accuracy", ">=", ACCURACY),
        ("val_accuracy - train_accuracy", "<=", BACKWARDS),
    ),
    misconceptions=(
        Misconception(
            "over budget",
            lambda: _wrong("over budget"),
            "Your network has more parameters than the budget allows. Most of them often sit in a "
            "linear layer after a flattening; a mean over all positions, or narrower convolutions, "
            "save most.",
        ),
        Misconception(
            "not normalised",
            lambda: _wrong("not normalised"),
            "Your network has learnt, but from images that were not normalised: pass `mean` and `std` to "
            "`Batches`, as the check does it.",
        ),
        Misconception(
            "validation squares seen",
            lambda: _wrong("validation squares seen"),
            "Your network is far better on the validation squares than on the training squares. Has it seen "
            "the validation squares? Train on `patches.train` alone.",
        ),
        Misconception(
            "untrained",
            lambda: _wrong("untrained"),
            "Here your network is near chance even on its training images. Does the optimizer hold the parameters of the "
            "model that you return? Does one batch go in by heart?",
        ),
        Misconception(
            "does not carry over",
            lambda: _wrong("does not carry over"),
            "Your network does much better on its training images than on others: what it learns does "
            "not carry over. Use convolutions with a mean over positions before the last layer, and "
            "flip the training images.",
        ),
        Misconception(
            "on the way",
            lambda: _wrong("on the way"),
            "Your network learns, what it learns carries over, and it is not there yet: train longer, "
            "let the learning rate fall towards the end, or spend more of the budget on width.",
        ),
    ),
    hints=(
        "Three convolutions with 10, 20 and 40 channels, and a mean over all positions, stay within "
        "the budget.",
        "`nn.BatchNorm2d(channels)` after each convolution allows a learning rate of about 1e-2.",
        "`OneCycleLR(optimizer, max_lr, total_steps=...)` with `schedule.step()` after each training "
        "step lets the rate rise and then fall to almost nothing; about eight epochs are enough then.",
    ),
    see="Stretch: half the size",
)
