"""Exercise of lesson 04: the gradient of cross-entropy, derived step by step."""

import torch
import torch.nn.functional as F

from course_utils.checks.by_hand import AUTOGRAD
from course_utils.checks.case import Case, Misconception
from course_utils.checks.derivations import DerivationExercise, Step


def _loss(p, y):
    return -(y * p.log()).sum()


def _dloss_dp(p, y):
    """The derivative of the loss with the K probabilities taken as free variables, by autograd."""
    p = p.clone().requires_grad_()
    return torch.autograd.grad(_loss(p, y), p)[0]


def _dp_dz(p):
    """softmax(log p) = p, so the Jacobian at the logits log p is the one that the learner writes in p."""
    return torch.autograd.functional.jacobian(lambda z: torch.softmax(z, dim=0), p.log())


def _dloss_dz(p, y):
    z = p.log().requires_grad_()
    return torch.autograd.grad(_loss(torch.softmax(z, dim=0), y), z)[0]


def _points(rng):
    """Probabilities (K,) and targets (K,), one-hot and soft, never for two classes alone."""

    def point(k, soft, label):
        p = torch.softmax(torch.randn(k, generator=rng, dtype=torch.float64), dim=0)
        y = torch.softmax(torch.randn(k, generator=rng, dtype=torch.float64), dim=0)
        if not soft:
            y = F.one_hot(y.argmax(), k).double()
        return Case(kwargs={"p": p, "y": y}, label=label)

    return [
        point(3, False, "three classes"),
        point(5, False, "five classes"),
        point(10, False, "ten classes"),
        point(4, True, "four classes, soft target"),
        point(7, True, "seven classes, soft target"),
    ]


softmax_gradient = DerivationExercise(
    name="softmax_gradient",
    points=3,
    minutes=15,
    by_hand=AUTOGRAD,
    steps=(
        Step(
            "dloss_dp",
            oracle=_dloss_dp,
            title="∂ℓ/∂p, the loss by the probabilities",
        ),
        Step(
            "dp_dz",
            oracle=_dp_dz,
            title="∂p/∂z, the softmax Jacobian",
            arguments=("p",),
            terms={"p_i on the diagonal": torch.diag, "-p_i p_j": lambda p: -torch.outer(p, p)},
        ),
        Step(
            "dloss_dz",
            oracle=_dloss_dz,
            title="∂ℓ/∂z, the loss by the logits",
            terms={"p": lambda p, y: p, "-y": lambda p, y: -y},
        ),
    ),
    cases=_points,
    dimensions=lambda symbols: {"K": len(symbols["p"])},
    misconceptions=(
        Misconception(
            "the gradient of K binary losses",
            {"dloss_dp": lambda p, y: -(y / p - (1 - y) / (1 - p))},
            "The part with (1 - y)/(1 - p) belongs to a sum of yes-or-no losses. "
            "This loss has one logarithm a class: differentiate y_k log p_k and nothing more.",
            see="Step 1: how the loss answers to the probabilities",
        ),
        Misconception(
            "target forgotten",
            {"dloss_dp": lambda p, y: -1 / p},
            "Every class got -1/p. The loss holds y_k log p_k, so class k keeps its factor y_k.",
            see="Step 1: how the loss answers to the probabilities",
        ),
        Misconception(
            "the logarithm itself",
            {"dloss_dp": lambda p, y: -y * p.log()},
            "That is the loss of each class, not its derivative: the derivative of log p is 1/p.",
            see="Step 1: how the loss answers to the probabilities",
        ),
        Misconception(
            "softmax treated as K sigmoids",
            {"dp_dz": lambda p: torch.diag(p * (1 - p))},
            "Only your diagonal is filled, as if each probability depended on its own logit. "
            "Every logit sits in the denominator of every probability: p_i falls by p_i p_j when z_j rises.",
            see="Step 2: how the probabilities answer to the logits",
        ),
        Misconception(
            "a vector for a matrix",
            {"dp_dz": lambda p: p * (1 - p)},
            "You returned K numbers, but K probabilities each depend on K logits: "
            "K by K derivatives, and those off the diagonal are not zero.",
            see="Step 2: how the probabilities answer to the logits",
        ),
        Misconception(
            "sign off the diagonal",
            {"dp_dz": lambda p: torch.diag(p) + torch.outer(p, p)},
            "Off the diagonal your sign is turned round: raising one logit lowers every other probability.",
            see="Step 2: how the probabilities answer to the logits",
        ),
        Misconception(
            "p_i squared off the diagonal",
            {"dp_dz": lambda p: p[:, None] * (torch.eye(len(p)).to(p) - p[:, None])},
            "Off the diagonal you have -p_i p_i, the same number all along a row: p[:, None] stands for p_i "
            "both times. The second factor is p_j, which changes along the row: p[None, :].",
            see="Step 2: how the probabilities answer to the logits",
        ),
        Misconception(
            "p_j squared off the diagonal",
            {"dp_dz": lambda p: p * (torch.eye(len(p)).to(p) - p)},
            "Off the diagonal you have -p_j p_j, the same number all down a column: a vector (K,) is laid "
            "along the rows both times. The first factor is p_i, which changes down a column: p[:, None].",
            see="Step 2: how the probabilities answer to the logits",
        ),
        Misconception(
            "inner for outer product",
            {"dp_dz": lambda p: torch.diag(p) - p @ p},
            "`p @ p.T` of two vectors is one number, the sum of p_k p_k, and it was taken from every entry. "
            "The table of all products p_i p_j is torch.outer(p, p).",
            see="Step 2: how the probabilities answer to the logits",
        ),
        Misconception(
            "a second softmax in the Jacobian",
            {"dp_dz": lambda p: _dp_dz(torch.softmax(p, dim=0))},
            "You took the softmax of p. It is a softmax already: use it as it comes.",
            see="Step 2: how the probabilities answer to the logits",
        ),
        Misconception(
            "a second softmax in the result",
            {"dloss_dz": lambda p, y: torch.softmax(p, dim=0) - y},
            "You took the softmax of p. It is a softmax already: use it as it comes.",
            see="Step 3: the chain",
        ),
        Misconception(
            "only the diagonal of the chain",
            {"dloss_dz": lambda p, y: -y * (1 - p)},
            "You multiplied each ∂ℓ/∂p_k by ∂p_k/∂z_k alone. The chain rule adds over all K probabilities "
            "that z_k moves.",
            see="Step 3: the chain",
        ),
        Misconception(
            "the chain left unfinished",
            {"dloss_dz": lambda p, y: -y / p},
            "That is still ∂ℓ/∂p. Multiply it by the Jacobian of step 2 and the p in the denominator "
            "cancels.",
            see="Step 3: the chain",
        ),
        Misconception(
            "the squared-error slope",
            {"dloss_dz": lambda p, y: p * ((p - y) - (p * (p - y)).sum())},
            "That is the slope of the squared error ½|p - y|², softmax Jacobian and all. "
            "For cross-entropy the 1/p of step 1 cancels the p of step 2.",
            see="Step 3: the chain",
        ),
    ),
    hints=(
        "Step 1: which terms of the sum hold p_i? Only they have a derivative.",
        "Step 2: write p_i = exp(z_i) / S. When i = j the quotient rule gives two terms, otherwise one. "
        "Put p back for each exp(z) / S.",
        "Step 2 in one line: diag(p) minus the outer product of p with itself.",
        "Step 3: add (-y_i / p_i) times p_i (δ_ij - p_j) over i, and use that the y_i sum to one.",
    ),
    see="The gradient, step by step",
)
