"""Exercise of lesson 01: a split that keeps groups together and gives each class its share."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import as_tensor
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.images_and_imagenet import split_three_times


def _split(labels, groups, val_share, seed, *, ratio=None, order=torch.randperm):
    """Greedy over plain lists; `ratio` counts groups in place of images, `order` may forget the seed."""
    generator = torch.Generator().manual_seed(seed)
    members: dict[int, list[int]] = {}
    for image, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(image)
    classes, val = labels.tolist(), list[int]()
    for label in sorted(set(classes)):
        own = [group for group, images in members.items() if classes[images[0]] == label]
        shuffled = [own[place] for place in order(len(own), generator=generator).tolist()]
        room = val_share * sum(len(members[group]) for group in own)
        for group in shuffled if ratio is None else shuffled[: round(ratio * len(own))]:
            if ratio is not None or len(members[group]) <= room:
                val += members[group]
                room -= len(members[group])
    rest = sorted(set(range(len(labels))) - set(val))
    return torch.tensor(rest), torch.tensor(sorted(val))


def _cases(rng: torch.Generator) -> list[Case]:
    def data(classes, groups_each, sizes, val_share, label):
        labels, groups, name = [], [], 0
        for of_class in range(classes):
            for _ in range(groups_each + 3 * of_class):
                size = sizes[int(torch.randint(0, len(sizes), (), generator=rng))]
                labels += [of_class] * size
                groups += [name] * size
                name += 1
        order = torch.randperm(len(labels), generator=rng)
        names = torch.randperm(3 * name, generator=rng)  # groups are not numbered in turn
        return Case((torch.tensor(labels)[order], names[torch.tensor(groups)[order]], val_share), label=label)

    return [
        data(6, 40, (1,), 0.2, "every image by itself"),
        data(6, 24, (2,), 0.25, "pairs"),
        data(8, 18, (1, 1, 1, 2, 3), 0.3, "groups of one to three"),
        data(10, 24, (1, 1, 4), 0.2, "groups of one and four"),
        data(12, 30, (1, 5), 0.35, "groups of one and five"),
    ]


def _indices(part, count):
    """A sorted list of the indices in one part, or None when it is no tensor of indices."""
    found = as_tensor(part)
    if found is None or found.ndim != 1 or found.dtype.is_floating_point or found.dtype == torch.bool:
        return None
    inside = bool(((found >= 0) & (found < count)).all())
    return sorted(found.tolist()) if inside else None


def _look(raw, labels, groups, val_share):
    """What can be seen of three splits: with one seed, with the same again, and with another."""
    pairs = raw if isinstance(raw, (list, tuple)) and len(raw) == 3 else []
    splits = [
        [_indices(part, len(labels)) for part in pair] if isinstance(pair, (list, tuple)) else [None]
        for pair in pairs
    ]
    if len(splits) != 3 or any(len(split) != 2 or None in split for split in splits):
        return {"two tensors of indices": False}
    (train, val), again, other = splits
    one_each = torch.tensor(sorted(train + val)).equal(torch.arange(len(labels)))
    crossing = set(groups[train].tolist()) & set(groups[val].tolist())
    return {
        "two tensors of indices": True,
        "every image in exactly one part": one_each,
        "no group divided": not crossing,
        "training is the larger part": len(train) > len(val),
        "each class has its share": all(
            _has_share(label, labels, groups, val_share, val) for label in labels.unique()
        ),
        "same seed, same split": [train, val] == again,
        "another seed, another split": [train, val] != other,
    }


def _has_share(label, labels, groups, val_share, val):
    of_class = labels == label
    largest = int(groups[of_class].unique(return_counts=True)[1].max())
    got = int((labels[val] == label).sum())
    return abs(got - val_share * int(of_class.sum())) <= largest


def _leaking(labels, groups, val_share, seed):
    return _split(labels, torch.arange(len(labels)), val_share, seed)


def _unstratified(labels, groups, val_share, seed):
    """As a single class, and the groups of the last classes go first, as an unlucky draw may have it."""
    generator = torch.Generator().manual_seed(seed)
    names = groups[labels.argsort(descending=True)].unique(sorted=False)
    keys = torch.stack([labels[groups == name][0] for name in names]).float()
    shuffled = names[(keys + 2 * torch.rand(len(names), generator=generator)).argsort(descending=True)]
    sizes = torch.stack([(groups == name).sum() for name in shuffled])
    chosen = shuffled[sizes.cumsum(0) <= val_share * len(labels)]
    val = torch.isin(groups, chosen)
    return (~val).nonzero()[:, 0], val.nonzero()[:, 0]


def _share_of_groups(labels, groups, val_share, seed):
    return _split(labels, groups, val_share, seed, ratio=val_share)


def _always_the_first(labels, groups, val_share, seed):
    return _split(labels, groups, val_share, 0)


def _without_the_seed(labels, groups, val_share, seed):
    return _split(labels, groups, val_share, 0, order=lambda count, generator: torch.randperm(count))


def _trained_on_everything(labels, groups, val_share, seed):
    return torch.arange(len(labels)), _split(labels, groups, val_share, seed)[1]


def _masks(labels, groups, val_share, seed):
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[_split(labels, groups, val_share, seed)[1]] = True
    return ~mask, mask


def _half_of_validation(labels, groups, val_share, seed):
    train, val = _split(labels, groups, val_share, seed)
    return train, val[::2]


split_by_group = ObservedExercise(
    name="split_by_group",
    points=4,
    minutes=22,
    by_hand=("StratifiedGroupKFold", "GroupShuffleSplit", "GroupKFold", "train_test_split"),
    oracle=_split,
    scene=split_three_times,
    look=_look,
    written="split_by_group(labels, groups, val_share, seed)",
    cases=_cases,
    misconceptions=(
        Misconception(
            "groups divided",
            _leaking,
            "Some groups lie on both sides: copies of a training image are in validation. Draw whole groups.",
            see="Splits that leak",
        ),
        Misconception(
            "classes ignored",
            _unstratified,
            "The groups stay together, but some classes miss their share. Go through the classes one by one.",
        ),
        Misconception(
            "a share of the groups",
            _share_of_groups,
            "You put a share of the *groups* into validation. Groups differ in size: count images, and stop when "
            "there is no more room.",
        ),
        Misconception(
            "the seed does nothing",
            _always_the_first,
            "Every seed gives the same split. Draw the order of the groups with a generator that has this seed.",
        ),
        Misconception(
            "not repeatable",
            _without_the_seed,
            "The same seed gives different splits. Pass `generator=torch.Generator().manual_seed(seed)` to what "
            "draws.",
        ),
        Misconception(
            "training on everything",
            _trained_on_everything,
            "The validation images are in training as well. Every image belongs to exactly one of the two.",
        ),
        Misconception(
            "the two parts swapped",
            lambda *given: _split(*given)[::-1],
            "Your two parts have changed places: training first, then validation.",
        ),
        Misconception(
            "masks for indices",
            _masks,
            "You returned masks of True and False. Needed are whole numbers: `mask.nonzero()[:, 0]`.",
        ),
        Misconception(
            "images lost",
            _half_of_validation,
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
