"""Exercise of lesson 01: the majority of votes, with ties."""

from __future__ import annotations

from collections import Counter

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _majority(votes, num_classes):
    labels = []
    for row in votes.tolist():
        ranked = Counter(vote for vote in row if vote >= 0).most_common()
        clear = ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1])
        labels.append(ranked[0][0] if clear else -1)
    return torch.tensor(labels)


def _counts(votes, num_classes):
    return (votes[:, :, None] == torch.arange(num_classes)).sum(dim=1)


def _asked(votes):
    return (votes >= 0).any(dim=1)


def _cases(rng: torch.Generator) -> list[Case]:
    def ballot(images, workers, classes, share, label):
        votes = torch.randint(0, classes, (images, workers), generator=rng)
        votes[torch.rand(images, workers, generator=rng) > share] = -1
        votes[0] = -1  # nobody was asked
        tie = torch.full((workers,), -1)
        tie[:4] = torch.tensor([classes - 1, 1, 1, classes - 1])
        votes[1] = tie
        clear = torch.full((workers,), -1)
        clear[1:5] = torch.tensor([classes - 1, 0, classes - 1, 1])  # most, but no more than half
        votes[2] = clear
        return Case((votes, classes), label=label)

    return [
        ballot(8, 5, 3, 0.8, "five workers, three classes"),
        ballot(12, 7, 4, 0.5, "many not asked"),
        ballot(20, 12, 5, 0.9, "five classes"),
        ballot(15, 30, 6, 0.15, "few votes from many workers"),
        ballot(40, 9, 10, 1.0, "ten classes, many ties"),
        ballot(6, 6, 3, 0.3, "a few images"),
    ]


def _absolute(votes, num_classes, whole):
    counts = _counts(votes, num_classes)
    most = counts.max(dim=1)
    return torch.where(2 * most.values > whole(votes), most.indices, -1)


def _last_of_ties(votes, num_classes):
    counts = _counts(votes, num_classes).flip(1)
    return torch.where(_asked(votes), num_classes - 1 - counts.argmax(dim=1), -1)


def _first_seen_of_ties(votes, num_classes):
    """As `Counter(...).most_common(1)` and `max(counts, key=...)` do."""
    rows = ([vote for vote in row if vote >= 0] for row in votes.tolist())
    return torch.tensor([Counter(row).most_common(1)[0][0] if row else -1 for row in rows])


def _with_the_last_class(votes, num_classes):
    return _majority(torch.where(votes < 0, num_classes - 1, votes), num_classes)


def _mode_with_the_missing(votes, num_classes):
    counts = (votes[:, :, None] == torch.arange(-1, num_classes)).sum(dim=1)
    return counts.argmax(dim=1) - 1


def _rounded_mean(votes, num_classes):
    asked = votes >= 0
    mean = torch.where(asked, votes, 0).sum(dim=1) / asked.sum(dim=1).clamp(min=1)
    return torch.where(_asked(votes), mean.round().long(), -1)


majority_vote = FunctionExercise(
    name="majority_vote",
    points=2,
    minutes=12,
    oracle=_majority,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "ties to the smaller class",
            lambda votes, k: torch.where(_asked(votes), _counts(votes, k).argmax(dim=1), -1),
            "Where classes tie, you take the smaller number, as `argmax` does in silence. A tie is no label: -1.",
        ),
        Misconception(
            "ties and no votes to the smaller class",
            lambda votes, k: _counts(votes, k).argmax(dim=1),
            "`argmax` answers always: with the smaller class in a tie, and with class 0 where nobody was asked. "
            "Both should be -1.",
        ),
        Misconception(
            "ties to the larger class",
            _last_of_ties,
            "Where classes tie, you take the larger number. A tie is no label: -1.",
        ),
        Misconception(
            "ties to the class named first",
            _first_seen_of_ties,
            "Where classes tie, you take the one that was named first, as `most_common(1)` does. A tie is no "
            "label: -1.",
        ),
        Misconception(
            "no votes, class 0",
            lambda votes, k: torch.where(_asked(votes), _majority(votes, k), 0),
            "Where nobody was asked, you answer class 0. Without votes there is no label: -1.",
        ),
        Misconception(
            "not asked, counted as an answer",
            _mode_with_the_missing,
            "You count -1 as an answer, so silence can win. Count the classes 0 to K - 1 only, and look for ties.",
        ),
        Misconception(
            "not asked, counted for the last class",
            _with_the_last_class,
            "You count -1 for the last class, as indexing with -1 does. Who was not asked has no vote.",
        ),
        Misconception(
            "more than half of the votes",
            lambda votes, k: _absolute(votes, k, lambda v: (v >= 0).sum(dim=1)),
            "You ask for more than half of the votes. The class with the most votes wins, if it is alone with them.",
        ),
        Misconception(
            "more than half of the workers",
            lambda votes, k: _absolute(votes, k, lambda v: v.shape[1]),
            "You ask for more than half of all workers, asked or not. The class with the most votes wins, if it "
            "is alone with them.",
        ),
        Misconception(
            "mean of the class numbers",
            _rounded_mean,
            "You averaged class numbers. They are names, not amounts: one vote each for 0 and 2 does not make a 1.",
        ),
        Misconception(
            "counts returned",
            _counts,
            "You returned the counts, (N, K). Needed is the winning class of each row.",
        ),
    ),
    hints=(
        "Count first: how many votes has each class of each image? Comparing with `torch.arange` does it.",
        "A row is clear when exactly one class has its largest count.",
        "`torch.where(clear, winner, -1)` puts the two cases together.",
    ),
    see="Majority",
)
