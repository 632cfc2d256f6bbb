"""Exercises of lesson 04: nll, from probabilities, and cross_entropy, from logits."""

import torch
import torch.nn.functional as F

from course_utils.checks.by_hand import LIKELIHOODS
from course_utils.checks.case import Case, Misconception
from course_utils.checks.cross_entropy.draws import draw_labels, draw_logits, naive_softmax, of_true_class
from course_utils.checks.functions import FunctionExercise


def _probability_cases(rng):
    def case(n, k, label, dtype=torch.float32):
        probabilities = torch.softmax(draw_logits(rng, n, k, 1.5, dtype), dim=1)
        return Case((probabilities, draw_labels(rng, n, k)), label=label)

    one = case(1, 3, "a single image")
    return [
        case(5, 3, "five images, three classes"),
        case(4, 7, "more classes than images"),
        case(4, 4, "as many images as classes"),
        case(6, 5, "double precision", torch.float64),
        case(257, 10, "many images"),
        one,
    ]


nll = FunctionExercise(
    name="nll",
    points=2,
    minutes=8,
    by_hand=LIKELIHOODS,
    oracle=lambda probabilities, labels: F.nll_loss(probabilities.log(), labels),
    cases=_probability_cases,
    misconceptions=(
        Misconception(
            "class id as weight",
            lambda p, y: -(y * of_true_class(p, y).log()).mean(),
            "You multiplied by the class id, so class 9 counts nine times and class 0 not at all. "
            "A label is a name, not an amount: use it as an index.",
        ),
        Misconception(
            "labels broadcast over all classes",
            lambda p, y: -(y[:, None] * p.log()).sum(1).mean(),
            "You multiplied every log-probability of a row by the class id. "
            "Only one entry of each row belongs in the sum, the one that the label points to.",
        ),
        Misconception(
            "sum for mean",
            lambda p, y: -of_true_class(p, y).log().sum(),
            "You added up the losses of the images; divide by their number N, "
            "or twice the batch means twice the loss.",
        ),
        Misconception(
            "mean over classes too",
            lambda p, y: -(F.one_hot(y, p.shape[1]) * p.log()).mean(),
            "You divided by N times K. Each image contributes one number, so divide by N only.",
        ),
        Misconception(
            "minus sign forgotten",
            lambda p, y: of_true_class(p, y).log().mean(),
            "Your sign is turned round: the logarithm of a probability is never above zero, "
            "and a loss should fall as the prediction improves.",
        ),
        Misconception(
            "logarithm of the mean",
            lambda p, y: -of_true_class(p, y).mean().log(),
            "You took the mean first and the logarithm afterwards. "
            "The log of a product is the sum of the logs, so the log comes first.",
        ),
        Misconception(
            "no logarithm",
            lambda p, y: 1 - of_true_class(p, y).mean(),
            "You returned one minus the mean probability; the logarithm is missing.",
        ),
        Misconception(
            "bits for nats",
            lambda p, y: -of_true_class(p, y).log2().mean(),
            "You used the logarithm to base 2. That counts in bits; losses use the natural logarithm.",
        ),
        Misconception(
            "the most likely class instead of the true one",
            lambda p, y: -p.max(dim=1).values.log().mean(),
            "You took the largest probability of each row. The loss asks for the one of the true class, "
            "however small it is.",
        ),
        Misconception(
            "whole rows picked",
            lambda p, y: -p[y].log().mean(),
            "`probabilities[labels]` picks whole rows: it takes the labels for numbers of images. "
            "Give two indices, the row number and the label.",
        ),
        Misconception(
            "every label for every image",
            lambda p, y: -p[:, y].log().mean(),
            "`probabilities[:, labels]` picks every label for every image, an N by N table. "
            "Pair row i with label i: give the row numbers too.",
        ),
    ),
    hints=(
        "You need one probability from each row: row i, column labels[i].",
        (
            "Indexing with two lists of the same length pairs them: table[torch.arange(N), labels] has "
            "the shape (N,)."
        ),
        "Then the logarithm, then the mean, then the minus sign.",
    ),
    see="From coins to classes",
)


def _loss_cases(rng):
    far = torch.tensor([[1000.0, -1000.0, 0.0], [0.0, 1000.0, -1000.0], [-1000.0, 0.0, 1000.0]])
    return [
        Case((draw_logits(rng, 5, 3), draw_labels(rng, 5, 3)), label="five images, three classes"),
        Case((draw_logits(rng, 4, 7), draw_labels(rng, 4, 7)), label="more classes than images"),
        Case((draw_logits(rng, 4, 4), draw_labels(rng, 4, 4)), label="as many images as classes"),
        Case((torch.zeros(3, 10), draw_labels(rng, 3, 10)), label="all logits equal"),
        Case(
            (draw_logits(rng, 300, 10, dtype=torch.float64), draw_labels(rng, 300, 10)), label="many images"
        ),
        Case((far, torch.tensor([0, 1, 2])), label="logits of 1000, all right"),
        Case((far, torch.tensor([1, 0, 0])), label="logits of 1000, all wrong"),
    ]


