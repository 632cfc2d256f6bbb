"""Exercises of lesson 09: top-k accuracy with ties, and the confusion matrix."""

from __future__ import annotations

import torch
from scipy.stats import rankdata
from sklearn.metrics import confusion_matrix

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _labels(rng: torch.Generator, n: int, k: int) -> torch.Tensor:
    return torch.randint(k, (n,), generator=rng)


def _coarse(rng: torch.Generator, n: int, k: int) -> torch.Tensor:
    """Logits of few values, so that ties are everywhere, also at the true class."""
    return torch.randint(0, 3, (n, k), generator=rng).float()


def _top_k_cases(rng: torch.Generator) -> list[Case]:
    return [
        Case((torch.randn(40, 7, generator=rng), _labels(rng, 40, 7), 1), label="top-1"),
        Case((torch.randn(60, 9, generator=rng), _labels(rng, 60, 9), 3), label="top-3"),
        Case((_coarse(rng, 50, 6), _labels(rng, 50, 6), 2), label="many ties, top-2"),
        Case((_coarse(rng, 45, 8), _labels(rng, 45, 8), 4), label="many ties, top-4"),
        Case((torch.zeros(12, 5), _labels(rng, 12, 5), 2), label="a dead network"),
        Case((_coarse(rng, 9, 4), _labels(rng, 9, 4), 4), label="as many guesses as classes"),
        Case(
            (torch.randn(33, 5, generator=rng, dtype=torch.float64) - 50, _labels(rng, 33, 5), 2),
            label="negative logits, float64",
        ),
    ]


def _by_rank(logits: torch.Tensor, labels: torch.Tensor, k: int) -> float:
    """Every class gets the worst rank of those that it ties with."""
    ranks = torch.from_numpy(rankdata(-logits.numpy(), method="max", axis=1))
    return float((ranks.gather(1, labels[:, None]) <= k).double().mean())


def _true(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return logits.gather(1, labels[:, None])


def _among(order: torch.Tensor, labels: torch.Tensor, k: int) -> float:
    return (order[:, :k] == labels[:, None]).any(dim=1).double().mean().item()


def _lowest_id_first(logits: torch.Tensor, labels: torch.Tensor, k: int) -> float:
    return _among(torch.sort(logits, dim=1, descending=True, stable=True).indices, labels, k)


def _highest_id_first(logits: torch.Tensor, labels: torch.Tensor, k: int) -> float:
    return _among(torch.sort(logits, dim=1, stable=True).indices.flip(1), labels, k)


_ORDER = (
    "Without ties you are right. With ties you let the order of the classes decide, so that a network whose "
    "logits are all equal scores by luck. Count the other classes whose logit is at least as large."
)

TOP_K_ACCURACY = FunctionExercise(
    name="top_k_accuracy",
    points=2,
    minutes=8,
    by_hand=("top_k_accuracy_score", "multiclass_accuracy"),
    oracle=_by_rank,
    cases=_top_k_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "ties in the model's favour",
            lambda logits, labels, k: float(((logits > _true(logits, labels)).sum(1) < k).double().mean()),
            "Without ties you are right. With ties you count only classes with a strictly larger logit: a dead "
            "network, all logits equal, would have every image right.",
        ),
        Misconception("ties by the lower id", _lowest_id_first, _ORDER),
        Misconception("ties by the higher id", _highest_id_first, _ORDER),
        Misconception(
            "the true class counted against itself",
            lambda logits, labels, k: float(((logits >= _true(logits, labels)).sum(1) < k).double().mean()),
            "You count the true class among its own rivals: its logit is at least as large as itself. "
            "Top-1 is then 0 for every model.",
        ),
        Misconception(
            "one guess too many",
            lambda logits, labels, k: float(
                ((logits >= _true(logits, labels)).sum(1) - 1 <= k).double().mean()
            ),
            "You allow k rivals. With k rivals that are as large, the true class is only in place k + 1: fewer than "
            "k are allowed.",
        ),
        Misconception(
            "k ignored",
            lambda logits, labels, k: _by_rank(logits, labels, 1),
            "This is top-1 accuracy, whatever k is.",
        ),
        Misconception(
            "the smallest logits",
            lambda logits, labels, k: _by_rank(-logits, labels, k),
            "You take the k classes with the smallest logits: the sort runs upwards.",
        ),
        Misconception(
            "a count for a share",
            lambda logits, labels, k: _by_rank(logits, labels, k) * len(labels),
            "You return how many images are right. Divide by the number of images.",
        ),
        Misconception(
            "divided by k",
            lambda logits, labels, k: _by_rank(logits, labels, k) / k,
            "You divide by k. An image is right or not; how many guesses it took does not matter.",
        ),
    ),
    hints=(
        "`logits.gather(1, labels[:, None])` picks the logit of the true class of each image, shape (N, 1).",
        "Compare all logits with it by >=, count in each row, and take the true class off the count.",
    ),
    see="Top-k: several guesses",
)


