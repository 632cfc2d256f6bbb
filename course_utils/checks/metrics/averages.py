"""Exercise of lesson 09: precision, recall and F1 with their averages."""

from __future__ import annotations

from collections.abc import Callable

import torch
from sklearn.metrics import precision_recall_fscore_support

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _matrix(rng: torch.Generator, k: int) -> torch.Tensor:
    """Lopsided counts, so that rows, columns and averages all differ."""
    counts = torch.randint(0, 12, (k, k), generator=rng)
    counts[0] += 15
    counts[:, 1] += 4
    return counts + torch.diag(torch.randint(5, 40, (k,), generator=rng))


def _cases(rng: torch.Generator) -> list[Case]:
    never_said, absent = _matrix(rng, 4), _matrix(rng, 5)
    never_said[:, 2] = 0  # a class that is never predicted: precision 0/0
    absent[3], absent[:, 3] = 0, 0  # a class neither true nor predicted
    absent[1] = 0  # and one that is predicted only: recall 0/0
    return [
        Case((_matrix(rng, 3),), label="each class by itself"),
        Case((_matrix(rng, 5), "macro"), label="macro"),
        Case((_matrix(rng, 4), "weighted"), label="weighted"),
        Case((_matrix(rng, 6), "micro"), label="micro"),
        Case((never_said,), label="a class is never predicted"),
        Case((never_said, "macro"), label="a class is never predicted, macro"),
        Case((absent,), label="classes that do not occur"),
        Case((absent, "macro"), label="classes that do not occur, macro"),
        Case((absent, "weighted"), label="classes that do not occur, weighted"),
    ]


def _by_sklearn(matrix: torch.Tensor, average: str | None = None) -> tuple:
    """One sample for each cell, with its count as weight."""
    k = len(matrix)
    truth, said = torch.cartesian_prod(torch.arange(k), torch.arange(k)).T.numpy()
    weights = matrix.reshape(-1).numpy()
    values = precision_recall_fscore_support(
        truth, said, labels=range(k), average=average, sample_weight=weights, zero_division=0
    )[:3]
    return tuple(torch.from_numpy(value) if average is None else float(value) for value in values)


def _ratio(top: torch.Tensor, bottom: torch.Tensor, empty: float = 0.0) -> torch.Tensor:
    return torch.where(bottom > 0, top / bottom.clamp(min=1e-300), torch.full_like(bottom, empty))


def _with(
    *,
    swapped: bool = False,
    empty: float = 0.0,
    f1: Callable | None = None,
    f1_of_averages: bool = False,
    weights: Callable | None = None,
    averages: dict[str, str] | None = None,
) -> Callable:
    """An answer with one thing done differently."""

    def answer(matrix: torch.Tensor, average: str | None = None) -> tuple:
        m = matrix.double()
        tp, said, support = m.diagonal(), m.sum(0), m.sum(1)
        if swapped:
            said, support = support, said
        average = (averages or {}).get(average, average)
        if average == "micro":
            tp, said, support = tp.sum()[None], said.sum()[None], support.sum()[None]
        p, r = _ratio(tp, said, empty), _ratio(tp, support, empty)
        f = f1(p, r) if f1 else _ratio(2 * tp, said + support, empty)
        if average is None:
            return p, r, f
        shares = {"macro": torch.ones_like(tp), "weighted": m.sum(1), "micro": torch.ones_like(tp)}[average]
        if weights and average != "micro":
            shares = weights(m, average)
        shares = shares / shares.sum()
        p, r, f = ((shares * value).sum() for value in (p, r, f))
        if f1_of_averages:
            f = 2 * p * r / (p + r)
        return p.item(), r.item(), f.item()

    return answer


def _occurring(m: torch.Tensor, average: str) -> torch.Tensor:
    return (m.sum(0) + m.sum(1) > 0).double() if average == "macro" else m.sum(1)


def _true_classes(m: torch.Tensor, average: str) -> torch.Tensor:
    return (m.sum(1) > 0).double() if average == "macro" else m.sum(1)


