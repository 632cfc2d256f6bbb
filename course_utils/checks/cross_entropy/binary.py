"""Exercises of lesson 04: the binary loss and its two-class twin."""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.by_hand import BINARY
from course_utils.checks.case import Case, Misconception
from course_utils.checks.cross_entropy.draws import draw_logits
from course_utils.checks.functions import FunctionExercise


def _yes_or_no(rng, *shape):
    return (torch.rand(*shape, generator=rng) < 0.4).float()


def _binary_cases(rng):
    far = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0])
    return [
        Case((draw_logits(rng, 1, 6)[0], _yes_or_no(rng, 6)), label="six images, one question"),
        Case((draw_logits(rng, 3, 5), _yes_or_no(rng, 3, 5)), label="three images, five questions each"),
        Case((draw_logits(rng, 4, 3), torch.rand(4, 3, generator=rng)), label="soft targets"),
        Case((far, torch.tensor([1.0, 0.0, 0.0, 1.0])), label="logits of 1000 and -1000"),
        Case((draw_logits(rng, 2, 3, 30.0), _yes_or_no(rng, 2, 3)), label="very sure"),
        Case(
            (draw_logits(rng, 40, 7, dtype=torch.float64), _yes_or_no(rng, 40, 7).double()),
            label="many images",
        ),
    ]


def _by_sigmoid(z, t):
    p = 1 / (1 + torch.exp(-z))
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def _by_clamped_sigmoid(z, t):
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def _binary(z, t, reduction="mean"):
    return F.binary_cross_entropy_with_logits(z, t, reduction=reduction)


def _by_softmax(z, t):
    return -(t * torch.log_softmax(z, dim=-1)).sum(-1).mean()


def _log_of_one_plus_exp(z):
    return (1 + z.exp()).log()


def _with_a_small_number(small):
    """Sigmoid first, then log(p + small), which hides the infinity at log(small)."""

    def answer(z, t):
        p = torch.sigmoid(z)
        return -(t * (p + small).log() + (1 - t) * (1 - p + small).log()).mean()

    return Misconception(
        f"a small number added, {small:g}",
        answer,
        f"Adding a small number hides the infinity but caps the loss near {-math.log(small):.0f}, "
        "and beyond the cap there is no gradient. The rearranged formula needs no such help.",
    )


def _with_clamped_logits(limit):
    return Misconception(
        f"clamped logits, {limit}",
        lambda z, t: _binary(z.clamp(-limit, limit), t),
        f"Clamping the logits caps the loss at {limit}, and beyond the cap there is no gradient: the worst "
        "mistakes teach nothing. The rearranged formula needs no clamp.",
    )


