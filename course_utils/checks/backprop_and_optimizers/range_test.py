"""Lesson 05: the learning-rate range test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from course_utils.checks.backprop_and_optimizers.range_tests import reference, variant
from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.backprop_and_optimizers import MODELS, sweep_rates
from course_utils.scenes.small_models import batches


def what_the_test_did(raw: Mapping[str, Any], *_args: Any) -> dict:
    return {
        "the losses": raw["returned"],
        "the weights afterwards": raw["weights"],
        "the buffers afterwards": list(raw["buffers"]),
    }


def _four_times_the_first(losses: list[float]) -> bool:
    return not math.isfinite(losses[-1]) or losses[-1] > 4 * losses[0]


def _four_times_the_last(losses: list[float]) -> bool:
    return not math.isfinite(losses[-1]) or losses[-1] > 4 * losses[max(len(losses) - 2, 0)]


LOSSES = (
    1.9,
    0.4,
    1.0,
    2.0,
    3.2,
    8.5,
    5.0,
)  # 2.0 is above 4 * 0.4, 8.5 above 4 * 1.9, none above 4 * the one before


def _batch_with_loss(model: torch.nn.Module, images: torch.Tensor, target: float) -> tuple:
    """The images scaled, and labels, such that the loss of the untrained model is `target`."""
    low, high = 0.0, 1000.0
    for _ in range(60):
        scale = (low + high) / 2
        with torch.no_grad():
            logits = model(scale * images)
        labels = logits.argmax(1) if target < 1.2 else logits.argmin(1)
        too_sure = (F.cross_entropy(logits, labels) < target) == (target < 1.2)
        low, high = (low, scale) if too_sure else (scale, high)
    return scale * images, labels


def _bumpy(rng: torch.Generator) -> Case:
    """Rates so small that the losses are those of the batches: what they are compared with shows."""
    seed = int(torch.randint(1, 10**6, (), generator=rng))
    torch.manual_seed(seed)
    model = MODELS["plain"]().double()
    drawn = torch.randn(len(LOSSES), 6, 1, 6, 6, generator=rng, dtype=torch.float64)
    made = [_batch_with_loss(model, images, loss) for images, loss in zip(drawn, LOSSES, strict=True)]
    lrs = torch.logspace(-9, -8, len(LOSSES), dtype=torch.float64).tolist()
    return Case(("plain", made, lrs, seed), label="losses that go up bit by bit")


OTHER_ENDS = variant(stop=_four_times_the_first), variant(stop=_four_times_the_last)


def _cases(rng: torch.Generator) -> list[Case]:
    def case(kind, count, low, high, steps, label, more=()):
        seed = int(torch.randint(1, 10**6, (), generator=rng))
        lrs = [*torch.logspace(low, high, steps, dtype=torch.float64).tolist(), *more]
        return Case((kind, batches((6,) * count, seed), lrs, seed), label=label)

    return [
        case("plain", 12, -3.0, -0.5, 12, "a batch for each rate, no blow-up"),
        case("plain", 3, -2.0, -0.3, 20, "three batches, which come round again"),
        case("plain", 2, -1.0, 3.0, 24, "the loss falls first and then blows up"),
        _bumpy(rng),
        case("norm", 4, -2.0, 3.0, 24, "a model with batch norm"),
        case(
            "plain", 5, -2.0, -1.0, 4, "a rate so large that the loss is not a number", (1e200, 1e200, 1e200)
        ),
    ]


NEXT = "Finding a rate by trial"
LR_RANGE_TEST = ObservedExercise(
    name="lr_range_test",
    points=3,
    minutes=20,
    written="lr_range_test(model, batches, lrs)",
    oracle=reference,
    scene=sweep_rates,
    look=what_the_test_did,
    cases=_cases,
    rtol=1e-5,
    atol=1e-8,
    misconceptions=(
        Misconception(
            "the loss after the step",
            variant(after=True),
            "You note the loss after the step, with the same batch: it needs a second forward pass and flatters the "
            "rate. Note the loss that the gradient was taken of.",
        ),
        Misconception(
            "a fresh model for each rate",
            variant(fresh=True),
            "You put the weights back before each rate. The test goes on from where the last rate left the model; "
            "only in the end is it put back.",
        ),
        Misconception(
            "model not put back",
            variant(restore="nothing"),
            "Your losses are right, and the model is not as it was: its weights have taken all the steps. Work on a "
            "copy, or keep `copy.deepcopy(model.state_dict())` and load it in the end.",
        ),
        Misconception(
            "state kept without a copy",
            variant(restore="parameters"),
            "You put the parameters back, and the buffers, batch norm's running means, have moved on. A copy of the "
            "whole model, or of its `state_dict()`, has both.",
        ),
        Misconception(
            "never stopped",
            variant(stop=lambda losses: False),
            "You go through all rates, whatever the loss does. Stop after the first loss that is not finite or above "
            "four times the lowest.",
        ),
        Misconception(
            "a loss that is not a number goes on",
            variant(stop=lambda losses: losses[-1] > 4 * min(losses)),
            "A loss that is not a number does not stop you: nan > x is False for every x. Ask `math.isfinite`.",
        ),
        Misconception(
            "four times the first",
            OTHER_ENDS[0],
            "You compare with the first loss. The lowest so far counts: a test that has come far down has blown up "
            "long before it is above where it started.",
        ),
        Misconception(
            "four times the last",
            variant(
                stop=lambda losses: (
                    not math.isfinite(losses[-1]) or losses[-1] > 4 * losses[max(len(losses) - 2, 0)]
                )
            ),
            "You compare with the loss before. Batches differ, so one may well jump; the lowest so far is the measure.",
        ),
        Misconception(
            "the last loss left out",
            variant(keep=False),
            "You stop in the right place and leave out the loss that stopped you. It is the last of the list.",
        ),
        Misconception(
            "gradients not cleared",
            variant(zero=False),
            "Your gradients pile up: `backward` adds to what is there. Clear them before each `backward`.",
        ),
        Misconception(
            "momentum",
            variant(momentum=0.9),
            "Your steps have momentum 0.9. Asked for is plain SGD, w - lr * grad.",
        ),
        Misconception(
            "Adam",
            variant(kind=torch.optim.Adam),
            "You step with Adam. Asked for is plain SGD; each optimizer has a range of its own.",
        ),
        Misconception(
            "sum for mean",
            variant(reduction="sum"),
            "Your loss is the sum over the batch; the mean is asked for. With the sum every rate acts as many times "
            "larger as there are images.",
        ),
        Misconception(
            "always the first batch",
            variant(moves=False),
            "You use the first batch for every rate. Take the next one each time.",
        ),
        Misconception(
            "ends with the batches",
            variant(cycle=False),
            "You stop when the batches run out. Begin again with the first: `batches[step % len(batches)]`.",
        ),
        Misconception(
            "evaluation mode",
            variant(train=False),
            "You switch the model to evaluation. It comes in training mode, and is trained here.",
        ),
    ),
    hints=(
        "`copy.deepcopy(model)` is a model of your own: what you do to it cannot hurt the other.",
        "The batch for step i is `batches[i % len(batches)]`.",
        "Append the loss first; then ask whether it ends the test; then take the step.",
    ),
    see=NEXT,
)
