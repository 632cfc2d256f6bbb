"""Splits for lesson 01: data with groups of images, the right split of it, and wrong ones."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case


def split(labels, groups, val_share, seed, *, ratio=None, order=torch.randperm):
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


def drawn_cases(rng: torch.Generator) -> list[Case]:
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


def leaking(labels, groups, val_share, seed):
    return split(labels, torch.arange(len(labels)), val_share, seed)


def unstratified(labels, groups, val_share, seed):
    """As a single class, and the groups of the last classes go first, as an unlucky draw may have it."""
    generator = torch.Generator().manual_seed(seed)
    names = groups[labels.argsort(descending=True)].unique(sorted=False)
    keys = torch.stack([labels[groups == name][0] for name in names]).float()
    shuffled = names[(keys + 2 * torch.rand(len(names), generator=generator)).argsort(descending=True)]
    sizes = torch.stack([(groups == name).sum() for name in shuffled])
    chosen = shuffled[sizes.cumsum(0) <= val_share * len(labels)]
    val = torch.isin(groups, chosen)
    return (~val).nonzero()[:, 0], val.nonzero()[:, 0]


def share_of_groups(labels, groups, val_share, seed):
    return split(labels, groups, val_share, seed, ratio=val_share)


def always_the_first(labels, groups, val_share, seed):
    return split(labels, groups, val_share, 0)


def without_the_seed(labels, groups, val_share, seed):
    return split(labels, groups, val_share, 0, order=lambda count, generator: torch.randperm(count))


def trained_on_everything(labels, groups, val_share, seed):
    return torch.arange(len(labels)), split(labels, groups, val_share, seed)[1]


def masks(labels, groups, val_share, seed):
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[split(labels, groups, val_share, seed)[1]] = True
    return ~mask, mask


def half_of_validation(labels, groups, val_share, seed):
    train, val = split(labels, groups, val_share, seed)
    return train, val[::2]
