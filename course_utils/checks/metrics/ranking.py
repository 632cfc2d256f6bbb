"""Exercise of lesson 09: average precision, with ties."""

from __future__ import annotations

import torch
from sklearn import metrics

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _some_of_each(rng: torch.Generator, n: int, share: float) -> torch.Tensor:
    """Labels (n,) of 0 and 1, both among them."""
    labels = (torch.rand(n, generator=rng) < share).long()
    labels[:2] = torch.tensor([0, 1])
    return labels


def _cases(rng: torch.Generator) -> list[Case]:
    worst = torch.zeros(15, dtype=torch.int64)
    worst[3] = 1
    scores = torch.rand(15, generator=rng) + 1
    scores[3] = 0.5
    coarse = torch.randint(0, 5, (60,), generator=rng).float()
    few = _some_of_each(rng, 80, 0.1)
    return [
        Case((torch.randn(25, generator=rng), _some_of_each(rng, 25, 0.4)), label="no ties"),
        Case((coarse, _some_of_each(rng, 60, 0.3)), label="many ties"),
        Case((torch.full((12,), 0.5), _some_of_each(rng, 12, 0.4)), label="all scores equal"),
        Case((scores, worst), label="one positive, ranked last"),
        Case((torch.randn(80, generator=rng) + few, few), label="few positives"),
        Case(
            (-torch.randint(1, 30, (40,), generator=rng).double(), _some_of_each(rng, 40, 0.5)),
            label="negative scores, some ties",
        ),
    ]


def _by_sklearn(scores: torch.Tensor, labels: torch.Tensor) -> float:
    return float(metrics.average_precision_score(labels, scores))


def _curve(scores: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Precision and recall at the distinct scores, from high to low."""
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    return torch.from_numpy(precision[:-1].copy()).flip(0), torch.from_numpy(recall[:-1].copy()).flip(0)


def _straight_lines(scores: torch.Tensor, labels: torch.Tensor) -> float:
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    return float(metrics.auc(recall, precision))


def _interpolated(scores: torch.Tensor, labels: torch.Tensor) -> float:
    precision, recall = _curve(scores, labels)
    best = precision.flip(0).cummax(0).values.flip(0)
    return float((best * torch.diff(recall, prepend=torch.zeros(1, dtype=recall.dtype))).sum())


def _image_by_image(order: torch.Tensor, labels: torch.Tensor) -> float:
    sorted_labels = labels[order].double()
    precision = sorted_labels.cumsum(0) / torch.arange(1, len(labels) + 1)
    return float((precision * sorted_labels).sum() / labels.sum())


def _in_given_order(scores: torch.Tensor, labels: torch.Tensor) -> float:
    return _image_by_image(torch.sort(scores, descending=True, stable=True).indices, labels)


def _positives_first(scores: torch.Tensor, labels: torch.Tensor) -> float:
    by_label = torch.sort(labels, descending=True, stable=True).indices
    return _image_by_image(
        by_label[torch.sort(scores[by_label], descending=True, stable=True).indices], labels
    )


def _over_all_ranks(scores: torch.Tensor, labels: torch.Tensor) -> float:
    return float(_curve(scores, labels)[0].mean())


def _next_precision(scores: torch.Tensor, labels: torch.Tensor) -> float:
    """The gain in recall counted with the precision before it."""
    precision, recall = _curve(scores, labels)
    gains = torch.diff(recall, prepend=torch.zeros(1, dtype=recall.dtype))
    before = torch.cat([torch.ones(1, dtype=precision.dtype), precision[:-1]])
    return float((gains * before).sum())


def _first_step_forgotten(scores: torch.Tensor, labels: torch.Tensor) -> float:
    precision, recall = _curve(scores, labels)
    return float((torch.diff(recall) * precision[1:]).sum())


def _strictly_above(scores: torch.Tensor, labels: torch.Tensor) -> float:
    """At each distinct score only what lies above it is called; the last group is never called."""
    precision, recall = (each[:-1] for each in _curve(scores, labels))
    return float((torch.diff(recall, prepend=torch.zeros(1, dtype=recall.dtype)) * precision).sum())


AVERAGE_PRECISION = FunctionExercise(
    name="average_precision",
    points=3,
    minutes=15,
    by_hand=("average_precision_score", "precision_recall_curve", "binary_average_precision"),
    oracle=_by_sklearn,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "straight lines",
            _straight_lines,
            "This is the area below straight lines between the points (trapezoidal rule). Precision does not move on "
            "a straight line: where scores are coarse, that is far too rosy. Use steps.",
        ),
        Misconception(
            "ties in the given order",
            _in_given_order,
            "Without ties you are right. With ties you step image by image, in the order in which they happen to "
            "come. Equal scores pass the threshold together: one step for each distinct score.",
        ),
        Misconception(
            "ties with the positives first",
            _positives_first,
            "Without ties you are right. With ties you put the positives first, which no threshold can do. "
            "Equal scores pass the threshold together.",
        ),
        Misconception(
            "the curve made monotone",
            _interpolated,
            "You replace each precision by the best one at this recall or a higher one, as in the PASCAL VOC "
            "challenge. Asked for is the plain step sum.",
        ),
        Misconception(
            "the precision before the step",
            _next_precision,
            "A gain in recall counts with the precision at its end, where it was bought. You take the precision before "
            "the step.",
        ),
        Misconception(
            "the first step forgotten",
            _first_step_forgotten,
            "Your sum lacks the first step, from recall 0 to the recall at the highest score: R_0 = 0.",
        ),
        Misconception(
            "strictly above the threshold",
            _strictly_above,
            "You call positive only what lies strictly above a threshold, so the images with the lowest score are "
            "never called. A score that equals the threshold passes it.",
        ),
        Misconception(
            "the mean of all precisions",
            _over_all_ranks,
            "You average precision over all thresholds. A threshold that finds no new positive has no weight: weigh "
            "by the gain in recall.",
        ),
        Misconception(
            "from low to high",
            lambda scores, labels: _by_sklearn(-scores, labels),
            "You go from the lowest score up. The highest scores are called positive first.",
        ),
        Misconception(
            "area under the ROC curve",
            lambda scores, labels: float(metrics.roc_auc_score(labels, scores)),
            "This is the area under the ROC curve, recall against the false positive rate. Asked for is precision "
            "against recall.",
        ),
        Misconception(
            "the other class",
            lambda scores, labels: _by_sklearn(-scores, 1 - labels),
            "You took the zeros for the positives. Label 1 is the class that high scores stand for.",
        ),
    ),
    hints=(
        "Go through the distinct scores from high to low. At each, which images are called positive?",
        "`scores.unique().flip(0)` gives the thresholds; `scores >= threshold` the images called positive.",
        "At each threshold: precision among these images, recall, and the gain in recall since the last threshold.",
    ),
    see="Average precision: steps, no slopes",
)
