"""Bug hunts of lesson 04: labels that broadcast, and a published log."""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import Difference
from course_utils.checks.cross_entropy.draws import draw_labels, draw_logits
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.respond import Response
from course_utils.checks.values import ChoiceExercise, value_of


def _label_cases(rng):
    column = draw_labels(rng, 6, 4)[:, None]
    return [
        Case((draw_logits(rng, 6, 4), column), label="labels of shape (6, 1), label 0 among them"),
        Case((draw_logits(rng, 6, 4), draw_labels(rng, 6, 4)), label="labels of shape (6,)"),
        Case((draw_logits(rng, 5, 5), draw_labels(rng, 5, 5)), label="as many images as classes"),
        Case(
            (draw_logits(rng, 5, 5), draw_labels(rng, 5, 5)[:, None]),
            label="as many images as classes, (5, 1)",
        ),
        Case(
            (draw_logits(rng, 3, 10), draw_labels(rng, 3, 10).to(torch.uint8)[:, None]),
            label="labels of one byte",
        ),
        Case((draw_logits(rng, 1, 3), torch.tensor([[2]])), label="a single image"),
        Case((draw_logits(rng, 4, 3), torch.zeros(4, 2, dtype=torch.long)), label="labels of shape (4, 2)"),
        Case((draw_logits(rng, 4, 3), torch.zeros(2, 2, dtype=torch.long)), label="labels of shape (2, 2)"),
        Case(
            (draw_logits(rng, 4, 3), torch.zeros(8, dtype=torch.long)), label="eight labels for four images"
        ),
        Case((draw_logits(rng, 4, 3), torch.zeros(1, 4, dtype=torch.long)), label="labels of shape (1, 4)"),
        Case(
            (draw_logits(rng, 4, 3), torch.zeros(3, dtype=torch.long)), label="three labels for four images"
        ),
    ]


def _per_image(logits, labels):
    if labels.shape not in {(len(logits),), (len(logits), 1)}:
        raise ValueError(f"labels have the shape {tuple(labels.shape)}, logits {tuple(logits.shape)}")
    return F.cross_entropy(logits, labels.reshape(-1).long(), reduction="none")


def _refusing(answer):
    """The same wrong answer from a learner who did add the shape check."""

    def checked(logits, labels):
        _per_image(logits, labels)
        return answer(logits, labels)

    return checked


def _broadcast(logits, labels):
    return -(labels * torch.log_softmax(logits, dim=1)).sum(dim=1)


def _broadcast_column(logits, labels):
    return _broadcast(logits, labels.reshape(-1, 1))


def _one_hot_of_column(logits, labels):
    hot = F.one_hot(labels.long(), logits.shape[1])
    return -(hot * torch.log_softmax(logits, dim=1)).sum(dim=-1)


_BROADCAST = (
    "A column of class ids is still stretched over all the classes: the loss becomes -label times "
    "the sum of all "
    "log-probabilities, and label 0 costs nothing. Use the id as an index, or make it one-hot first."
)


def _bytes_as_index(logits, labels):
    return -torch.log_softmax(logits, dim=1)[torch.arange(len(logits)), labels.reshape(-1)]


def _bytes_to_gather(logits, labels):
    return -torch.log_softmax(logits, dim=1).gather(1, labels.reshape(-1, 1))[:, 0]


def _bytes_to_one_hot(logits, labels):
    hot = F.one_hot(labels.reshape(-1), logits.shape[1])
    return -(hot * torch.log_softmax(logits, dim=1)).sum(dim=1)


per_image_loss = FunctionExercise(
    name="per_image_loss",
    points=3,
    minutes=12,
    needs=("softmax", "log_softmax"),
    oracle=_per_image,
    cases=_label_cases,
    misconceptions=(
        Misconception("labels broadcast silently", _broadcast, _BROADCAST),
        Misconception("labels broadcast silently, shape checked", _refusing(_broadcast_column), _BROADCAST),
        Misconception(
            "wrong shapes let through",
            lambda z, y: (
                -torch.log_softmax(z, dim=1).gather(1, y.long().reshape(len(y), -1)[:, :1])[: len(z), 0]
            ),
            "The numbers are right, but labels of a wrong shape still pass in silence. "
            "Raise ValueError unless the shape is (N,) or (N, 1).",
        ),
        Misconception(
            "bytes as an index",
            _refusing(_bytes_as_index),
            "Bytes as an index are a mask in PyTorch, yes or no for each row, not class numbers: "
            ".long() first.",
        ),
        Misconception(
            "bytes given to gather",
            _refusing(_bytes_to_gather),
            "gather wants whole numbers of at least 32 bits, and these labels are bytes: .long() first.",
        ),
        Misconception(
            "bytes given to one_hot",
            _refusing(_bytes_to_one_hot),
            "one_hot wants int64, and these labels are bytes: .long() first.",
        ),
        Misconception(
            "one-hot of a column has three axes",
            _refusing(_one_hot_of_column),
            "one_hot of labels (N, 1) has the shape (N, 1, K), and times (N, K) it broadcasts to (N, N, K). "
            "Flatten the labels first.",
        ),
        Misconception(
            "mean returned",
            _refusing(lambda z, y: _per_image(z, y).mean()),
            "You returned the mean. This function gives one loss an image, so that they can be looked at "
            "singly.",
        ),
        Misconception(
            "still a column",
            _refusing(lambda z, y: _per_image(z, y)[:, None]),
            "Your losses have the shape (N, 1). A column waits to be broadcast by the next line: return "
            "(N,).",
        ),
    ),
    hints=(
        (
            "Call the broken function on logits of zeros and labels [[0], [1], [2]], and look at the "
            "three losses."
        ),
        "Check the shape first: `if labels.shape not in {(N,), (N, 1)}: raise ValueError(...)`.",
        "Then flatten the labels, make them int64 with .long(), and pick one log-probability a row.",
    ),
    see="Hunt 1: the label that weighs nothing",
)


