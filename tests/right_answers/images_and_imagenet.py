"""Honest answers to the exercises of lesson 01, in several styles: every one must pass."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def chw_numpy(image):
    return np.ascontiguousarray(image.numpy()[:, :, ::-1].transpose(2, 0, 1)).astype(np.float32) / 255


def chw_loop(image):
    out = torch.empty(3, *image.shape[:2])
    for channel in range(3):
        out[channel] = image[:, :, 2 - channel].float().div(255)
    return out


def chw_einsum(image):
    return torch.einsum("hwc->chw", image.double())[[2, 1, 0]] * (1 / 255)


def chw_unbind(image):
    return torch.stack(image.unbind(2)[::-1]) / 255.0


def chw_index(image):
    return image[..., [2, 1, 0]].movedim(-1, 0).to(torch.float32).div_(255)


def ancestor_sets(parents, a, b):
    def above(node):
        return set() if node is None else {node} | above(parents[node])

    return max(above(a) & above(b), key=lambda node: len(above(node))), len(above(a) ^ above(b))


def ancestor_paths(parents, a, b):
    def path(node):
        return [] if node is None else [node, *path(parents[node])]

    up_a, up_b = path(a), path(b)
    node = next(each for each in up_a if each in set(up_b))
    return node, up_a.index(node) + up_b.index(node)


def ancestor_depths(parents, a, b):
    def depth(node):
        return 0 if parents[node] is None else 1 + depth(parents[node])

    steps = 0
    while a != b:
        if depth(a) >= depth(b):
            a = parents[a]
        else:
            b = parents[b]
        steps += 1
    return a, steps


def ancestor_list(parents, a, b):
    seen = [a]
    while parents[seen[-1]]:
        seen.append(parents[seen[-1]])
    steps = 0
    while b not in seen:
        b, steps = parents[b], steps + 1
    return [b, torch.tensor(steps + seen.index(b))]


def devkit_loop(ground_truth, wnids):
    ordered = sorted(wnids)
    return torch.tensor([ordered.index(wnids[int(number) - 1]) for number in ground_truth])


def devkit_argsort(ground_truth, wnids):
    ranks = np.argsort(np.argsort(np.array(wnids)))
    return ranks[ground_truth.numpy() - 1]


def devkit_unique(ground_truth, wnids):
    _, place = np.unique(np.array(wnids), return_inverse=True)
    return torch.from_numpy(place)[ground_truth - 1]


def devkit_inverse(ground_truth, wnids):
    labels = torch.empty(len(wnids), dtype=torch.int32)
    for label, place in enumerate(sorted(range(len(wnids)), key=wnids.__getitem__)):
        labels[place] = label
    return labels[ground_truth - 1]


def devkit_searchsorted(ground_truth, wnids):
    return np.searchsorted(np.sort(wnids), np.array(wnids)[ground_truth.numpy() - 1])


def majority_topk(votes, num_classes):
    best = (votes[:, :, None] == torch.arange(num_classes)).sum(dim=1).topk(2, dim=1)
    return torch.where(best.values[:, 0] > best.values[:, 1], best.indices[:, 0], -1)


def majority_bincount(votes, num_classes):
    labels = []
    for row in votes:
        counts = torch.bincount(row[row >= 0], minlength=num_classes)
        winners = (counts == counts.max()).nonzero()[:, 0]
        labels.append(int(winners[0]) if len(winners) == 1 else -1)
    return torch.tensor(labels)


def majority_sorted(votes, num_classes):
    counts = F.one_hot(votes + 1, num_classes + 1).sum(dim=1)[:, 1:]
    ordered = counts.sort(dim=1, descending=True)
    clear = ordered.values[:, 0] > ordered.values[:, 1]
    return torch.where(clear, ordered.indices[:, 0], torch.full_like(ordered.indices[:, 0], -1))


def majority_numpy(votes, num_classes):
    counts = (votes.numpy()[..., None] == np.arange(num_classes)).sum(1)
    clear = np.sort(counts, axis=1)
    return np.where(clear[:, -1] > clear[:, -2], counts.argmax(1), -1)


def posterior_loop(votes, prior, confusion):
    rows = []
    for row in votes:
        logs = prior.log().clone()
        for worker, said in enumerate(row.tolist()):
            if said != -1:
                logs += confusion[worker, :, said].log()
        rows.append(torch.softmax(logs, dim=0))
    return torch.stack(rows)


def posterior_gather(votes, prior, confusion):
    index = votes.clamp(min=0)
    logs = confusion.log()[torch.arange(votes.shape[1]), :, index]  # (N, W, K)
    logs = prior.log() + (logs * (votes >= 0)[:, :, None]).sum(dim=1)
    return (logs - logs.logsumexp(dim=1, keepdim=True)).exp()


def posterior_step_by_step(votes, prior, confusion):
    """Bayes' rule after every single vote, so that nothing ever vanishes."""
    rows = prior.repeat(len(votes), 1)
    for image in range(len(votes)):
        for worker in range(votes.shape[1]):
            if votes[image, worker] >= 0:
                rows[image] *= confusion[worker, :, votes[image, worker]]
                rows[image] /= rows[image].sum()
    return rows