def _confusion_cases(rng: torch.Generator) -> list[Case]:
    few = torch.randint(2, (30,), generator=rng)
    many = int(torch.randint(11, 16, (), generator=rng))  # more than ten, or l * 10 + p would do
    return [
        Case((_labels(rng, 50, 4), _labels(rng, 50, 4), 4), label="four classes"),
        Case((few, few.roll(1) + 1, 6), label="some classes never occur"),
        Case((torch.full((9,), 2), torch.arange(9) % 3, 3), label="one true class"),
        Case((_labels(rng, 25, 3), torch.zeros(25, dtype=torch.int64), 3), label="one answer for all"),
        Case((_labels(rng, 300, many), _labels(rng, 300, many), many), label="more than ten classes"),
        Case((torch.tensor([1]), torch.tensor([4]), 5), label="a single image"),
    ]


def _by_sklearn(labels: torch.Tensor, predictions: torch.Tensor, num_classes: int) -> torch.Tensor:
    return torch.from_numpy(confusion_matrix(labels, predictions, labels=range(num_classes)))


def _marked(labels: torch.Tensor, predictions: torch.Tensor, num_classes: int) -> torch.Tensor:
    """`matrix[labels, predictions] += 1`: of equal places only one is written."""
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    matrix[labels, predictions] += 1
    return matrix


def _only_seen(labels: torch.Tensor, predictions: torch.Tensor, num_classes: int) -> torch.Tensor:
    return torch.from_numpy(confusion_matrix(labels, predictions))


CONFUSION_MATRIX = FunctionExercise(
    name="confusion_matrix",
    points=2,
    minutes=8,
    by_hand=("confusion_matrix", "multiclass_confusion_matrix", "ConfusionMatrix", "crosstab"),
    oracle=_by_sklearn,
    cases=_confusion_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "transposed",
            lambda labels, predictions, k: _by_sklearn(predictions, labels, k),
            "Your table is transposed: rows should be true classes and columns predicted ones. Precision and recall "
            "would change places.",
        ),
        Misconception(
            "equal pairs counted once",
            _marked,
            "`matrix[labels, predictions] += 1` writes each place once, however often the pair occurs. "
            "Count the pairs, with `torch.bincount`, `index_put_(..., accumulate=True)` or a loop.",
        ),
        Misconception(
            "classes that do not occur left out",
            _only_seen,
            "Your table has only the classes that occur. It should always be num_classes by num_classes, or tables "
            "of two models cannot be compared.",
        ),
        Misconception(
            "pairs numbered as if there were ten classes",
            lambda labels, predictions, k: (
                torch.bincount(labels * 10 + predictions, minlength=max(100, k * k))[: k * k].reshape(k, k)
                if k > 10
                else _by_sklearn(labels, predictions, k)
            ),
            "With more than ten classes your pairs get mixed up. The number of a pair is label * num_classes + "
            "prediction.",
        ),
        Misconception(
            "shares of the true class",
            lambda labels, predictions, k: torch.nan_to_num(
                _by_sklearn(labels, predictions, k) / _by_sklearn(labels, predictions, k).sum(1, keepdim=True)
            ),
            "You divided each row by its sum. Asked for are counts; shares can be made from them, not the other "
            "way round.",
        ),
        Misconception(
            "only the diagonal",
            lambda labels, predictions, k: torch.diag(_by_sklearn(labels, predictions, k).diagonal()),
            "Only the right answers are in your table. The wrong ones belong beside the diagonal.",
        ),
        Misconception(
            "only the mistakes",
            lambda labels, predictions, k: _by_sklearn(labels, predictions, k).fill_diagonal_(0),
            "Your diagonal is empty: right answers are counted, too.",
        ),
    ),
    hints=(
        "A loop over zip(labels, predictions) that adds 1 is fine.",
        "Without a loop: give each pair (t, p) the number t * num_classes + p, and count the numbers.",
        "`torch.bincount(numbers, minlength=num_classes**2).reshape(num_classes, num_classes)`.",
    ),
    see="Which classes are confused",
)
