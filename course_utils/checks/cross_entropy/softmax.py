"""Exercises of lesson 04: softmax and log_softmax, stable at any size of logit."""

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.cross_entropy.draws import draw_logits, naive_softmax
from course_utils.checks.functions import FunctionExercise


def _logit_cases(rng):
    high = torch.tensor([[1000.0, 999.0, 998.0], [-1000.0, -1001.0, -999.0]])
    apart = torch.tensor([[1000.0, 0.0, -1000.0, 3.0], [0.0, 1.0, 2.0, 3.0], [-1000.0, 1000.0, 0.0, 0.0]])
    return [
        Case((draw_logits(rng, 2, 5),), label="two images, five classes"),
        Case((draw_logits(rng, 6, 3),), label="six images, three classes"),
        Case((draw_logits(rng, 4, 4),), label="as many images as classes"),
        Case((draw_logits(rng, 3, 7, dtype=torch.float64) + 5,), label="double precision, all shifted by 5"),
        Case((high + torch.rand(2, 3, generator=rng),), label="one row near 1000, one near -1000"),
        Case((apart,), label="logits of 1000 and -1000 in one row"),
        Case((draw_logits(rng, 1, 4),), label="a single image"),
    ]


def _softmax_with_overall_maximum(z):
    powers = (z - z.max()).exp()
    return powers / powers.sum(dim=1, keepdim=True)


def _softmax_without_keepdim(z):
    powers = (z - z.max(dim=1, keepdim=True).values).exp()
    return powers / powers.sum(dim=1)


def _softmax_maximum_without_keepdim(z):
    powers = (z - z.max(dim=1).values).exp()
    return powers / powers.sum(dim=1, keepdim=True)


def _softmax_without_any_keepdim(z):
    powers = (z - z.max(dim=1).values).exp()
    return powers / powers.sum(dim=1)


_KEEPDIM = (
    "Your {} have the shape (N,), which PyTorch lines up with the columns, not the rows: a square batch goes "
    "wrong in silence, any other is refused. keepdim=True gives the shape (N, 1)."
)


softmax = FunctionExercise(
    name="softmax",
    points=2,
    minutes=10,
    by_hand=("softmax", "Softmax", "softmin", "log_softmax", "LogSoftmax"),
    oracle=lambda logits: torch.softmax(logits, dim=1),
    cases=_logit_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "wrong axis",
            lambda z: torch.softmax(z, dim=0),
            "Your columns sum to one, not your rows. The classes of one image share the probability: sum "
            "over dim=1.",
        ),
        Misconception(
            "naive overflow",
            naive_softmax,
            "Right for small logits, but exp(1000) is infinite and infinity over infinity is nan. "
            "Subtract each row's largest logit first: the result does not change.",
            see="When exp overflows",
        ),
        Misconception(
            "maximum of the whole batch",
            _softmax_with_overall_maximum,
            "You subtracted the largest logit of the whole batch. A row far below it becomes 0/0: "
            "subtract each row's own maximum, with keepdim=True.",
            see="When exp overflows",
        ),
        Misconception("keepdim forgotten in the sum", _softmax_without_keepdim, _KEEPDIM.format("sums")),
        Misconception(
            "keepdim forgotten in the sum, naive",
            lambda z: z.exp() / z.exp().sum(dim=1),
            _KEEPDIM.format("sums") + " And exp(1000) is infinite.",
        ),
        Misconception(
            "keepdim forgotten in the maximum",
            _softmax_maximum_without_keepdim,
            _KEEPDIM.format("maxima"),
        ),
        Misconception(
            "keepdim forgotten twice", _softmax_without_any_keepdim, _KEEPDIM.format("sums and maxima")
        ),
        Misconception(
            "softmax over the whole batch",
            lambda z: torch.softmax(z.flatten(), dim=0).reshape(z.shape),
            "All your numbers together sum to one. Every row must sum to one by itself.",
        ),
        Misconception(
            "sigmoid of each logit",
            torch.sigmoid,
            "You squashed each logit by itself, so a row does not sum to one. Softmax makes the classes "
            "compete.",
        ),
        Misconception(
            "no exponential",
            lambda z: z / z.sum(dim=1, keepdim=True),
            "You divided the logits by their sum. Logits can be negative: the exponential makes them "
            "positive first.",
        ),
        Misconception(
            "logarithm returned",
            lambda z: torch.log_softmax(z, dim=1),
            "You returned the logarithms of the probabilities. That is the next exercise.",
        ),
    ),
    hints=(
        "Exponentials first, then divide each row by its sum.",
        "`sum(dim=1, keepdim=True)` has the shape (N, 1), which divides row by row.",
        "Softmax does not change when a constant is subtracted from a row. Which constant makes exp safe?",
    ),
    see="From scores to probabilities",
)