def workers_loop(votes, posterior, smoothing):
    workers, classes = votes.shape[1], posterior.shape[1]
    confusion = torch.zeros(workers, classes, classes, dtype=torch.float64)
    for worker in range(workers):
        for answer in range(classes):
            confusion[worker, :, answer] = posterior[votes[:, worker] == answer].sum(dim=0) + smoothing
        confusion[worker] /= confusion[worker].sum(dim=1, keepdim=True)
    return posterior.mean(0), confusion


def workers_one_hot(votes, posterior, smoothing):
    said = F.one_hot(votes + 1, posterior.shape[1] + 1)[:, :, 1:].double()
    counts = torch.tensordot(said, posterior, dims=([0], [0])).transpose(1, 2) + smoothing  # (W, K, K)
    return [posterior.sum(0) / len(posterior), F.normalize(counts, p=1, dim=2)]


def workers_numpy(votes, posterior, smoothing):
    said = (votes.numpy()[:, :, None] == np.arange(posterior.shape[1])).astype(float)
    counts = np.einsum("nk,nwj->wkj", posterior.numpy(), said) + smoothing
    return posterior.numpy().mean(0), counts / counts.sum(-1, keepdims=True)


def groups_stack(hashes, radius):
    near = (hashes[:, None] != hashes[None]).sum(-1) <= radius
    groups = [-1] * len(hashes)
    for start in range(len(hashes)):
        waiting = [start] if groups[start] < 0 else []
        while waiting:
            image = waiting.pop()
            if groups[image] < 0:
                groups[image] = start
                waiting += near[image].nonzero()[:, 0].tolist()
    return torch.tensor(groups)


def groups_relaxed(hashes, radius):
    near = torch.cdist(hashes.double(), hashes.double(), p=1).round() <= radius
    groups = torch.arange(len(hashes))
    for _ in range(len(hashes)):
        groups = torch.where(near, groups[None, :], len(hashes)).min(dim=1).values
    return groups


def groups_recursive(hashes, radius):
    groups = {}

    def spread(image, start):
        groups[image] = start
        for other in range(len(hashes)):
            if other not in groups and int((hashes[image] ^ hashes[other]).sum()) <= radius:
                spread(other, start)

    for image in range(len(hashes)):
        if image not in groups:
            spread(image, image)
    return torch.tensor([groups[image] for image in range(len(hashes))])


def groups_closure(hashes, radius):
    reach = ((hashes[:, None] != hashes[None]).sum(-1) <= radius).float()
    for _ in range(6):  # paths of up to 64 steps
        reach = (reach @ reach > 0).float()
    return reach.argmax(dim=1)


def split_numpy(labels, groups, val_share, seed):
    rng = np.random.default_rng(seed)
    labels, groups = labels.numpy(), groups.numpy()
    chosen = []
    for label in np.unique(labels):
        names, sizes = np.unique(groups[labels == label], return_counts=True)
        taken, goal = 0, val_share * sizes.sum()
        for place in rng.permutation(len(names)):
            if taken >= goal:
                break
            chosen.append(names[place])
            taken += sizes[place]
    val = np.isin(groups, chosen)
    return np.flatnonzero(~val), np.flatnonzero(val)


