"""Lesson 07: the exercise `normalise`."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.data_pipeline.draws import picture, whole
from course_utils.checks.functions import FunctionExercise

EVERYWHERE = (0, 2, 3)


def _statistics(images: torch.Tensor, axes: tuple = EVERYWHERE, correction: int = 0) -> tuple:
    """Mean and std of float64 images in [0, 1], from first and second moments."""
    count = images.numel() // images.mean(dim=axes).numel()
    mean = images.mean(dim=axes, keepdim=True)
    variance = ((images - mean) ** 2).sum(dim=axes, keepdim=True) / (count - correction)
    return mean, torch.where(variance > 0, variance, 1.0).sqrt()


def _apply(images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    return ((images - mean) / std).float()


def _scaled(train: torch.Tensor, val: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return train.double() / 255, val.double() / 255


def _reference(train: torch.Tensor, val: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    train, val = _scaled(train, val)
    return tuple(_apply(each, *_statistics(train)) for each in (train, val))


def _by(statistics):
    """A misconception: `statistics(train, val)` gives a (mean, std) for each of the two."""

    def answer(train, val):
        train, val = _scaled(train, val)
        ours, theirs = statistics(train, val)
        return _apply(train, *ours), _apply(val, *theirs)

    return answer


def _same(statistics):
    return _by(lambda train, val: (statistics(train, val),) * 2)


def _mean_of_stds(images: torch.Tensor) -> torch.Tensor:
    return images.std(dim=(2, 3), keepdim=True, unbiased=False).mean(dim=0, keepdim=True)


def _no_guard(train, val):
    train, val = _scaled(train, val)
    mean, std = train.mean(EVERYWHERE, keepdim=True), train.std(EVERYWHERE, keepdim=True, unbiased=False)
    return _apply(train, mean, std), _apply(val, mean, std)


def _small_added(train, val):
    train, val = _scaled(train, val)
    mean, std = train.mean(EVERYWHERE, keepdim=True), train.std(EVERYWHERE, keepdim=True, unbiased=False)
    return _apply(train, mean, std + 1e-8), _apply(val, mean, std + 1e-8)


def _not_scaled(train, val):
    mean, std = _statistics(train.double())
    return _apply(train.double(), mean, std), _apply(val.double(), mean, std)


def _cases(rng: torch.Generator) -> list[Case]:
    def pair(n, m, channels, height, width, darker=1.0):
        val = (picture(rng, m, channels, height, width).float() * darker).to(torch.uint8)
        return picture(rng, n, channels, height, width), val

    height, width = whole(rng, 3, 5), whole(rng, 6, 8)
    tinted = pair(4, 3, 3, height, width, 0.5)
    tinted[0][:, 1] //= 3
    tinted[0][:, 2] = 200 + tinted[0][:, 2] // 8
    constant, black, white = (pair(3, 2, 2, 4, 3, 0.7) for _ in range(3))
    black[0][:, 1], white[0][:, 0] = 0, 255
    constant[0][:] = constant[0][0]  # all training images are the same one: no channel is constant
    return [
        Case(pair(5, 3, 1, height, width), label="grey images"),
        Case(tinted, label="channels of different brightness"),
        Case(pair(2, 6, 3, width, height, 0.3), label="darker validation images"),
        Case(pair(1, 2, 3, 5, 4, 0.8), label="a single training image"),
        Case(constant, label="the same training image three times"),
        Case(black, label="a channel that is black in all training images"),
        Case(white, label="a channel that is white in all training images"),
    ]


NORMALISE = FunctionExercise(
    name="normalise",
    points=2,
    minutes=12,
    oracle=_reference,
    cases=_cases,
    rtol=1e-3,
    atol=1e-4,
    misconceptions=(
        Misconception(
            "each split by its own numbers",
            _by(lambda train, val: (_statistics(train), _statistics(val))),
            "You normalise the validation images by their own numbers. Every split gets the mean and standard "
            "deviation of the *training* images.",
        ),
        Misconception(
            "numbers of both splits together",
            _same(lambda train, val: _statistics(torch.cat([train, val]))),
            "You compute the numbers over both splits, so validation images decide something. Use the "
            "training images alone.",
        ),
        Misconception(
            "numbers of the validation images",
            _same(lambda train, val: _statistics(val)),
            "You take the numbers of the validation images. They must come from the training images.",
        ),
        Misconception(
            "one pair for all channels",
            _same(lambda train, val: _statistics(train, (0, 1, 2, 3))),
            "You compute one mean and one standard deviation over everything. Each channel has its own: "
            "average over the axes 0, 2 and 3.",
        ),
        Misconception(
            "one pair for each pixel",
            _same(lambda train, val: _statistics(train, (0,))),
            "You average over the images only, so each position has its own numbers. Average over the "
            "positions too: the axes 0, 2 and 3.",
        ),
        Misconception(
            "each image by its own numbers",
            _by(lambda train, val: (_statistics(train, (2, 3)), _statistics(val, (2, 3)))),
            "You normalise each image by its own numbers, which makes dark and bright images alike. The "
            "numbers belong to the whole training set.",
        ),
        Misconception(
            "divided by the variance",
            _same(lambda train, val: (_statistics(train)[0], _statistics(train)[1] ** 2)),
            "You divide by the variance. Divide by its square root, the standard deviation.",
        ),
        Misconception(
            "mean of the images' standard deviations",
            _same(lambda train, val: (
                _statistics(train)[0], torch.where(_statistics(train)[1] == 1, 1.0, _mean_of_stds(train)))),
            "You average the standard deviations of single images. That leaves out how far the images differ "
            "from each other: compute it over all pixels at once.",
        ),
        Misconception(
            "one less in the standard deviation",
            _same(lambda train, val: _statistics(train, correction=1)),
            "Your standard deviation divides by the number of pixels less one, as `std` does by default: pass "
            "`unbiased=False`.",
        ),
        Misconception(
            "divided by zero",
            _no_guard,
            "Where a training channel is constant you divide by zero: put 1 in place of a standard deviation "
            "of 0.",
        ),
        Misconception(
            "not scaled",
            _not_scaled,
            "You leave the pixels between 0 and 255. That cancels out where you divide by the standard "
            "deviation, but not where you divide by 1: scale to [0, 1] first.",
        ),
        Misconception(
            "a small number added",
            _small_added,
            "A small number added to the standard deviation avoids the division by zero, but blows up a "
            "channel that is constant in the training images and not in the others: divide by 1 there.",
        ),
    ),
    hints=(
        "Both splits to float and divided by 255; then everything is learnt from `train`.",
        "`train.mean(dim=(0, 2, 3), keepdim=True)` has the shape (1, C, 1, 1) and broadcasts over both splits.",
        "`torch.where(std == 0, 1.0, std)` mends a constant channel.",
    ),
    see="Normalising",
)  # fmt: skip