def _half_shifted(z):
    largest = z.max(dim=1, keepdim=True).values
    return z - (z - largest).exp().sum(dim=1, keepdim=True).log()


def _shifted_by_overall_maximum(z):
    shifted = z - z.max()
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


def _maximum_without_keepdim(z):
    shifted = z - z.max(dim=1).values
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


def _with_a_small_number(small):
    """log(softmax + small), which hides the infinity at log(small)."""
    return Misconception(
        f"a small number added, {small:g}",
        lambda z: (torch.softmax(z, dim=1) + small).log(),
        "A small number inside the logarithm hides the infinity but caps the answer near "
        f"{math.log(small):.0f}, and there the gradient vanishes. z minus log-sum-exp needs no such help.",
    )


log_softmax = FunctionExercise(
    name="log_softmax",
    points=2,
    minutes=8,
    needs=("softmax",),
    by_hand=("log_softmax", "LogSoftmax", "logsumexp"),
    oracle=lambda logits: torch.log_softmax(logits, dim=1),
    cases=_logit_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "wrong axis",
            lambda z: torch.log_softmax(z, dim=0),
            "Your columns are normalised, not your rows. Sum over the classes, dim=1.",
        ),
        Misconception(
            "naive overflow",
            lambda z: z - z.exp().sum(dim=1, keepdim=True).log(),
            "Right for small logits, but exp(1000) is infinite. "
            "Take the largest logit of each row out of the sum before you exponentiate.",
        ),
        Misconception(
            "naive overflow, twice",
            lambda z: naive_softmax(z).log(),
            "Right for small logits, but exp(1000) is infinite. "
            "Write the log-sum-exp out instead of taking the logarithm of a ratio.",
        ),
        Misconception(
            "logarithm of a zero",
            lambda z: torch.softmax(z, dim=1).log(),
            "You took the logarithm of a stable softmax. A probability of exp(-2000) is stored as 0, "
            "and its logarithm is minus infinity. Never leave the logarithms: z minus log-sum-exp.",
        ),
        *map(_with_a_small_number, (1e-12, 1e-10, 1e-9, 1e-8, 1e-7)),
        Misconception(
            "maximum of the whole batch",
            _shifted_by_overall_maximum,
            "You subtracted the largest logit of the whole batch. In a row far below it every exponential is "
            "stored as 0, and log(0) is minus infinity: subtract each row's own maximum.",
        ),
        Misconception(
            "keepdim forgotten in the log-sum-exp",
            lambda z: z - torch.logsumexp(z, dim=1),
            _KEEPDIM.format("log-sum-exps"),
        ),
        Misconception(
            "keepdim forgotten in the maximum", _maximum_without_keepdim, _KEEPDIM.format("maxima")
        ),
        Misconception(
            "maximum not put back",
            _half_shifted,
            "You subtracted the maximum inside the sum but did not add it back after the logarithm.",
        ),
        Misconception(
            "no logarithm",
            lambda z: torch.softmax(z, dim=1),
            "You returned the probabilities; this asks for their logarithms.",
        ),
        Misconception(
            "sign",
            lambda z: -torch.log_softmax(z, dim=1),
            "Your sign is turned round: logarithms of probabilities are never above zero.",
        ),
    ),
    hints=(
        "log of a ratio = difference of two logs. The log of the top is simply the logit.",
        "The log of the bottom: m + log(sum of exp(z - m)), where m is the row's largest logit.",
    ),
    see="When exp overflows",
)