def split_nearest(labels, groups, val_share, seed):
    """Stops a class where one group more would lead away from the goal."""
    generator = torch.Generator().manual_seed(seed)
    val = torch.zeros_like(labels, dtype=torch.bool)
    for label in set(labels.tolist()):
        names, sizes = groups[labels == label].unique(return_counts=True)
        order = torch.randperm(len(names), generator=generator)
        gap = (sizes[order].cumsum(0) - val_share * sizes.sum()).abs()
        val |= torch.isin(groups, names[order[: int(gap.argmin()) + 1]])
    return [torch.where(~val)[0], torch.where(val)[0]]


def split_global_seed(labels, groups, val_share, seed):
    torch.manual_seed(seed)
    val, room = [], {}
    for label in labels.unique().tolist():
        room[label] = val_share * int((labels == label).sum())
    names = groups.unique()
    for name in names[torch.randperm(len(names))].tolist():
        images = (groups == name).nonzero()[:, 0].tolist()
        if len(images) <= room[int(labels[images[0]])]:
            room[int(labels[images[0]])] -= len(images)
            val += images
    return torch.tensor([i for i in range(len(labels)) if i not in set(val)]), torch.tensor(val)


def ask_by_probability(votes, quality, prior, target):
    yes = prior
    for used in range(len(votes) + 1):
        if max(yes, 1 - yes) >= target or used == len(votes):
            return int(yes > 0.5), used
        q = quality[used].item()
        a, b = (q, 1 - q) if votes[used] == 1 else (1 - q, q)
        yes = yes * a / (yes * a + (1 - yes) * b)


def ask_vectorised(votes, quality, prior, target):
    steps = (2 * votes - 1) * torch.logit(quality)
    odds = torch.cat([torch.zeros(1).double(), steps.cumsum(0)]) + math.log(prior / (1 - prior))
    sure = (torch.sigmoid(odds.abs()) >= target).nonzero()[:, 0]
    used = int(sure[0]) if len(sure) else len(votes)
    return int(odds[used] > 0), used


def ask_by_odds(votes, quality, prior, target):
    odds, used = prior / (1 - prior), 0
    while used < len(votes) and odds / (1 + odds) < target and 1 / (1 + odds) < target:
        ratio = float(quality[used] / (1 - quality[used]))
        odds *= ratio if votes[used] else 1 / ratio
        used += 1
    return [1 if odds > 1 else 0, used]


def sizes_divmod(total, val_percent, test_percent):
    val = divmod(total * val_percent, 100)[0] or 1
    test = divmod(total * test_percent, 100)[0] or 1
    train = total - (val + test)
    if not (train > val and train > test):
        raise ValueError("training is too small")
    return train, val, test


def sizes_list(total, val_percent, test_percent):
    parts = [max(total * percent // 100, 1) for percent in (val_percent, test_percent)]
    parts = [total - sum(parts), *parts]
    if sorted(parts)[-2] >= parts[0]:
        raise ValueError(str(parts))
    return parts


def sizes_numpy(total, val_percent, test_percent):
    val, test = np.maximum(1, total * np.array([val_percent, test_percent]) // 100)
    train = total - val - test
    if train <= val or train <= test:
        raise ValueError
    return train, val, test


FACTS = {
    **{"A": "confused", "B": "true", "C": "true", "D": "false", "E": "false", "F": "true", "G": "false"},
    **{"H": "confused", "I": "false", "J": "false", "K": "true", "L": "false", "M": "confused", "N": "true"},
}

RIGHT = {
    "to_chw_float": [chw_numpy, chw_loop, chw_einsum, chw_unbind, chw_index],
    "lowest_common_ancestor": [ancestor_paths, ancestor_depths, ancestor_list, ancestor_sets],
    "devkit_labels": [devkit_loop, devkit_argsort, devkit_unique, devkit_inverse, devkit_searchsorted],
    "majority_vote": [majority_bincount, majority_sorted, majority_numpy, majority_topk],
    "label_posterior": [posterior_loop, posterior_gather, posterior_step_by_step],
    "estimate_workers": [workers_loop, workers_one_hot, workers_numpy],
    "duplicate_groups": [groups_relaxed, groups_recursive, groups_closure, groups_stack],
    "split_by_group": [split_numpy, split_nearest, split_global_seed],
    "ask_until_sure": [ask_by_probability, ask_vectorised, ask_by_odds],
    "split_sizes": [sizes_divmod, sizes_list, sizes_numpy],
    "fact_desk": [FACTS, lambda: dict(FACTS), {claim: mark.upper() for claim, mark in FACTS.items()}],
}
