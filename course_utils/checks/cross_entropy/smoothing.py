"""Exercise of lesson 04: label smoothing."""

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.cross_entropy.draws import draw_labels
from course_utils.checks.functions import FunctionExercise


def _smoothing_cases(rng):
    def case(n, k, smoothing, label):
        return Case((draw_labels(rng, n, k), k, smoothing), label=label)

    return [
        case(4, 3, 0.1, "four images, three classes"),
        case(3, 10, 0.2, "ten classes"),
        case(5, 5, 0.3, "as many images as classes"),
        case(2, 4, 0.0, "no smoothing"),
        case(6, 7, 1.0, "all smoothing"),
        Case((torch.tensor([1, 1, 2]), 6, 0.25), label="the last classes do not occur"),
        Case((torch.tensor([0]), 1000, 0.1), label="a thousand classes"),
    ]


def _smooth(labels, k, e):
    return (1 - e) * F.one_hot(labels, k) + e / k


def _at_and_elsewhere(at, elsewhere):
    def answer(labels, k, e):
        hot = F.one_hot(labels, k).bool()
        return torch.where(hot, torch.tensor(float(at(e, k))), torch.tensor(float(elsewhere(e, k))))

    return answer


def _observed_classes(labels, k, e):
    k = int(labels.max()) + 1
    return _smooth(labels, k, e)


def _every_label_in_every_row(labels, k, e):
    table = torch.full((len(labels), k), e / k)
    table[:, labels] += 1 - e
    return table


smooth_labels = FunctionExercise(
    name="smooth_labels",
    points=2,
    minutes=10,
    oracle=_smooth,
    cases=_smoothing_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "K - 1 for K",
            _at_and_elsewhere(lambda e, k: 1 - e, lambda e, k: e / (k - 1)),
            "You shared the smoothing among the K - 1 other classes. That is a distribution too, but the "
            "rule here, "
            "and PyTorch's, spreads it over all K, the true class included.",
        ),
        Misconception(
            "does not sum to one: true class short",
            _at_and_elsewhere(lambda e, k: 1 - e, lambda e, k: e / k),
            "Your rows sum to less than one: the true class gets its share of the smoothing as well.",
        ),
        Misconception(
            "does not sum to one: nothing taken away",
            _at_and_elsewhere(lambda e, k: 1 + e / k, lambda e, k: e / k),
            "Your rows sum to more than one: what you spread must first be taken from the true class.",
        ),
        Misconception(
            "does not sum to one: nothing taken away, others only",
            _at_and_elsewhere(lambda e, k: 1, lambda e, k: e / k),
            "Your rows sum to more than one: what you spread must first be taken from the true class.",
        ),
        Misconception(
            "the whole smoothing added everywhere",
            lambda labels, k, e: (1 - e) * F.one_hot(labels, k) + e,
            "You added the whole smoothing to every class, so your rows sum to more than one. "
            "It is shared out: divide it by the number of classes.",
        ),
        Misconception(
            "nothing given to the others",
            lambda labels, k, e: (1 - e) * F.one_hot(labels, k),
            "You took the smoothing from the true class and gave it to nobody: your rows sum to less than "
            "one. Spread it over all classes.",
        ),
        Misconception(
            "every label in every row",
            _every_label_in_every_row,
            "`table[:, labels]` writes every label of the batch into every row. "
            "Pair row i with label i: give the row numbers instead of the colon.",
        ),
        Misconception(
            "a table of whole numbers",
            lambda labels, k, e: _smooth(labels, k, e).long(),
            "Your table holds whole numbers, and writing 0.9 into it stores 0. F.one_hot and labels are "
            "int64: make the table of floats first.",
        ),
        Misconception(
            "the whole smoothing to every class",
            _at_and_elsewhere(lambda e, k: 1 - e, lambda e, k: e),
            "Every wrong class got the whole smoothing. It is shared: divide by the number of classes.",
        ),
        Misconception(
            "smoothing and its complement swapped",
            lambda labels, k, e: _smooth(labels, k, 1 - e),
            "You kept the part `smoothing` of the label and spread the rest; it should be the other way "
            "round.",
        ),
        Misconception(
            "no smoothing at all",
            lambda labels, k, e: F.one_hot(labels, k).float(),
            "These are plain one-hot labels.",
        ),
        Misconception(
            "classes counted in the batch",
            _observed_classes,
            "You took the number of classes from the labels of this batch. A batch need not hold every "
            "class: "
            "use num_classes.",
        ),
    ),
    hints=(
        (
            "Mix two distributions: the part 1 - smoothing of the one-hot label, the part smoothing of "
            "the uniform one."
        ),
        "The uniform distribution over K classes gives 1/K to each, the true one too.",
    ),
    see="Labels that leave room for doubt",
)