def _by_predictions(m: torch.Tensor, average: str) -> torch.Tensor:
    return m.sum(0) if average == "weighted" else torch.ones(len(m), dtype=torch.float64)


PRECISION_RECALL_F1 = FunctionExercise(
    name="precision_recall_f1",
    points=4,
    minutes=20,
    by_hand=(
        *("precision_recall_fscore_support", "precision_score", "recall_score", "f1_score"),
        *("classification_report", "multiclass_precision", "multiclass_recall", "multiclass_f1_score"),
    ),
    oracle=_by_sklearn,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "precision and recall swapped",
            _with(swapped=True),
            "Precision and recall have changed places. Rows are true classes: the sum of row k is how many images of "
            "k there are (recall), the sum of column k how many were called k (precision).",
        ),
        Misconception(
            "nan for nothing",
            _with(empty=float("nan")),
            "Where a denominator is 0 you return nan, and one such class makes every average nan. Here the value is "
            "0.",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "one for nothing",
            _with(empty=1.0),
            "Where a denominator is 0 you return 1, as if a class that was never found were found perfectly. Here the "
            "value is 0.",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "the arithmetic mean for F1",
            _with(f1=lambda p, r: (p + r) / 2),
            "Your F1 is the plain mean of precision and recall. F1 is their harmonic mean: 2 tp / (2 tp + fp + fn).",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "the geometric mean for F1",
            _with(f1=lambda p, r: (p * r).sqrt()),
            "Your F1 is the root of the product, the geometric mean. F1 is the harmonic mean: 2 tp / (2 tp + fp + fn).",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "the 2 forgotten in F1",
            _with(f1=lambda p, r: _ratio(p * r, p + r)),
            "Your F1 is half of what it should be: the harmonic mean of P and R is 2PR/(P + R).",
            see="F1, and the cage it lives in",
        ),
        Misconception(
            "F1 of the averages",
            _with(f1_of_averages=True),
            "Your averaged F1 is the harmonic mean of the averaged precision and recall. Compute F1 for each class, then "
            "average the F1s.",
            see="Three ways to average",
        ),
        Misconception(
            "classes that do not occur left out",
            _with(weights=_occurring),
            "Your macro mean leaves out the class that is neither true nor predicted, as torchmetrics does. Here it "
            "counts, with 0.",
            see="Three ways to average",
        ),
        Misconception(
            "classes without images left out",
            _with(weights=_true_classes),
            "Your macro mean leaves out classes without true images. Here they count, with 0.",
            see="Three ways to average",
        ),
        Misconception(
            "weighted by the predictions",
            _with(weights=_by_predictions),
            "You weigh classes by how often they were predicted. The weights are the supports: how many images of each "
            "class there are, the sums of the rows.",
            see="Three ways to average",
        ),
        Misconception(
            "macro for micro",
            _with(averages={"micro": "macro"}),
            "Your micro average is a macro average. Add up tp, fp and fn over all classes first, then divide.",
            see="Three ways to average",
        ),
        Misconception(
            "weighted for micro",
            _with(averages={"micro": "weighted"}),
            "Your micro average is the weighted one. Add up tp, fp and fn over all classes first, then divide.",
            see="Three ways to average",
        ),
        Misconception(
            "macro for weighted",
            _with(averages={"weighted": "macro"}),
            "Your weighted average has no weights: it is the macro average.",
            see="Three ways to average",
        ),
    ),
    hints=(
        "tp is the diagonal, tp + fp the sums of the columns (dim=0), tp + fn the sums of the rows (dim=1).",
        "2 tp + fp + fn is the sum of a class's row and column, so F1 needs no division of divisions.",
        "`x / y.clamp(min=1)` gives 0 where the count y is 0, for x is 0 there as well.",
        "For micro replace tp and both sums by their totals; then all three numbers are the same fraction.",
    ),
    see="Precision and recall",
)