def _binary_terms(p, y):
    t = F.one_hot(y, p.shape[1]).to(p.dtype)
    return -(torch.xlogy(t, p) + torch.xlogy(1 - t, 1 - p))


_BINARY = (
    "This is the two-outcome loss, added over the classes: it also charges log(1 - p) for every wrong class. "
    "With one label an image, only the probability of the true class counts."
)


cross_entropy = FunctionExercise(
    name="cross_entropy",
    points=2,
    minutes=8,
    needs=("nll", "softmax", "log_softmax"),
    by_hand=LIKELIHOODS,
    oracle=F.cross_entropy,
    cases=_loss_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "softmax twice",
            lambda z, y: F.cross_entropy(torch.softmax(z, dim=1), y),
            "You took the softmax twice: probabilities went in where logits belong. "
            "Even a perfect answer cannot reach a loss of zero now.",
        ),
        Misconception(
            "logarithm of a zero",
            lambda z, y: -of_true_class(torch.softmax(z, dim=1), y).log().mean(),
            "For a confident wrong answer the probability is stored as 0 and the loss becomes infinite. "
            "Build it on log_softmax, not on the logarithm of softmax.",
            see="When exp overflows",
        ),
        Misconception(
            "naive overflow",
            lambda z, y: -of_true_class(naive_softmax(z), y).log().mean(),
            "Right for small logits, but exp(1000) is infinite. Build it on log_softmax.",
            see="When exp overflows",
        ),
        Misconception(
            "binary loss for many classes",
            lambda z, y: _binary_terms(torch.softmax(z, dim=1), y).sum(1).mean(),
            _BINARY,
        ),
        Misconception(
            "a yes-or-no loss for each class",
            lambda z, y: F.binary_cross_entropy_with_logits(z, F.one_hot(y, z.shape[1]).to(z)) * z.shape[1],
            _BINARY,
        ),
        Misconception(
            "a yes-or-no loss, averaged over classes",
            lambda z, y: F.binary_cross_entropy_with_logits(z, F.one_hot(y, z.shape[1]).to(z)),
            _BINARY,
        ),
        Misconception(
            "logarithm of log-probabilities",
            lambda z, y: -of_true_class(torch.log_softmax(z, dim=1), y).log().mean(),
            "You took a logarithm of log_softmax, and logarithms of negative numbers are nan. nll takes the "
            "logarithm itself and wants probabilities: pick and average log_softmax without it.",
        ),
        Misconception(
            "logarithm of logits",
            lambda z, y: -of_true_class(z, y).log().mean(),
            "You took the logarithm of the logits, and a negative logit gives nan. nll takes the logarithm "
            "itself and wants probabilities; from logits the way goes through log_softmax.",
        ),
        Misconception(
            "mean over classes too",
            lambda z, y: F.cross_entropy(z, y) / z.shape[1],
            "You divided by N times K. Each image contributes one loss, so divide by N only.",
        ),
        Misconception(
            "every label for every image",
            lambda z, y: -torch.log_softmax(z, dim=1)[:, y].mean(),
            "`[:, labels]` picks every label for every image, an N by N table. "
            "Pair row i with label i: give the row numbers too.",
        ),
        Misconception(
            "no softmax at all",
            lambda z, y: F.nll_loss(z, y),
            "You picked the logits themselves. They are scores, not log-probabilities: log_softmax first.",
        ),
        Misconception(
            "sum for mean",
            lambda z, y: F.cross_entropy(z, y, reduction="sum"),
            "You added up the losses of the images; divide by N.",
        ),
        Misconception(
            "wrong axis",
            lambda z, y: -of_true_class(torch.log_softmax(z, dim=0), y).mean(),
            "You normalised over the images of the batch. Normalise over the classes, dim=1.",
        ),
        Misconception(
            "class id as weight",
            lambda z, y: -(y * of_true_class(torch.log_softmax(z, dim=1), y)).mean(),
            "You multiplied by the class id. A label is a name, not an amount: use it as an index only.",
            see="From coins to classes",
        ),
    ),
    hints=(
        (
            "Two ideas that you already have: log-probabilities from logits, then the mean of minus "
            "the right ones."
        ),
        "`torch.log_softmax(logits, dim=1)` may be used here, or your own.",
    ),
    see="One loss, straight from the logits",
)
