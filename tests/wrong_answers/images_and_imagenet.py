"""Wrong answers to the exercises of lesson 01 that no misconception lists: every one must be refused."""

import torch

from course_utils.checks.images_and_imagenet import check

_RIGHT = {name: exercise.right_answer() for name, exercise in check.exercises.items()}


def _rgb(image):
    return image.flip(2).permute(2, 0, 1).float() / 255


def _changes_its_input(image):
    image.copy_(image.flip(2))
    return image.permute(2, 0, 1) / 255


def _ancestor(change):
    return lambda parents, a, b: change(*_RIGHT["lowest_common_ancestor"](parents, a, b))


def _devkit(change):
    return lambda truth, wnids: change(_RIGHT["devkit_labels"](truth, wnids))


def _posterior(change):
    return lambda votes, prior, confusion: _RIGHT["label_posterior"](*change(votes, prior, confusion))


def _workers(change):
    return lambda votes, posterior, s: change(*_RIGHT["estimate_workers"](votes, posterior, s))


def _groups(change):
    return lambda hashes, radius: _RIGHT["duplicate_groups"](*change(hashes, radius))


def _split(change):
    return lambda labels, groups, share, seed: change(*_RIGHT["split_by_group"](labels, groups, share, seed))


def _at_random(labels, groups, val_share, seed):
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    cut = round(val_share * len(labels))
    return order[cut:], order[:cut]


def _last_part(labels, groups, val_share, seed):
    cut = round((1 - val_share) * len(labels))
    return torch.arange(cut), torch.arange(cut, len(labels))


def _ask(change):
    return lambda votes, quality, prior, target: _RIGHT["ask_until_sure"](
        *change(votes, quality, prior, target)
    )


def _shared_largest(votes, prior, confusion):
    said = (votes[:, :, None] == torch.arange(len(prior))).double()
    logs = prior.log() + torch.einsum("nwj,wkj->nk", said, confusion.log())
    shares = (logs - logs.max()).exp()
    return shares / shares.sum(dim=1, keepdim=True)


def _joined_to_one(hashes, radius):
    groups = list(range(len(hashes)))
    for image in range(len(hashes)):
        for other in range(image):
            if int((hashes[image] != hashes[other]).sum()) <= radius:
                groups[image] = groups[other]
                break
    return torch.tensor(groups)


def _two_rounds(hashes, radius):
    near = (hashes[:, None] != hashes[None]).sum(dim=2) <= radius
    groups = torch.arange(len(hashes))
    for _ in range(2):
        groups = torch.stack([groups[row].min() for row in near])
    return groups


def _every_group_a_share(labels, groups, val_share, seed):
    generator = torch.Generator().manual_seed(seed)
    val = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        names = groups[labels == label].unique()
        order = torch.randperm(len(names), generator=generator)
        val |= torch.isin(groups, names[order[: round(val_share * len(names))]])
    return (~val).nonzero()[:, 0], val.nonzero()[:, 0]


def _unnormalised(votes, quality, prior, target):
    yes, no, used = prior, 1 - prior, 0
    for vote, right in zip(votes.tolist(), quality.tolist(), strict=True):
        if max(yes, no) >= target:
            break
        yes, no, used = yes * (right if vote else 1 - right), no * (1 - right if vote else right), used + 1
    return int(yes > no), used


def _sizes(change):
    return lambda total, v, t: change(*_RIGHT["split_sizes"](total, v, t))


