"""Lesson 07: the exercise `stratified_batches`."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import as_tensor
from course_utils.checks.data_pipeline.draws import whole
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.data_pipeline import deal


def _of_indices(batch: torch.Tensor | None) -> bool:
    if batch is None or batch.ndim != 1:
        return False
    return batch.numel() == 0 or batch.dtype in (torch.int64, torch.int32)


def _indices(batches: list) -> list[list[int]]:
    """The batches as lists of whole numbers."""
    tensors = [as_tensor(batch) for batch in batches]
    if not all(_of_indices(each) for each in tensors):
        raise ValueError(
            "a batch must be a list or a tensor (n,) of whole numbers, the indices of its images"
        )
    return [[int(index) for index in each.tolist()] for each in tensors]


def _spread(counts: list[int]) -> int:
    return max(counts, default=0) - min(counts, default=0)


def what_was_dealt(raw: Mapping, labels: torch.Tensor, num_batches: int, seed: int) -> dict:
    """What can be seen in the batches, by name."""
    batches, again, others = (_indices(raw[name]) for name in ("batches", "again", "others"))
    flat, known = [index for batch in batches for index in batch], set(range(len(labels)))
    classes = [[int(labels[i]) for i in batch if i in known] for batch in batches]
    per_class = [_spread([batch.count(k) for batch in classes]) for k in range(int(labels.max()) + 1)]
    return {
        "number of batches": len(batches),
        "indices that are none": len(set(flat) - known),
        "images left out": bool(known - set(flat)),
        "images repeated": len(flat) > len(set(flat)),
        "sizes differ by one at most": _spread([len(batch) for batch in batches]) <= 1,
        "each class spread evenly": max(per_class) <= 1,
        "the same generator, the same batches": batches == again,
        "another generator, other batches": sorted(map(sorted, batches)) != sorted(map(sorted, others)),
    }


def _shuffled_within(labels: torch.Tensor, generator: torch.Generator | None) -> list[torch.Tensor]:
    members = [(labels == k).nonzero().flatten() for k in range(int(labels.max()) + 1)]
    return [each[torch.randperm(len(each), generator=generator)] for each in members]


def _reference(labels, num_batches, generator):
    """Card by card, the next player each time."""
    hands = [[] for _ in range(num_batches)]
    for place, card in enumerate(torch.cat(_shuffled_within(labels, generator)).tolist()):
        hands[place % num_batches].append(card)
    return hands


def _chunks(labels, num_batches, generator):
    return torch.tensor_split(torch.randperm(len(labels), generator=generator), num_batches)


def _from_the_first_again(labels, num_batches, generator):
    members = _shuffled_within(labels, generator)
    return [torch.cat([each[b::num_batches] for each in members]) for b in range(num_batches)]


def _rest_dropped(labels, num_batches, generator):
    members = [each[: len(each) // num_batches * num_batches] for each in _shuffled_within(labels, generator)]
    return [torch.cat([each[b::num_batches] for each in members]) for b in range(num_batches)]


def _balanced(labels, num_batches, generator):
    members = _shuffled_within(labels, generator)
    most = max(len(each) for each in members)
    most += -most % num_batches
    members = [each.repeat(-(-most // len(each)))[:most] for each in members]
    return [torch.cat([each[b::num_batches] for each in members]) for b in range(num_batches)]


def _in_order(labels, num_batches, generator):
    return [labels.argsort(stable=True)[b::num_batches] for b in range(num_batches)]


def _own_numbers(labels, num_batches, generator):
    return _reference(labels, num_batches, None)


def _class_by_class(labels, num_batches, generator):
    return torch.tensor_split(torch.arange(len(labels)), num_batches)


def _size_for_number(labels, num_batches, generator):
    return _reference(labels, -(-len(labels) // num_batches), generator)


def _labels_for_indices(labels, num_batches, generator):
    return [
        labels[torch.tensor(batch, dtype=torch.int64)] for batch in _reference(labels, num_batches, generator)
    ]


def _cases(rng: torch.Generator) -> list[Case]:
    def case(counts, num_batches, label):
        labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        labels = labels[torch.randperm(len(labels), generator=rng)]
        return Case((labels, num_batches, whole(rng, 1, 10_000)), label=label)

    some = whole(rng, 18, 22)
    return [
        case([40, 21, 9, 5], 6, "four classes, none a multiple of the number of batches"),
        case([60, 7], 5, "one rare class"),
        case([some, some + 1, some + 3], 4, "three classes of nearly equal size"),
        case([90, 12, 3, 3, 3], 4, "classes rarer than batches"),
        case([11, 11, 11, 11, 11, 11], 10, "every class one more than the number of batches"),
    ]


STRATIFIED_BATCHES = ObservedExercise(
    name="stratified_batches",
    points=3,
    minutes=20,
    by_hand=("StratifiedKFold",),
    written="stratified_batches(labels, num_batches, generator)",
    oracle=_reference,
    scene=deal,
    look=what_was_dealt,
    cases=_cases,
    misconceptions=(
        Misconception(
            "random batches",
            _chunks,
            "Some class is not spread evenly: one batch has at least two images more of it than another, as "
            "happens when all images are shuffled and cut. Deal class by class, to each batch in turn.",
        ),
        Misconception(
            "each class dealt from the first batch",
            _from_the_first_again,
            "Each class is spread evenly, but the extra images of several classes meet in the same batches, "
            "as when every class is dealt from the first batch on. Go on where the last class ended.",
        ),
        Misconception(
            "rest dropped",
            _rest_dropped,
            "You leave out what does not divide evenly. Every image must be in a batch.",
        ),
        Misconception(
            "rare classes repeated",
            _balanced,
            "You repeat images of the rarer classes: that is balanced sampling. Stratified batches hold every "
            "image once, in the shares of the data set.",
        ),
        Misconception(
            "always the same batches",
            _in_order,
            "Your batches are the same whatever the generator: the same images always meet. Shuffle within "
            "each class.",
        ),
        Misconception(
            "random numbers of its own",
            _own_numbers,
            "You shuffle with PyTorch's global random numbers. Hand the generator on: "
            "`torch.randperm(n, generator=generator)`.",
        ),
        Misconception(
            "cut as they come",
            _class_by_class,
            "You cut the images in the order in which they come: the batches neither hold the classes evenly "
            "nor change with the generator.",
        ),
        Misconception(
            "number taken for size",
            _size_for_number,
            "You make batches of `num_batches` images. It is the number of batches that is given.",
        ),
        Misconception(
            "labels in place of indices",
            _labels_for_indices,
            "You return the labels of the images. Return their indices, so that the images can be fetched.",
        ),
    ),
    hints=(
        "Shuffle the images, then sort them by class: within each class they stay shuffled.",
        "Deal that one deck to `num_batches` players, one card each in turn: two players' counts of any run of "
        "equal cards differ by at most one.",
        "`deck[b::num_batches]` is the hand of player b.",
    ),
    see="Rare classes",
)
