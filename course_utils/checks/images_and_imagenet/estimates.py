"""Exercise of lesson 01: the M-step, from labels to workers."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.images_and_imagenet.ballots import said, simplex, some_votes


def _workers(votes, posterior, smoothing):
    """Counted vote by vote."""
    classes = posterior.shape[1]
    counts = torch.full((votes.shape[1], classes, classes), float(smoothing), dtype=torch.float64)
    for image, row in enumerate(votes.tolist()):
        for worker, vote in enumerate(row):
            if vote >= 0:
                counts[worker, :, vote] += posterior[image]
    return posterior.mean(dim=0), counts / counts.sum(dim=2, keepdim=True)


def _counts(votes, posterior):
    return torch.einsum("nk,nwj->wkj", posterior, said(votes, posterior.shape[1]))


def _worker_cases(rng: torch.Generator) -> list[Case]:
    def case(images, workers, classes, share, smoothing, label):
        votes = some_votes(rng, images, workers, classes, share)
        votes[:, 0] = -1  # a worker without votes
        return Case((votes, simplex(rng, images, classes), smoothing), label=label)

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
            "divided by all images of the class",
            lambda votes, posterior, s: (
                posterior.mean(dim=0),
                (_counts(votes, posterior) + s)
                / (posterior.sum(dim=0)[None, :, None] + s * posterior.shape[1]),
            ),
            "You divided by all images of the true class, asked or not, so the rows of a worker who was not asked "
            "about all of them add up to less than 1. Divide each row by its own sum.",
        ),
        Misconception(
            "smoothing above the line only",
            lambda votes, posterior, s: (
                posterior.mean(dim=0),
                (_counts(votes, posterior) + s) / _counts(votes, posterior).sum(dim=2, keepdim=True),
            ),
            "You divided the smoothed counts by the sum of the counts without smoothing, so the rows add up to "
            "more than 1. Smooth first, then divide by the sum of what you have.",
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