double_softmax_floor = FunctionExercise(
    name="double_softmax_floor",
    points=2,
    minutes=12,
    oracle=lambda num_classes: F.cross_entropy(
        F.one_hot(torch.tensor([0]), num_classes).double(), torch.tensor([0])
    ).item(),
    cases=lambda rng: [
        Case((k,), label=f"{k} classes")
        for k in (2, 3, 10, int(torch.randint(20, 500, (), generator=rng)), 1000)
    ],
    misconceptions=(
        Misconception(
            "zero",
            lambda k: 0.0,
            "A plain cross-entropy can come as near to 0 as you like. "
            "Here the second softmax sees numbers between 0 and 1 only. How large can their differences be?",
        ),
        Misconception(
            "the loss at the start",
            lambda k: math.log(k),
            "That is the loss when all classes are equally likely. The floor is reached when the first "
            "softmax is "
            "certain and right: its output is one-hot.",
        ),
        Misconception(
            "the ceiling",
            lambda k: math.log(math.e + k - 1),
            "That is the ceiling, reached when the first softmax is certain and wrong. The floor lies "
            "exactly 1 lower.",
        ),
        Misconception(
            "true class counted twice",
            lambda k: math.log(1 + k / math.e),
            "Of K classes only K - 1 are wrong: you counted the true one among them.",
        ),
        Misconception(
            "bits for nats",
            lambda k: math.log2(1 + (k - 1) / math.e),
            "The right floor, but that is in bits: take the natural logarithm, as the loss does.",
        ),
        Misconception(
            "ratio turned round",
            lambda k: math.log(1 + (k - 1) * math.e),
            "You have the ratio of the exponentials turned round: the true class holds exp(1), each other "
            "exp(0).",
        ),
        Misconception(
            "a probability",
            lambda k: math.e / (math.e + k - 1),
            "That is the largest probability that the second softmax can give. The loss is minus its "
            "logarithm.",
        ),
        Misconception(
            "sign",
            lambda k: -math.log(1 + (k - 1) / math.e),
            "Your sign is turned round: minus the logarithm of a probability is never negative.",
        ),
    ),
    hints=(
        "The best possible output of the first softmax: 1 for the true class, 0 for the others.",
        "Feed exactly that to the second softmax: exp(1) on top, and below exp(1) plus K - 1 times exp(0).",
    ),
    see="Hunt 2: can this log come from this code?",
)


NO_DICTIONARY = "no dictionary"


class _FourLogs(ChoiceExercise):
    """Says so when what came back is no dictionary at all."""

    def respond(self, answer: Any, case: Case) -> Response:
        chosen = value_of(answer)
        if chosen.error is None and not isinstance(chosen.value, Mapping):
            return Response(NO_DICTIONARY)
        return super().respond(answer, case)

    def difference(self, expected: Response, response: Response) -> Difference | None:
        if isinstance(response.value, str) and response.value == NO_DICTIONARY:
            remark = (
                'Return a dictionary, {"A": ..., "B": ..., "C": ..., "D": ...}, with a word for each log.'
            )
            return Difference(None, response.value, remark=remark)
        return super().difference(expected, response)


published_log = _FourLogs(
    name="published_log",
    points=2,
    minutes=8,
    options={
        "possible": "you say that this code could print this log",
        "impossible": "you say that this code could never print this log",
    },
    answer={"A": "possible", "B": "impossible", "C": "impossible", "D": "possible"},
    misconceptions=(
        Misconception(
            "a loss below the floor believed",
            {"B": "possible"},
            "Log B falls, as a loss should, but its last number lies below the floor for ten classes. "
            "No weights can do that.",
        ),
        Misconception(
            "a loss above the ceiling believed",
            {"C": "possible"},
            "Log C rises above what this loss can cost. "
            "What is it when the first softmax is certain and wrong?",
        ),
        Misconception(
            "the start doubted",
            {"A": "impossible"},
            "Log A starts at log 10, where all classes are equally likely, and stays inside the band. "
            "The first number of a run does not show this fault.",
        ),
        Misconception(
            "the floor doubted",
            {"D": "impossible"},
            "Log D comes near the floor and never below it. A network that is certain and right gets there.",
        ),
    ),
    hints=(
        "Compute the floor and the ceiling for ten classes: the ceiling is the floor plus one.",
        "A mean of numbers inside a band lies inside that band, whatever the network has learnt.",
    ),
    see="Hunt 2: can this log come from this code?",
)
