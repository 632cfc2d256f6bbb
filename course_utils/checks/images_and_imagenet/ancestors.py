"""Exercise of lesson 01: the lowest common ancestor of two nodes of a tree."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _up(parents, node):
    path = [node]
    while parents[path[-1]] is not None:
        path.append(parents[path[-1]])
    return path


def _lowest(parents, a, b):
    """Both ways cut to the part below their common end, from the root downwards."""
    down_a, down_b = _up(parents, a)[::-1], _up(parents, b)[::-1]
    shared = 0
    while shared < min(len(down_a), len(down_b)) and down_a[shared] == down_b[shared]:
        shared += 1
    return down_a[shared - 1], len(down_a) + len(down_b) - 2 * shared


def _ways(parents, a, b):
    node, _ = _lowest(parents, a, b)
    return node, _up(parents, a).index(node), _up(parents, b).index(node)


def _proper(parents, a, b):
    above_a, above_b = _up(parents, a)[1:], _up(parents, b)[1:]
    node = next((each for each in above_a if each in above_b), None)
    return node, _up(parents, a).index(node) + _up(parents, b).index(node) if node else 0


def _in_lockstep(parents, a, b):
    """Both go up one step at a time, until they stand on one node; the root waits."""
    steps = 0
    while a != b:
        a, b, steps = parents[a] or a, parents[b] or b, steps + 2
    return a, steps


def _tree(rng, count):
    """A random tree whose names tell nothing; every third node hangs on the one before, so that it is deep; the
    root has two children or more."""
    names = [f"s{number:03d}" for number in torch.randperm(900, generator=rng)[:count].tolist()]
    parents = {names[0]: None}
    for place in range(1, count):
        above = place - 1 if place % 3 else int(torch.randint(0, place, (), generator=rng)) * (place > 3)
        parents[names[place]] = names[above]
    return {name: parents[name] for name in sorted(parents)}


def _pair(rng, parents, wanted):
    """Two nodes for which `wanted(steps of a, steps of b, path of a)` holds."""
    names = sorted(parents)
    while True:
        a, b = (names[int(torch.randint(0, len(names), (), generator=rng))] for _ in range(2))
        node, up_a, up_b = _ways(parents, a, b)
        if wanted(up_a, up_b, len(_up(parents, node)) - 1):
            return a, b


def _ancestor_cases(rng: torch.Generator) -> list[Case]:
    kinds = {
        "cousins": lambda up_a, up_b, depth: up_a >= 2 and up_b >= 1 and up_a != up_b and depth >= 1,
        "more cousins": lambda up_a, up_b, depth: up_b >= 2 and up_a >= 1 and up_a < up_b and depth >= 2,
        "they meet only at the root": lambda up_a, up_b, depth: up_a >= 1 and up_b >= 2 and depth == 0,
        "the first is above the second": lambda up_a, up_b, depth: up_a == 0 and up_b >= 2 and depth >= 1,
        "the second is above the first": lambda up_a, up_b, depth: up_b == 0 and up_a >= 1 and depth >= 2,
        "the same node twice": lambda up_a, up_b, depth: up_a == up_b == 0 and depth >= 2,
    }
    trees = [(label, _tree(rng, 40), wanted) for label, wanted in kinds.items()]
    return [Case((tree, *_pair(rng, tree, wanted)), label=label) for label, tree, wanted in trees]


lowest_common_ancestor = FunctionExercise(
    name="lowest_common_ancestor",
    points=2,
    minutes=12,
    by_hand=("lowest_common_ancestor", "lowest_common_hypernyms", "shortest_path_distance"),
    oracle=_lowest,
    cases=_ancestor_cases,
    misconceptions=(
        Misconception(
            "the root",
            lambda parents, a, b: (_up(parents, a)[-1], len(_up(parents, a)) + len(_up(parents, b)) - 2),
            "You go up to the root each time. Stop at the first node that both ways have in common.",
        ),
        Misconception(
            "no node above itself",
            _proper,
            "A node counts as above itself here: where one of the two lies above the other, it is their common "
            "ancestor itself. Begin both ways with the nodes themselves.",
        ),
        Misconception(
            "both at once",
            _in_lockstep,
            "Both of your nodes go up at the same time, so they pass by each other unless they are equally deep. "
            "Keep the whole way of one, and go up from the other until you meet it.",
        ),
        Misconception(
            "steps of the first only",
            lambda parents, a, b: _ways(parents, a, b)[:2],
            "You counted the steps from `a` only. Add those from `b` up to the same node.",
        ),
        Misconception(
            "steps of the second only",
            lambda parents, a, b: (_ways(parents, a, b)[0], _ways(parents, a, b)[2]),
            "You counted the steps from `b` only. Add those from `a` up to the same node.",
        ),
        Misconception(
            "the longer of the two ways",
            lambda parents, a, b: (_ways(parents, a, b)[0], max(_ways(parents, a, b)[1:])),
            "You took the longer of the two ways. The distance is both ways together.",
        ),
        Misconception(
            "nodes counted",
            lambda parents, a, b: (_lowest(parents, a, b)[0], _lowest(parents, a, b)[1] + 1),
            "You counted the nodes on the way. Steps are one fewer: from a node to itself it is 0.",
        ),
        Misconception(
            "the other way round",
            lambda parents, a, b: _lowest(parents, a, b)[::-1],
            "The order of the tuple is (ancestor, steps); yours is the other way round.",
        ),
        Misconception(
            "steps forgotten",
            lambda parents, a, b: _lowest(parents, a, b)[0],
            "You returned the ancestor alone. Return a tuple: the ancestor, and the number of steps.",
        ),
    ),
    hints=(
        "Write down all nodes from `a` up to the root, `a` first. How many steps is each from `a`?",
        "Now go up from `b`, counting, until you meet one of them.",
    ),
    see="How wrong is wrong?",
)
