"""Exercise of lesson 01: labels from the numbers of the development kit."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _devkit(ground_truth, wnids):
    """Counts, for each class, how many ids are smaller."""
    ranks = [sum(other < wnid for other in wnids) for wnid in wnids]
    return torch.tensor([ranks[number - 1] for number in ground_truth.tolist()])


def _devkit_cases(rng: torch.Generator) -> list[Case]:
    def kit(classes, images, label, order=None):
        numbers = torch.randint(1, 9000, (classes,), generator=rng).cumsum(0).add(1_000_000).tolist()
        places = torch.randperm(classes, generator=rng).tolist() if order is None else order
        wnids = [f"n{numbers[place]:08d}" for place in places]
        truth = torch.randint(1, classes + 1, (images,), generator=rng)
        truth[0] = classes  # the number that counting from 0 does not reach
        return Case((truth, wnids), label=label)

    return [
        kit(3, 6, "three classes, in falling order", [2, 1, 0]),
        kit(4, 9, "four classes, turned round in a ring", [1, 2, 3, 0]),
        kit(10, 25, "ten classes"),
        kit(40, 8, "more classes than images"),
        kit(300, 50, "three hundred classes"),
        kit(5, 1, "a single image"),
    ]


def _places(wnids):
    return torch.tensor([sorted(wnids).index(wnid) for wnid in wnids])


def _among_the_seen(ground_truth, wnids):
    seen = sorted({wnids[number - 1] for number in ground_truth.tolist()})
    return torch.tensor([seen.index(wnids[number - 1]) for number in ground_truth.tolist()])


devkit_labels = FunctionExercise(
    name="devkit_labels",
    points=2,
    minutes=10,
    oracle=_devkit,
    cases=_devkit_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "number minus one",
            lambda ground_truth, wnids: ground_truth - 1,
            "You took the number minus one. That is the place in the devkit's order; the label is the place "
            "among the sorted wnids.",
        ),
        Misconception(
            "the number itself",
            lambda ground_truth, wnids: ground_truth.clone(),
            "You returned the devkit's numbers. They count from 1, and in the devkit's order; labels count "
            "from 0, among the sorted wnids.",
        ),
        Misconception(
            "places from one",
            lambda ground_truth, wnids: _places(wnids)[ground_truth - 1] + 1,
            "The order is right, but your labels count from 1. A loss wants 0 to C - 1.",
        ),
        Misconception(
            "the inverse order",
            lambda ground_truth, wnids: torch.tensor(
                sorted(range(len(wnids)), key=lambda place: wnids[place])
            )[ground_truth - 1],
            "You have the inverse: which devkit place stands at each sorted place, as an argsort gives it. "
            "Needed is, for each devkit place, its place among the sorted.",
        ),
        Misconception(
            "one class further",
            lambda ground_truth, wnids: _places(wnids)[ground_truth % len(wnids)],
            "You read the list of wnids at the number itself, one too far: number 1 belongs to `wnids[0]`.",
        ),
        Misconception(
            "sorted among the classes that occur",
            _among_the_seen,
            "You sorted only the classes that occur among these images, so the labels depend on the images. "
            "Sort all wnids of the devkit.",
        ),
        Misconception(
            "ids for labels",
            lambda ground_truth, wnids: [wnids[number - 1] for number in ground_truth.tolist()],
            "You returned the wnids themselves. One step is left: the place of each in `sorted(wnids)`.",
        ),
    ),
    hints=(
        "Two steps: from the number to the wnid, and from the wnid to its place among the sorted ones.",
        "`wnids[number - 1]` is the first step; `sorted(wnids).index(wnid)` would do for the second.",
    ),
    see="The devkit's own order",
)
