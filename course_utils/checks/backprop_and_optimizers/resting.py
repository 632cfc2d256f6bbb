"""Lesson 05, bug hunts: the objective behind an update rule, and which set of images decides what."""

from __future__ import annotations

import torch

from course_utils.checks.backprop_and_optimizers.stability import drawn_matrix
from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.values import ChoiceExercise


def by_running_the_rule(hessian, minimum, weight_decay):
    """Takes the steps, in squares: two steps, then four, then eight, ... until nothing moves."""
    lr = 0.5 / (hessian.trace() + weight_decay)
    eye = torch.eye(len(minimum), dtype=torch.float64)
    keeps, adds = eye - lr * hessian - lr * weight_decay * eye, lr * (hessian @ minimum)
    for _ in range(40):
        keeps, adds = keeps @ keeps, adds + keeps @ adds
    return adds


def _cases(rng: torch.Generator) -> list[Case]:
    def case(curvatures, weight_decay, label):
        minimum = 2 * torch.randn(len(curvatures), generator=rng, dtype=torch.float64) + 0.5
        return Case((drawn_matrix(rng, *curvatures), minimum, weight_decay), label=label)

    return [
        case((2.0,), 0.5, "one weight"),
        case((0.5, 4.0), 0.3, "two curvatures"),
        case((0.1, 1.0, 10.0), 1.0, "a penalty as strong as the middle curvature"),
        case((1.0, 3.0, 5.0), 0.0, "no penalty at all"),
        case((0.02, 0.5, 2.0, 30.0), 0.05, "four weights, a narrow valley"),
    ]


def _solved(change):
    """solve(first, second) with (first, second) = change(hessian, minimum, decay * identity)."""

    def answer(hessian, minimum, weight_decay):
        eye = weight_decay * torch.eye(len(minimum), dtype=hessian.dtype)
        return torch.linalg.solve(*change(hessian, minimum, eye))

    return answer


RESTING_POINT = FunctionExercise(
    name="resting_point",
    points=2,
    minutes=12,
    oracle=by_running_the_rule,
    cases=_cases,
    keeps_inputs=True,
    rtol=1e-6,
    atol=1e-8,
    misconceptions=(
        Misconception(
            "the minimum of the loss",
            lambda hessian, minimum, weight_decay: minimum.clone(),
            "You answer with the minimum of L, as the article would. There the gradient is 0, and the decay still "
            "pulls: the rule rests where both cancel.",
        ),
        Misconception(
            "zero",
            lambda hessian, minimum, weight_decay: torch.zeros_like(minimum),
            "The weights do not all shrink to 0: the nearer to 0 they come, the more the gradient pulls them back.",
        ),
        Misconception(
            "every direction shrunk alike",
            lambda hessian, minimum, weight_decay: minimum / (1 + weight_decay),
            "You shrink every direction alike, which is right for H = I only. Where the loss is steep it holds its "
            "ground: solve (H + λ I) w = H a.",
        ),
        Misconception(
            "only the diagonal",
            lambda hessian, minimum, weight_decay: (
                hessian.diagonal() * minimum / (hessian.diagonal() + weight_decay)
            ),
            "You use the diagonal of H alone. The directions of its eigenvectors are not the axes: solve with the "
            "whole matrix.",
        ),
        Misconception(
            "penalty doubled",
            _solved(lambda h, a, eye: (h + 2 * eye, h @ a)),
            "You use 2 λ, the gradient of λ ‖w‖². The rule pulls with λ w, the gradient of λ/2 ‖w‖².",
        ),
        Misconception(
            "penalty halved",
            _solved(lambda h, a, eye: (h + eye / 2, h @ a)),
            "You use λ / 2. The penalty λ/2 ‖w‖² has the gradient λ w, and that is what the rule pulls with.",
        ),
        Misconception(
            "minus the penalty",
            _solved(lambda h, a, eye: (h - eye, h @ a)),
            "Your sign of λ is turned round: the decay pulls towards 0, so it adds to H.",
        ),
        Misconception(
            "H forgotten on the right",
            _solved(lambda h, a, eye: (h + eye, a)),
            "Setting H (w - a) + λ w = 0 gives (H + λ I) w = H a: the H before a is missing.",
        ),
    ),
    hints=(
        "The rule rests where the two pulls cancel: write that down with ∇L(w) = H (w - a).",
        "H (w - a) + λ w = 0. Bring all w to one side; λ w is λ I w.",
        "`torch.linalg.solve(M, b)` solves M w = b.",
    ),
    see="Hunt 1: the objective that the rule does not have",
)

DECIDES = {
    "the filters of the first convolution": "training",
    "the learning rate": "validation",
    "the number of epochs": "validation",
    "the biases": "training",
    "Adam's running means": "training",
    "the strength of the weight decay": "validation",
    "the mean to subtract from the images": "training",
    "the accuracy in the final report": "test",
}


WHO_DECIDES = ChoiceExercise(
    name="who_decides",
    points=1,
    minutes=5,
    options={
        "training": "decided by the training images",
        "validation": "decided by the validation images",
        "test": "measured once on the test images",
    },
    answer=DECIDES,
    misconceptions=(
        Misconception(
            "validation adjusts the parameters",
            {"the filters of the first convolution": "validation", "the biases": "validation"},
            "That is the article's mistake: a parameter that validation images adjust is trained on them, and they "
            "can no longer judge. Gradients come from training images alone.",
        ),
        Misconception(
            "memory of the optimizer is validated",
            {"Adam's running means": "validation"},
            "Adam's running means are made of gradients, and gradients come from training images.",
        ),
        Misconception(
            "statistics of the images from elsewhere",
            {"the mean to subtract from the images": "validation"},
            "The mean to subtract is computed, not chosen, and it becomes a part of the model: training images alone.",
        ),
        Misconception(
            "settings by the test set",
            {
                "the learning rate": "test",
                "the number of epochs": "test",
                "the strength of the weight decay": "test",
            },
            "A setting chosen on the test set makes its number too rosy, and there is no other set left to tell.",
        ),
        Misconception(
            "settings by training",
            {
                "the learning rate": "training",
                "the number of epochs": "training",
                "the strength of the weight decay": "training",
            },
            "The training loss would choose no weight decay at all and as many epochs as there are. Such settings "
            "are judged on images that no gradient has seen.",
        ),
        Misconception(
            "validation reported",
            {"the accuracy in the final report": "validation"},
            "The validation images have chosen the settings, so their accuracy is too rosy. Report the test set's.",
        ),
        Misconception(
            "training reported",
            {"the accuracy in the final report": "training"},
            "On its training images a network can be perfect by heart. Report the test set's accuracy.",
        ),
    ),
    hints=(
        "Whatever a gradient moves, or is computed from images, is training. Whatever you choose is validation.",
    ),
    see="Hunt 2: the validation set that trains",
)
