"""Exercises of lesson 01: the two steps of Dawid and Skene's EM."""

from __future__ import annotations

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _posterior(votes, prior, confusion):
    """Image by image and class by class, with a log-sum-exp written out."""
    rows = []
    for row in votes.tolist():
        logs = [
            math.log(prior[k])
            + sum(math.log(confusion[w, k, said]) for w, said in enumerate(row) if said >= 0)
            for k in range(len(prior))
        ]
        total = max(logs) + math.log(sum(math.exp(value - max(logs)) for value in logs))
        rows.append([math.exp(value - total) for value in logs])
    return torch.tensor(rows, dtype=torch.float64)


def _said(votes, classes):
    return (votes[:, :, None] == torch.arange(classes)).double()


def _log_votes(votes, confusion):
    return torch.einsum("nwj,wkj->nk", _said(votes, confusion.shape[1]), confusion.log())


def _simplex(rng, *shape):
    return torch.softmax(1.3 * torch.randn(*shape, generator=rng, dtype=torch.float64), dim=-1)


def _some_votes(rng, images, workers, classes, share):
    votes = torch.randint(0, classes, (images, workers), generator=rng)
    votes[torch.rand(images, workers, generator=rng) > share] = -1
    return votes


def _posterior_cases(rng: torch.Generator) -> list[Case]:
    def case(images, workers, classes, share, label):
        votes = _some_votes(rng, images, workers, classes, share)
        if images > 4:
            votes[0] = -1
        return Case((votes, _simplex(rng, classes), _simplex(rng, workers, classes, classes)), label=label)

    return [
        case(6, 4, 3, 0.7, "four workers, three classes, one image without votes"),
        case(5, 7, 2, 0.6, "two classes"),
        case(8, 5, 5, 0.5, "five classes"),
        case(7, 3, 4, 1.0, "everybody asked but for one image"),
        case(3, 1500, 3, 0.9, "a thousand votes an image"),
        case(1, 6, 4, 0.8, "a single image"),
    ]


def _product(votes, prior, confusion):
    return prior * _log_votes(votes, confusion).exp()


def _normal(rows):
    return rows / rows.sum(dim=1, keepdim=True)


def _naive_product(votes, prior, confusion):
    return _normal(_product(votes, prior, confusion))


def _sum_for_product(votes, prior, confusion):
    return _normal(prior * torch.einsum("nwj,wkj->nk", _said(votes, len(prior)), confusion))


def _with_last_class(answer):
    return lambda votes, *rest: answer(torch.where(votes < 0, rest[0].shape[-1] - 1, votes), *rest)


def _log_posterior(votes, prior, confusion):
    return torch.log_softmax(prior.log() + _log_votes(votes, confusion), dim=1)


label_posterior = FunctionExercise(
    name="label_posterior",
    points=3,
    minutes=18,
    by_hand=("dawid_skene",),
    oracle=_posterior,
    cases=_posterior_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "products vanish",
            _naive_product,
            "Right for few votes, but a product of a thousand probabilities is stored as 0, and 0/0 is nan. Add "
            "logarithms, take off the largest of each row, then use the exponential.",
        ),
        Misconception(
            "prior forgotten",
            lambda votes, prior, confusion: torch.softmax(_log_votes(votes, confusion), dim=1),
            "The prior is missing: before any vote, class k has the probability prior[k].",
        ),
        Misconception(
            "prior forgotten, products vanish",
            lambda votes, prior, confusion: _normal(_log_votes(votes, confusion).exp()),
            "The prior is missing: before any vote, class k has the probability prior[k]. And a product of a "
            "thousand probabilities is stored as 0: add logarithms.",
        ),
        Misconception(
            "not asked, counted for the last class",
            _with_last_class(_posterior),
            "A vote of -1 was taken for the last class, as indexing with -1 does. Leave out who was not asked.",
        ),
        Misconception(
            "confusion transposed",
            lambda votes, prior, confusion: torch.softmax(
                prior.log() + _log_votes(votes, confusion.transpose(1, 2)), dim=1
            ),
            "Truth and answer have changed places: confusion[w, k, j] is the probability of the answer j when "
            "the truth is k.",
        ),
        Misconception(
            "sum for product",
            _sum_for_product,
            "You added the probabilities of the votes. Independent votes multiply.",
        ),
        Misconception(
            "not divided by the sum",
            _product,
            "Your rows do not add up to 1. Divide each row by its sum, as Bayes' rule does.",
        ),
        Misconception(
            "logarithms returned",
            _log_posterior,
            "You returned the logarithms of the posterior. Take the exponential.",
        ),
        Misconception(
            "divided over the images",
            lambda votes, prior, confusion: torch.softmax(prior.log() + _log_votes(votes, confusion), dim=0),
            "Your columns add up to 1, not your rows. The classes of one image share the probability: dim=1.",
        ),
    ),
    hints=(
        "log T = log prior + the sum of log confusion[w, k, vote] over the workers asked, less a constant.",
        "A float tensor `said` (N, W, K), 1 where worker w said j, is zero for those not asked: it selects.",
        "`torch.softmax` of the row of logarithms is exactly: take off the largest, exponential, divide.",
    ),
    see="Step 1: from workers to labels",
)