def _rounded_up(total, val_percent, test_percent):
    val, test = -(-total * val_percent // 100), -(-total * test_percent // 100)
    return total - val - test, val, test


_FACTS = check.fact_desk.exercise.answer

WRONG = {
    "to_chw_float": [
        _changes_its_input,
        lambda image: _rgb(image).round(),
        lambda image: _rgb(image).mean(dim=0),
        lambda image: _rgb(image)[:2],
        lambda image: _rgb(image)[None],
        lambda image: _rgb(image) ** 2.2,
        lambda image: _rgb(image) - 0.5,
        lambda image: _rgb(image)[[1, 0, 2]],
        lambda image: image[:, :, [1, 2, 0]].permute(2, 0, 1) / 255,
        lambda image: image.flip(0, 1, 2).permute(2, 0, 1) / 255,
        lambda image: _rgb(image).half() / 255,
        lambda image: image.flip(2).permute(2, 0, 1).to(torch.int8).float() / 255,
    ],
    "lowest_common_ancestor": [
        _ancestor(lambda node, steps: (node, -steps)),
        _ancestor(lambda node, steps: steps),
        _ancestor(lambda node, steps: (node, steps / 2)),
        lambda parents, a, b: (a, 0),
        lambda parents, a, b: (parents[a], 2),
        lambda parents, a, b: (None, 0),
        _ancestor(lambda node, steps: (node, steps + 2)),
    ],
    "devkit_labels": [
        _devkit(lambda labels: labels.flip(0)),
        _devkit(lambda labels: labels.float()),
        _devkit(lambda labels: labels[:, None]),
        _devkit(lambda labels: labels - 1),
        lambda truth, wnids: len(wnids) - truth,
        lambda truth, wnids: torch.tensor([sorted(wnids).index(wnids[number - 2]) for number in truth]),
        _devkit(lambda labels: labels.tolist()),
        lambda truth, wnids: torch.zeros_like(truth),
    ],
    "majority_vote": [
        lambda votes, k: torch.full((len(votes),), -1),
        lambda votes, k: votes.max(dim=1).values,
        lambda votes, k: votes.median(dim=1).values,
        lambda votes, k: votes[:, 0],
        lambda votes, k: votes.mode(dim=1).values,
        lambda votes, k: _RIGHT["majority_vote"](votes, k).float(),
        lambda votes, k: _RIGHT["majority_vote"](votes, k - 1).clamp(min=0),
    ],
    "label_posterior": [
        _posterior(lambda v, p, c: (v, p, c**2)),
        _posterior(lambda v, p, c: (v, p, 1 - c)),
        _posterior(lambda v, p, c: (v[:, :-1], p, c)),
        _posterior(lambda v, p, c: (v, p.flip(0), c)),
        _posterior(lambda v, p, c: (v, p, c.flip(0))),
        _shared_largest,
        lambda v, p, c: p.expand(len(v), -1),
        lambda v, p, c: _RIGHT["label_posterior"](v, p, c).round(),
        lambda v, p, c: _RIGHT["label_posterior"](v, p, c).argmax(dim=1),
    ],
    "estimate_workers": [
        _workers(lambda prior, confusion: (confusion, prior)),
        _workers(lambda prior, confusion: confusion),
        _workers(lambda prior, confusion: (prior.flip(0), confusion)),
        _workers(lambda prior, confusion: (prior, confusion.flip(0))),
        _workers(lambda prior, confusion: (prior, confusion.log())),
        _workers(lambda prior, confusion: (prior, confusion.diagonal(dim1=1, dim2=2))),
        lambda v, t, s: _RIGHT["estimate_workers"](v, t, 2 * s),
        lambda v, t, s: _RIGHT["estimate_workers"](v, t, s / t.shape[1]),
        lambda v, t, s: (t.mean(dim=1), _RIGHT["estimate_workers"](v, t, s)[1]),
    ],
    "duplicate_groups": [
        _groups(lambda h, r: (h, r + 1)),
        _groups(lambda h, r: (h, 2 * r)),
        _groups(lambda h, r: (h, r - 2)),
        _groups(lambda h, r: (h[:, ::2], r)),
        _joined_to_one,
        _two_rounds,
        lambda h, r: torch.arange(len(h)),
        lambda h, r: torch.zeros(len(h), dtype=torch.long),
        lambda h, r: (h[:, None] != h[None]).sum(dim=2),
        lambda h, r: (h.shape[1] - (h[:, None] != h[None]).sum(dim=2) <= r).int().argmax(dim=1),
    ],
    "split_by_group": [
        _at_random,
        _last_part,
        _every_group_a_share,
        _split(lambda train, val: (train.tolist(), val.tolist())),
        lambda labels, groups, share, seed: tuple(
            groups[part].unique() for part in _RIGHT["split_by_group"](labels, groups, share, seed)
        ),
        _split(lambda train, val: (train[1:], val)),
        _split(lambda train, val: (train, torch.cat([val, val[:1]]))),
        _split(lambda train, val: (train.float(), val.float())),
        _split(lambda train, val: (train, val[:0])),
        _split(lambda train, val: torch.cat([train, val])),
        lambda labels, groups, share, seed: (labels, groups),
        lambda labels, groups, share, seed: _RIGHT["split_by_group"](labels, groups, 1 - share, seed),
    ],
    "ask_until_sure": [
        _ask(lambda v, q, p, t: (v, q, p, 0.6)),
        _ask(lambda v, q, p, t: (1 - v, q, p, t)),
        _ask(lambda v, q, p, t: (v, q.flip(0), p, t)),
        _ask(lambda v, q, p, t: (v, torch.full_like(q, 0.75), p, t)),
        _ask(lambda v, q, p, t: (v, q, 1 - p, t)),
        _unnormalised,
        lambda v, q, p, t: (int(v[0]), 1),
        lambda v, q, p, t: float(v.float().mean()),
    ],
    "split_sizes": [
        _sizes(lambda train, val, test: (train + 1, val, test)),
        _sizes(lambda train, val, test: (train - 1, val + 1, test)),
        _sizes(lambda train, val, test: (float(train), float(val), float(test))),
        _sizes(lambda train, val, test: {"train": train, "val": val, "test": test}),
        lambda total, v, t: (total * 8 // 10, total // 10, total - total * 8 // 10 - total // 10),
        lambda total, v, t: (total - v - t, v, t),
        _rounded_up,
    ],
    "fact_desk": [
        dict.fromkeys("ABCDEFGHIJKLMN", "true"),
        dict.fromkeys("ABCDEFGHIJKLMN", "false"),
        dict.fromkeys("ABCDEFGHIJKLMN", "confused"),
        {**_FACTS, "K": "perhaps"},
        {claim: mark for claim, mark in _FACTS.items() if claim != "N"},
        {**_FACTS, "F": "confused"},
        list(_FACTS.values()),
    ],
}
