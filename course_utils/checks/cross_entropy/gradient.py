"""Exercise of lesson 04: the gradient of the mean cross-entropy of a batch."""

import torch
import torch.nn.functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.cross_entropy.draws import draw_labels, draw_logits, naive_softmax
from course_utils.checks.functions import FunctionExercise


def _cases(rng):
    far = torch.tensor([[1000.0, -1000.0, 0.0, 5.0], [0.0, 1000.0, -1000.0, 2.0]])
    return [
        Case((draw_logits(rng, 5, 3), draw_labels(rng, 5, 3)), label="five images, three classes"),
        Case((draw_logits(rng, 3, 6), draw_labels(rng, 3, 6)), label="more classes than images"),
        Case((draw_logits(rng, 4, 4), draw_labels(rng, 4, 4)), label="as many images as classes"),
        Case((draw_logits(rng, 7, 10, dtype=torch.float64), draw_labels(rng, 7, 10)), label="ten classes"),
        Case((far, torch.tensor([1, 0])), label="logits of 1000"),
        Case((draw_logits(rng, 1, 3), torch.tensor([2])), label="a single image"),
    ]


def _oracle(logits, labels):
    z = logits.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(z, labels), z)[0]


def _hot(z, y):
    return F.one_hot(y, z.shape[1]).to(z.dtype)


def _binary_gradient(z, y):
    """The slope of the K-fold binary loss, sent back through the softmax."""
    p, t = torch.softmax(z, dim=1), _hot(z, y)
    by_p = -(t / p - (1 - t) / (1 - p))
    return p * (by_p - (p * by_p).sum(1, keepdim=True)) / len(y)


def _naive_gradient(z, y):
    return (naive_softmax(z) - _hot(z, y)) / len(y)


def _double_softmax_gradient(z, y):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(torch.softmax(z, dim=1), y), z)[0]


def _row_of_ids(z, y):
    return torch.softmax(z, dim=1) - y


def _every_label_in_every_row(z, y):
    p = torch.softmax(z, dim=1)
    p[:, y] -= 1
    return p


_NOT_AN_INDEX = (
    "`p - labels` subtracts class ids, laid out along the classes as if label i belonged to class i. "
    "Subtract 1 at the entry (i, labels[i]) of each row, or a one-hot table."
)
_EVERY_ROW = (
    "`p[:, labels] -= 1` takes 1 away in every row for every label of the batch. "
    "Pair row i with label i: give the row numbers instead of the colon."
)


cross_entropy_grad = FunctionExercise(
    name="cross_entropy_grad",
    points=2,
    minutes=8,
    needs=("softmax", "log_softmax", "softmax_gradient"),
    by_hand=AUTOGRAD,
    oracle=_oracle,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "sign",
            lambda z, y: -_oracle(z, y),
            "Your sign is turned round: y - p points downhill, the gradient p - y points uphill.",
        ),
        Misconception(
            "1/N forgotten",
            lambda z, y: _oracle(z, y) * len(y),
            "This is the gradient of the summed loss. The loss is a mean over N images, so divide by N.",
            see="Step 4: the mean over a batch",
        ),
        Misconception(
            "divided by N and K",
            lambda z, y: _oracle(z, y) / z.shape[1],
            "You divided by N times K, the number of entries. The mean runs over the N images only.",
            see="Step 4: the mean over a batch",
        ),
        Misconception(
            "wrong axis",
            lambda z, y: (torch.softmax(z, dim=0) - _hot(z, y)) / len(y),
            "Your softmax runs down the batch. Each row is one image: normalise over dim=1.",
        ),
        Misconception(
            "the gradient of K binary losses",
            _binary_gradient,
            "This is the gradient of a sum of binary losses behind a softmax. "
            "It points elsewhere as soon as there are more than two classes.",
        ),
        Misconception(
            "one-hot forgotten",
            lambda z, y: torch.softmax(z, dim=1) / len(y),
            "You returned p without subtracting the target: every logit would be pushed down, the true one "
            "too.",
        ),
        Misconception(
            "class id subtracted",
            lambda z, y: (torch.softmax(z, dim=1) - y[:, None]) / len(y),
            "You subtracted the class id from the whole row. "
            "Subtract 1 from the entry of the true class and nothing from the others.",
        ),
        Misconception("labels subtracted", lambda z, y: _row_of_ids(z, y) / len(y), _NOT_AN_INDEX),
        Misconception("labels subtracted, 1/N forgotten", _row_of_ids, _NOT_AN_INDEX),
        Misconception(
            "every label in every row", lambda z, y: _every_label_in_every_row(z, y) / len(y), _EVERY_ROW
        ),
        Misconception("every label in every row, 1/N forgotten", _every_label_in_every_row, _EVERY_ROW),
        Misconception(
            "logits in place of probabilities",
            lambda z, y: (z - _hot(z, y)) / len(y),
            "You subtracted the target from the logits. It is p - y, with p the softmax of the logits.",
        ),
        Misconception(
            "naive overflow",
            _naive_gradient,
            "Right for small logits, but exp(1000) is infinite. Use a stable softmax.",
            see="When exp overflows",
        ),
        Misconception(
            "softmax twice",
            _double_softmax_gradient,
            "This is the gradient of a loss that takes the softmax twice; it is shorter than p - y.",
            see="One loss, straight from the logits",
        ),
    ),
    hints=(
        "Start from the softmax of the logits, shape (N, K).",
        "Subtract 1 at (i, labels[i]) for each i, on a copy; or subtract F.one_hot(labels, K).",
        "The loss is the mean over N images. What does that do to the gradient?",
    ),
    see="Step 4: the mean over a batch",
)