def _workers(votes, posterior, smoothing):
    """Counted vote by vote."""
    classes = posterior.shape[1]
    counts = torch.full((votes.shape[1], classes, classes), float(smoothing), dtype=torch.float64)
    for image, row in enumerate(votes.tolist()):
        for worker, said in enumerate(row):
            if said >= 0:
                counts[worker, :, said] += posterior[image]
    return posterior.mean(dim=0), counts / counts.sum(dim=2, keepdim=True)


def _counts(votes, posterior):
    return torch.einsum("nk,nwj->wkj", posterior, _said(votes, posterior.shape[1]))


def _worker_cases(rng: torch.Generator) -> list[Case]:
    def case(images, workers, classes, share, smoothing, label):
        votes = _some_votes(rng, images, workers, classes, share)
        votes[:, 0] = -1  # a worker without votes
        return Case((votes, _simplex(rng, images, classes), smoothing), label=label)

    return [
        case(9, 4, 3, 0.7, 1.0, "four workers, one without votes"),
        case(12, 3, 2, 0.6, 0.5, "two classes"),
        case(30, 5, 4, 0.5, 0.01, "hardly any smoothing"),
        case(20, 6, 5, 1.0, 2.0, "everybody else asked every time"),
        case(5, 8, 3, 0.4, 1.5, "fewer images than workers"),
    ]


def _divided(counts, dims):
    return counts / counts.sum(dim=dims, keepdim=True)


def _hard(posterior):
    return torch.nn.functional.one_hot(posterior.argmax(dim=1), posterior.shape[1]).double()


estimate_workers = FunctionExercise(
    name="estimate_workers",
    points=3,
    minutes=18,
    by_hand=("dawid_skene",),
    oracle=_workers,
    cases=_worker_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "most probable label only",
            lambda votes, posterior, s: _workers(votes, _hard(posterior), s),
            "You rounded the posterior to one label an image. EM counts every class with its probability.",
        ),
        Misconception(
            "divided over the truth",
            lambda votes, posterior, s: (posterior.mean(dim=0), _divided(_counts(votes, posterior) + s, 1)),
            "Your columns add up to 1. Row k is the distribution of the answers when the truth is k: divide by "
            "the sum over the answers, dim=2.",
        ),
        Misconception(
            "divided by everything",
            lambda votes, posterior, s: (
                posterior.mean(dim=0),
                _divided(_counts(votes, posterior) + s, (1, 2)),
            ),
            "Each worker's whole matrix adds up to 1. Each row should: given the truth, what does the worker say?",
        ),
        Misconception(
            "transposed",
            lambda votes, posterior, s: (
                posterior.mean(dim=0),
                _divided(_counts(votes, posterior) + s, 2).transpose(1, 2),
            ),
            "Truth and answer have changed places: the shape is (worker, truth, answer).",
        ),
        Misconception(
            "no smoothing",
            lambda votes, posterior, s: (posterior.mean(dim=0), _divided(_counts(votes, posterior), 2)),
            "The smoothing is missing: a worker without votes gets 0/0. Add it to every count before you divide.",
        ),
        Misconception(
            "smoothed after dividing",
            lambda votes, posterior, s: (
                posterior.mean(dim=0),
                _divided(_counts(votes, posterior), 2).nan_to_num() + s,
            ),
            "You added the smoothing after dividing, so the rows no longer add up to 1. Add it to the counts.",
        ),
        Misconception(
            "prior not divided",
            lambda votes, posterior, s: (posterior.sum(dim=0), _workers(votes, posterior, s)[1]),
            "Your prior adds up to the number of images. It is a probability: the mean over the images.",
        ),
        Misconception(
            "prior smoothed",
            lambda votes, posterior, s: (
                (posterior.sum(dim=0) + s) / (len(posterior) + s * posterior.shape[1]),
                _workers(votes, posterior, s)[1],
            ),
            "You smoothed the prior, too. Here it is the plain mean of the posterior.",
        ),
        Misconception(
            "not asked, counted for the last class",
            lambda votes, posterior, s: _workers(
                torch.where(votes < 0, posterior.shape[1] - 1, votes), posterior, s
            ),
            "A vote of -1 was counted for the last class, as indexing with -1 does. Leave out who was not asked.",
        ),
        Misconception(
            "divided by the number of images",
            lambda votes, posterior, s: (
                posterior.mean(dim=0),
                (_counts(votes, posterior) + s) / len(votes),
            ),
            "You divided the counts by the number of images. Each row is divided by its own sum.",
        ),
    ),
    hints=(
        "The count for worker w, truth k, answer j: the sum of posterior[n, k] over the images where w said j.",
        "`torch.einsum('nk,nwj->wkj', posterior, said)` adds it up, with `said` (N, W, K) of zeros and ones.",
        "Add the smoothing to every count, then divide by the sum over the last axis, with keepdim=True.",
    ),
    see="Step 2: from labels to workers",
)
