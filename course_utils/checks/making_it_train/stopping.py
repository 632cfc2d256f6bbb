"""Lesson 08: the exercise `early_stopping`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.making_it_train.stopping_losses import stories
from course_utils.checks.making_it_train.stopping_variants import early_stopping_with, parameters_only
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.making_it_train import FEATURES, stop_early


def what_stopping_did(raw: Mapping[str, Any], *_) -> dict:
    trained = raw["trained"]
    return {
        "returned": raw["returned"],
        "epochs trained": trained,
        "validated once after each epoch": list(raw["measured"]) == list(range(1, trained + 1)),
        "the parameters afterwards": raw["weight"],
        "the buffers afterwards": raw["mean"],
    }


def _reference(model, train_one_epoch, validation_loss, patience, max_epochs):
    """With lists of everything, so that it shares no line with the lesson's answer."""
    losses, states = [], []
    while len(losses) < max_epochs:
        train_one_epoch(model)
        loss = validation_loss(model)
        losses.append(math.inf if math.isnan(loss) else loss)
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        if len(losses) - 1 - losses.index(min(losses)) == patience:
            break
    best = losses.index(min(losses))
    model.load_state_dict(states[best])
    return best + 1, len(losses)


MISCONCEPTIONS = (
    Misconception(
        "last state kept",
        early_stopping_with(put_back=False),
        "The model ends with the state of the last epoch. Either the best one was never put back, or what you kept "
        "was no copy: `model.state_dict()` holds the very tensors that training goes on changing. Keep "
        "`copy.deepcopy(model.state_dict())`.",
    ),
    Misconception(
        "put back only when stopped early",
        early_stopping_with(at_the_end=False),
        "You put the best state back when the patience ends, and not when `max_epochs` does. The last epoch need not be "
        "the best one then either.",
    ),
    Misconception(
        "parameters kept, buffers not",
        early_stopping_with(keep=parameters_only),
        "You put the parameters back, and the buffers, such as batch norm's running averages, are still those of the "
        "last epoch. The state dict holds both.",
    ),
    Misconception(
        "one epoch too patient",
        early_stopping_with(patient=lambda waited, patience: waited > patience),
        "You stop one epoch late: after `patience` epochs in a row without a new best it is over.",
    ),
    Misconception(
        "one epoch too impatient",
        early_stopping_with(patient=lambda waited, patience: waited >= max(patience - 1, 1)),
        "You stop one epoch early: wait for `patience` epochs in a row without a new best.",
    ),
    Misconception(
        "highest instead of lowest",
        early_stopping_with(better=lambda loss, best: loss > best, start=-math.inf),
        "You look for the highest loss. A loss is better when it is lower; it is an accuracy that should be high.",
    ),
    Misconception(
        "an equal loss is a new best",
        early_stopping_with(better=lambda loss, best: loss <= best),
        "You take a loss equal to the best as a new best. Only a lower one is; otherwise a model that stands still "
        "trains for ever.",
    ),
    Misconception(
        "compared with the epoch before",
        early_stopping_with(against_last=True),
        "You start to count anew whenever the loss falls below that of the epoch before. Count since the best so "
        "far: a zigzag far above it brings nothing new.",
    ),
    Misconception(
        "never counted anew",
        early_stopping_with(never_reset=True),
        "You count all epochs without a new best. The count starts again at every new best: `patience` in a row.",
    ),
    Misconception(
        "never stopped",
        early_stopping_with(patient=lambda waited, patience: False),
        "You train all `max_epochs`. Stop once `patience` epochs in a row have brought no new best.",
    ),
    Misconception(
        "nan is a new best",
        early_stopping_with(better=lambda loss, best: not loss >= best),
        "You take nan as a new best: every comparison with nan is False, so `not loss >= best` is True. Ask "
        "`loss < best`.",
    ),
    Misconception(
        "a least gain demanded",
        early_stopping_with(least_gain=1e-3),
        "You take a loss as a new best only if it is lower by some least amount. Here any lower loss is one, however "
        "little lower.",
    ),
    Misconception(
        "validated before training",
        early_stopping_with(validate_first=True),
        "You call `validation_loss` before `train_one_epoch`, so each epoch is judged by the weights of the one "
        "before. Train first.",
    ),
    Misconception(
        "epochs counted from 0",
        early_stopping_with(returns=lambda best, epoch: (best - 1, epoch)),
        "Your best epoch is one too low: epochs are counted from 1.",
    ),
    Misconception(
        "wrong order",
        early_stopping_with(returns=lambda best, epoch: (epoch, best)),
        "You return the two numbers the other way round: the best epoch first, then how many were trained.",
    ),
    Misconception(
        "last epoch called the best",
        early_stopping_with(returns=lambda best, epoch: (epoch, epoch)),
        "You return the last epoch as the best one. The best is `patience` epochs back, where the loss was lowest.",
    ),
    Misconception(
        "best epoch only",
        early_stopping_with(returns=lambda best, epoch: best),
        "You return the best epoch alone. Return two numbers: it, and how many epochs were trained.",
    ),
)


def _cases(rng: torch.Generator) -> list[Case]:
    cases = []
    for losses, patience, most, label in stories(rng):
        states = torch.randn(len(losses), 2, FEATURES, generator=rng, dtype=torch.float64)
        cases.append(Case((torch.tensor(losses, dtype=torch.float64), states, patience, most), label=label))
    return cases


EARLY_STOPPING = ObservedExercise(
    name="early_stopping",
    points=3,
    minutes=20,
    written="early_stopping(model, train_one_epoch, validation_loss, patience, max_epochs)",
    oracle=_reference,
    scene=stop_early,
    look=what_stopping_did,
    cases=_cases,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Keep three things of the best epoch: its loss, its number, and a copy of the state.",
        "`epoch - best_epoch` is how long you have been waiting.",
        "`copy.deepcopy(model.state_dict())` is a copy; `model.load_state_dict(copy)` puts it back.",
    ),
    see="When to stop",
)