binary_cross_entropy_with_logits = FunctionExercise(
    name="binary_cross_entropy_with_logits",
    points=3,
    minutes=12,
    by_hand=BINARY,
    oracle=_binary,
    cases=_binary_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "half of the loss",
            lambda z, t: -(t * F.logsigmoid(z)).mean(),
            "You kept only the yes half. Where the target is 0, the loss is -log(1 - p): "
            "without it, answering yes to everything costs nothing.",
        ),
        Misconception(
            "naive overflow",
            _by_sigmoid,
            "Right for small logits, but at 1000 the sigmoid is exactly 1, log(0) is infinite and 0 times "
            "infinity "
            "is nan. Rearrange until only exp(-|z|) is left.",
        ),
        Misconception(
            "exp overflows",
            lambda z, t: (_log_of_one_plus_exp(z) - t * z).mean(),
            "Right for small logits, but exp(1000) is infinite. Take the larger of z and 0 out of the "
            "logarithm, so that only exp(-|z|) is left.",
        ),
        Misconception(
            "target forgotten",
            lambda z, t: F.softplus(z).mean(),
            "That is log(1 + exp(z)), the loss when the answer is no. The term t z, which tells yes from no, "
            "is missing.",
        ),
        Misconception(
            "target forgotten, exp overflows",
            lambda z, t: _log_of_one_plus_exp(z).mean(),
            "That is log(1 + exp(z)), the loss when the answer is no: the term t z, which tells yes from no, "
            "is missing. And exp(1000) is infinite.",
        ),
        Misconception(
            "target with the wrong sign",
            lambda z, t: (F.softplus(z) + t * z).mean(),
            "Your t z has the wrong sign: it is subtracted, so that a yes with a high logit costs little.",
        ),
        Misconception(
            "target with the wrong sign, exp overflows",
            lambda z, t: (_log_of_one_plus_exp(z) + t * z).mean(),
            "Your t z has the wrong sign: it is subtracted, so that a yes with a high logit costs little. "
            "And exp(1000) is infinite.",
        ),
        *map(_with_a_small_number, (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)),
        *map(_with_clamped_logits, (20, 30, 50, 80, 88, 100)),
        Misconception(
            "clamped",
            _by_clamped_sigmoid,
            "Clamping the probability hides the infinity but caps the loss near 16, "
            "and beyond the cap there is no gradient. The rearranged formula needs no clamp.",
        ),
        Misconception(
            "softmax for many questions",
            _by_softmax,
            "You let the classes compete. Here each question is answered by itself: a sigmoid for each "
            "logit.",
            see="Several labels at once",
        ),
        Misconception(
            "targets swapped",
            lambda z, t: _binary(z, 1 - t),
            "Yes and no are swapped: target 1 goes with log(sigmoid(z)).",
        ),
        Misconception(
            "sum for mean",
            lambda z, t: _binary(z, t, "sum"),
            "You added up where the mean over all entries is asked for.",
        ),
        Misconception(
            "sum over questions, mean over images",
            lambda z, t: _binary(z, t, "none").sum(-1).mean(),
            "You added over the questions of an image. This loss, as PyTorch has it, is the mean over all "
            "entries.",
        ),
        Misconception(
            "sign",
            lambda z, t: -_binary(z, t),
            "Your sign is turned round: this loss is never negative.",
        ),
    ),
    hints=(
        "Start from log(1 + exp(z)) - z * target, derived above. Where does it overflow, and where not?",
        "log(1 + exp(z)) overflows for large z. Take max(z, 0) out of it: what remains holds only exp(-|z|).",
        "torch.log1p(x) is log(1 + x), accurate for small x.",
    ),
    see="Yes or no: two classes",
)


def _two_columns(first, second):
    return torch.stack([first, second], dim=1)


as_two_classes = FunctionExercise(
    name="as_two_classes",
    points=1,
    minutes=6,
    oracle=lambda logits: F.pad(logits[:, None], (1, 0)),
    cases=lambda rng: [
        Case((torch.randn(5, generator=rng),), label="five images"),
        Case((torch.randn(2, generator=rng),), label="as many images as classes"),
        Case((torch.randn(1, generator=rng),), label="a single image"),
        Case((torch.randn(33, generator=rng, dtype=torch.float64) * 100,), label="large logits"),
    ],
    misconceptions=(
        Misconception(
            "plus and minus z",
            lambda z: _two_columns(-z, z),
            "With -z and z the difference is 2z, and the softmax gives sigmoid(2z). Only the difference "
            "counts: "
            "make it z.",
        ),
        Misconception(
            "columns swapped",
            lambda z: _two_columns(z, torch.zeros_like(z)),
            "Your columns are swapped: class 1 is yes, so z belongs in column 1.",
        ),
        Misconception(
            "one minus z",
            lambda z: _two_columns(1 - z, z),
            "Probabilities add up to one, logits do not: 1 - z has no meaning here.",
        ),
        Misconception(
            "probabilities for logits",
            lambda z: _two_columns(1 - torch.sigmoid(z), torch.sigmoid(z)),
            "You returned the two probabilities. The cross-entropy would take a softmax of them again.",
        ),
        Misconception(
            "log-probabilities",
            lambda z: _two_columns(F.logsigmoid(-z), F.logsigmoid(z)),
            "These give the right loss, since only differences count, but the exercise asks for the form "
            "with 0 for the class no. Subtract your first column from both.",
        ),
        Misconception(
            "rows for columns",
            lambda z: torch.stack([torch.zeros_like(z), z]),
            "Your shape is (2, N). One image a row: stack along dim=1.",
        ),
    ),
    hints=(
        "sigmoid(z) = exp(z) / (exp(0) + exp(z)). Of which two logits is this a softmax?",
        "A softmax only knows differences of logits, so the logit of no may be fixed at 0.",
    ),
    see="Yes or no: two classes",
)
