"""Exercise of lesson 01: groups of near-duplicates."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _distances(hashes):
    return (hashes[:, None, :] != hashes[None, :, :]).sum(dim=2)


def _components(near):
    """Union-find over the close pairs; the smaller root always wins."""
    root = list(range(len(near)))

    def find(image):
        while root[image] != image:
            image = root[image]
        return image

    for i, j in near.nonzero().tolist():
        low, high = sorted((find(i), find(j)))
        root[high] = low
    return torch.tensor([find(image) for image in range(len(near))])


def _groups(hashes, radius):
    return _components(_distances(hashes) <= radius)


def _direct(hashes, radius):
    near = _distances(hashes) <= radius
    return near.int().argmax(dim=1)


def _to_the_first_seen(hashes, radius):
    distance, seeds, groups = _distances(hashes), [], []
    for image in range(len(hashes)):
        seed = next((seed for seed in seeds if distance[image, seed] <= radius), image)
        seeds += [seed] if seed == image else []
        groups.append(seed)
    return torch.tensor(groups)


def _neighbours_in_line(hashes, radius):
    distance, groups = _distances(hashes), [0]
    for image in range(1, len(hashes)):
        groups.append(groups[-1] if distance[image, image - 1] <= radius else image)
    return torch.tensor(groups)


def _one_pass(hashes, radius):
    """In the order of the images, each takes the smallest group among its close ones, once."""
    near, groups = _distances(hashes) <= radius, torch.arange(len(hashes))
    for image in range(len(hashes)):
        groups[image] = groups[near[image]].min()
    return groups


def _handed_on(hashes, radius):
    """Each image hands its group on to the later ones close to it, and is never joined to two groups."""
    near, groups = _distances(hashes) <= radius, torch.arange(len(hashes))
    for image in range(len(hashes)):
        for later in range(image + 1, len(hashes)):
            if near[image, later]:
                groups[later] = groups[image]
    return groups


def _numbered(hashes, radius):
    groups = _groups(hashes, radius)
    return torch.unique(groups, return_inverse=True)[1]


def _largest(hashes, radius):
    groups = _groups(hashes, radius)
    return torch.stack([(groups == group).nonzero().max() for group in groups])


def _cases(rng: torch.Generator) -> list[Case]:
    def sketches(lengths, radius, label, bits=64):
        """Chains of images, each `radius` bits or one fewer from the one before; every other
        chain begins one bit too far from the end of the one before."""
        rows, sketch = [], torch.rand(bits, generator=rng) < 0.5
        for number, length in enumerate(lengths):
            order = torch.randperm(bits, generator=rng)
            if number % 2:  # one bit too far from the chain before
                sketch[order[-radius - 1 :]] = ~sketch[order[-radius - 1 :]]
            else:
                sketch = torch.rand(bits, generator=rng) < 0.5
            for link in range(length):
                step = order[link * radius : (link + 1) * radius - link % 2] if link else []
                sketch[step] = ~sketch[step]
                rows.append(sketch.clone())
        shuffled = torch.randperm(len(rows), generator=rng)
        return Case((torch.stack(rows)[shuffled], radius), label=label)

    return [
        sketches([1, 5, 1, 2], 3, "a chain of five and a pair"),
        sketches([6, 4, 1], 4, "two chains, steps of just the radius"),
        sketches([2, 2, 3, 1, 1], 6, "small groups"),
        sketches([9], 5, "one long chain"),
        sketches([1, 1, 1, 1], 4, "nobody has a copy"),
        sketches([3, 7, 2, 5, 1, 1], 2, "many groups", bits=100),
    ]


duplicate_groups = FunctionExercise(
    name="duplicate_groups",
    points=3,
    minutes=18,
    by_hand=(
        "duplicate_groups",
        "connected_components",
        "fcluster",
        "DBSCAN",
        "connected_component_subgraphs",
    ),
    oracle=_groups,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "direct neighbours only",
            _direct,
            "You look at direct neighbours only. A copy of a copy belongs to the group, too: go on from each image "
            "that you have reached.",
        ),
        Misconception(
            "one pass",
            _one_pass,
            "You go through the images once. An image met later can join two groups that already have different "
            "names, so repeat until nothing changes, or follow the close ones step by step.",
        ),
        Misconception(
            "handed on once",
            _handed_on,
            "You go through the pairs once and hand the group on. An image that is close to two groups joins them: "
            "rename *all* images of one of them, or repeat until nothing changes.",
        ),
        Misconception(
            "to the first one seen",
            _to_the_first_seen,
            "You compare with the first image of a group only. An image joins when it is close to *any* of them.",
        ),
        Misconception(
            "less than the radius",
            lambda hashes, radius: _components((_distances(hashes) < radius) | torch.eye(len(hashes)).bool()),
            "A distance of exactly the radius counts as close: use <=, not <.",
        ),
        Misconception(
            "the next in line only",
            _neighbours_in_line,
            "You compare each image with the one before it only. Copies may stand anywhere: compare all pairs.",
        ),
        Misconception(
            "equal sketches only",
            lambda hashes, radius: _groups(hashes, 0),
            "You take equal sketches only. A difference of up to `radius` bits still counts as a copy.",
        ),
        Misconception(
            "groups numbered in turn",
            _numbered,
            "Your groups are right, but they are numbered 0, 1, 2, … Name each by the smallest index in it.",
        ),
        Misconception(
            "named by the largest",
            _largest,
            "Your groups are right, but named by their largest index. Name each by the smallest.",
        ),
        Misconception(
            "share for bits",
            lambda hashes, radius: _components(_distances(hashes) / hashes.shape[1] <= radius),
            "You compare a share of the bits with a number of bits, so everything is close to everything. Count "
            "the bits that differ.",
        ),
    ),
    hints=(
        "All distances at once: `(hashes[:, None] != hashes[None, :]).sum(dim=2)` is (N, N).",
        "Start at an image without a group, mark all close to it, then all close to those, until none is left.",
        "Or repeat: each image takes the smallest group among its close ones, until nothing changes.",
    ),
    see="From pairs to groups",
)
