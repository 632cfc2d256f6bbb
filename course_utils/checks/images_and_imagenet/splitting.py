"""Exercise of lesson 01: a split that keeps groups together and gives each class its share."""

from __future__ import annotations

import torch

from course_utils.checks.case import Misconception
from course_utils.checks.compare import as_tensor
from course_utils.checks.images_and_imagenet.splits import (
    always_the_first,
    drawn_cases,
    half_of_validation,
    leaking,
    masks,
    share_of_groups,
    split,
    trained_on_everything,
    unstratified,
    without_the_seed,
)
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.images_and_imagenet import split_three_times


def _indices(part, count):
    """The demand that one part of the split misses, or "", and its indices, sorted."""
    found = as_tensor(part)
    if found is None or found.ndim != 1:
        return "a pair of tensors (N,)", []
    if found.dtype.is_floating_point or found.dtype == torch.bool:
        return "whole numbers, no masks", []
    if not bool(((found >= 0) & (found < count)).all()):
        return "indices of images", []
    return "", sorted(found.tolist())


_DEMANDS = ("a pair of tensors (N,)", "whole numbers, no masks", "indices of images")
_SEEN = (
    "every image in exactly one part",
    "no group divided",
    "training is the larger part",
    "each class has its share",
    "same seed, same split",
    "another seed, another split",
)


def _look(raw, labels, groups, val_share):
    """What can be seen of three splits: with one seed, with the same again, and with another.

    Where a part is no tensor of indices, nothing after the demand that it misses holds.
    """
    pairs = raw if isinstance(raw, (list, tuple)) and len(raw) == 3 else [None]
    parts = []
    for pair in pairs:
        parts += pair if isinstance(pair, (list, tuple)) and len(pair) == 2 else [None]
    found = [_indices(part, len(labels)) for part in parts]
    missed = [_DEMANDS.index(demand) for demand, _ in found if demand]
    if missed:
        return {name: place < min(missed) for place, name in enumerate((*_DEMANDS, *_SEEN))}
    train, val, *later = [indices for _, indices in found]
    crossing = set(groups[train].tolist()) & set(groups[val].tolist())
    seen = (
        torch.tensor(sorted(train + val)).equal(torch.arange(len(labels))),
        not crossing,
        len(train) > len(val),
        all(_has_share(label, labels, groups, val_share, val) for label in labels.unique()),
        [train, val] == later[:2],
        [train, val] != later[2:],
    )
    return dict(zip((*_DEMANDS, *_SEEN), (True, True, True, *seen), strict=True))


def _has_share(label, labels, groups, val_share, val):
    of_class = labels == label
    largest = int(groups[of_class].unique(return_counts=True)[1].max())
    got = int((labels[val] == label).sum())
    return abs(got - val_share * int(of_class.sum())) <= largest


split_by_group = ObservedExercise(
    name="split_by_group",
    points=4,
    minutes=22,
    by_hand=("StratifiedGroupKFold", "GroupShuffleSplit", "GroupKFold", "train_test_split"),
    oracle=split,
    scene=split_three_times,
    look=_look,
    written="split_by_group(labels, groups, val_share, seed)",
    cases=drawn_cases,
    misconceptions=(
        Misconception(
            "groups divided",
            leaking,
            "Some groups lie on both sides: copies of a training image are in validation. Draw whole groups.",
            see="Splits that leak",
        ),
        Misconception(
            "classes ignored",
            unstratified,
            "The groups stay together, but some classes miss their share. Go through the classes one by one, and "
            "count images, not groups: groups differ in size.",
        ),
        Misconception(
            "a share of the groups",
            share_of_groups,
            "The groups stay together, but some classes miss their share: groups differ in size. Count images, not "
            "groups, and stop when there is no more room.",
        ),
        Misconception(
            "the seed does nothing",
            always_the_first,
            "Every seed gives the same split. Draw the order of the groups with a generator that has this seed.",
        ),
        Misconception(
            "not repeatable",
            without_the_seed,
            "The same seed gives different splits. Pass `generator=torch.Generator().manual_seed(seed)` to what "
            "draws.",
        ),
        Misconception(
            "training on everything",
            trained_on_everything,
            "The validation images are in training as well. Every image belongs to exactly one of the two.",
        ),
        Misconception(
            "the two parts swapped",
            lambda *given: split(*given)[::-1],
            "Your two parts have changed places: training first, then validation.",
        ),
        Misconception(
            "masks for indices",
            masks,
            "You returned masks of True and False. Needed are whole numbers: `mask.nonzero()[:, 0]`.",
        ),
        Misconception(
            "images lost",
            half_of_validation,
            "Some images are in neither part. What is not in validation belongs to training, and nothing is lost.",
        ),
    ),
    hints=(
        "For one class: which groups has it, and in what random order do you try them?",
        "Keep the room that is left, `val_share * n`, and take a group while its size fits into it.",
        "A bool tensor for 'is in validation' collects the result; `nonzero` turns it into indices.",
    ),
    see="Stratified",
)
