"""Lesson 05: the largest stable learning rate on a quadratic."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

STEP = "How long may a step be?"
MOMENTUM = "What momentum may be paired with"


def _keeps(hessian: torch.Tensor, momentum: float, lr: float) -> float:
    """The size of the largest root of the recursion of (w, previous w): a 2D by 2D matrix, no formula."""
    eye = torch.eye(len(hessian), dtype=torch.float64)
    top = torch.cat([(1 + momentum) * eye - lr * hessian, -momentum * eye], dim=1)
    below = torch.cat([eye, torch.zeros_like(eye)], dim=1)
    return torch.linalg.eigvals(torch.cat([top, below])).abs().max().item()


def by_bisection(hessian, momentum=0.0):
    low, high = 0.0, 8 / hessian.diagonal().max().item()
    while _keeps(hessian, momentum, high) <= 1:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if _keeps(hessian, momentum, middle) > 1 + 1e-10 else (middle, high)
    return (low + high) / 2


def drawn_matrix(rng: torch.Generator, *curvatures: float) -> torch.Tensor:
    drawn = torch.randn(len(curvatures), len(curvatures), generator=rng, dtype=torch.float64)
    turned = torch.linalg.qr(drawn).Q
    return turned @ torch.diag(torch.tensor(curvatures, dtype=torch.float64)) @ turned.T


def _cases(rng: torch.Generator) -> list[Case]:
    a, b, c = (1 + torch.rand(3, generator=rng, dtype=torch.float64)).tolist()
    diagonal = torch.diag(torch.tensor([a, 5 * b], dtype=torch.float64))
    return [
        Case((torch.tensor([[3 * a]], dtype=torch.float64),), label="one weight"),
        Case((diagonal,), label="a diagonal matrix"),
        Case((drawn_matrix(rng, 0.5 * a, 2 * b, 6 * c),), label="three weights, not along the axes"),
        Case((drawn_matrix(rng, 0.01, b, 40 * c),), label="a narrow valley"),
        Case((drawn_matrix(rng, 0.5, 3 * b), 0.9), label="momentum 0.9"),
        Case((drawn_matrix(rng, 0.2, a, 4 * b, 9 * c),), {"momentum": 0.5}, label="momentum 0.5"),
    ]


def _eigenvalues(hessian):
    return torch.linalg.eigvalsh(hessian)


LARGEST_STABLE_LR = FunctionExercise(
    name="largest_stable_lr",
    points=2,
    minutes=10,
    oracle=by_bisection,
    cases=_cases,
    rtol=1e-6,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "momentum ignored",
            lambda hessian, momentum=0.0: 2 / _eigenvalues(hessian)[-1],
            "That is the limit without momentum, 2 / λmax. With momentum it is 1 + μ times as much.",
            see=MOMENTUM,
        ),
        Misconception(
            "one minus momentum",
            lambda hessian, momentum=0.0: 2 * (1 - momentum) / _eigenvalues(hessian)[-1],
            "You multiply by 1 - μ, as if longer steps in the end meant a smaller limit. The condition P(-1) > 0 "
            "says 2 + 2 μ - η λ > 0.",
            see=MOMENTUM,
        ),
        Misconception(
            "divided by one minus momentum",
            lambda hessian, momentum=0.0: 2 / (1 - momentum) / _eigenvalues(hessian)[-1],
            "You divide by 1 - μ. The condition P(-1) > 0 says 2 + 2 μ - η λ > 0.",
            see=MOMENTUM,
        ),
        Misconception(
            "half of it",
            lambda hessian, momentum=0.0: (1 + momentum) / _eigenvalues(hessian)[-1],
            "That is half the limit. At 1 / λmax a step of plain descent lands exactly in the minimum of the steepest "
            "direction; beyond it overshoots, and still comes nearer up to 2 / λmax.",
        ),
        Misconception(
            "half of it, momentum ignored",
            lambda hessian, momentum=0.0: 1 / _eigenvalues(hessian)[-1],
            "At 1 / λmax a step lands exactly in the minimum of the steepest direction; beyond it overshoots, and still "
            "comes nearer up to 2 / λmax. And momentum multiplies that by 1 + μ.",
        ),
        Misconception(
            "the flattest direction",
            lambda hessian, momentum=0.0: 2 * (1 + momentum) / _eigenvalues(hessian)[0],
            "You use the smallest eigenvalue. The flat direction would allow that, and the steepest one flies out: "
            "the largest eigenvalue decides.",
        ),
        Misconception(
            "the sum of the curvatures",
            lambda hessian, momentum=0.0: 2 * (1 + momentum) / hessian.trace(),
            "You divide by the trace, the sum of all eigenvalues. Each direction goes by itself: the largest decides.",
        ),
        Misconception(
            "the largest entry of the diagonal",
            lambda hessian, momentum=0.0: 2 * (1 + momentum) / hessian.diagonal().max(),
            "You take the largest entry of the diagonal. The steepest direction need not lie along an axis: "
            "its curvature is the largest eigenvalue.",
        ),
        Misconception(
            "the length of the matrix",
            lambda hessian, momentum=0.0: 2 * (1 + momentum) / hessian.norm(),
            "You divide by the root of the sum of squared entries. That is never less than the largest eigenvalue, "
            "and as a rule more.",
        ),
        Misconception(
            "the fastest rate",
            lambda hessian, momentum=0.0: (
                2 * (1 + momentum) / (_eigenvalues(hessian)[0] + _eigenvalues(hessian)[-1])
            ),
            "2 / (λmin + λmax) is the *fastest* rate of plain descent. Asked for is the largest that is stable.",
            see="The condition number",
        ),
    ),
    hints=(
        "Along an eigenvector the matrix is a number, and the limit was derived for a number.",
        "`torch.linalg.eigvalsh(hessian)` gives the eigenvalues of a symmetric matrix in rising order.",
        "2 (1 + momentum) / the last of them.",
    ),
    see=STEP,
)
