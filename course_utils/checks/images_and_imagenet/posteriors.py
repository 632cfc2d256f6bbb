"""Exercise of lesson 01: the E-step, from workers to labels."""

from __future__ import annotations

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.images_and_imagenet.ballots import said, simplex, some_votes


def _posterior(votes, prior, confusion):
    """Image by image and class by class, with a log-sum-exp written out."""
    rows = []
    for row in votes.tolist():
        logs = [
            math.log(prior[k])
            + sum(math.log(confusion[w, k, vote]) for w, vote in enumerate(row) if vote >= 0)
            for k in range(len(prior))
        ]
        total = max(logs) + math.log(sum(math.exp(value - max(logs)) for value in logs))
        rows.append([math.exp(value - total) for value in logs])
    return torch.tensor(rows, dtype=torch.float64)


def _log_votes(votes, confusion):
    return torch.einsum("nwj,wkj->nk", said(votes, confusion.shape[1]), confusion.log())


def _posterior_cases(rng: torch.Generator) -> list[Case]:
    def case(images, workers, classes, share, label):
        votes = some_votes(rng, images, workers, classes, share)
        if images > 3:
            votes[0] = -1  # nobody was asked
        return Case((votes, simplex(rng, classes), simplex(rng, workers, classes, classes)), label=label)

    return [
        case(6, 4, 3, 0.7, "four workers, three classes, one image without votes"),
        case(5, 7, 2, 0.6, "two classes"),
        case(8, 5, 5, 0.5, "five classes"),
        case(7, 3, 4, 1.0, "everybody asked but for one image"),
        case(3, 1500, 3, 0.9, "a thousand votes an image"),
        case(4, 1400, 2, 0.9, "a thousand votes for three images, none for one"),
        case(1, 6, 4, 0.8, "a single image"),
    ]


def _product(votes, prior, confusion):
    return prior * _log_votes(votes, confusion).exp()


def _normal(rows):
    return rows / rows.sum(dim=1, keepdim=True)


def _naive_product(votes, prior, confusion):
    return _normal(_product(votes, prior, confusion))


def _sum_for_product(votes, prior, confusion):
    return _normal(prior * torch.einsum("nwj,wkj->nk", said(votes, len(prior)), confusion))


def _largest_of_all(votes, prior, confusion):
    logs = prior.log() + _log_votes(votes, confusion)
    return _normal((logs - logs.max()).exp())


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
            "one largest for all images",
            _largest_of_all,
            "You took the largest logarithm of *all* images off every row. An image with many votes is far below "
            "it, vanishes, and gives 0/0. Take off the largest of each row: dim=1, keepdim=True.",
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
