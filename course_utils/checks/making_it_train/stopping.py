"""Lesson 08: the exercise `early_stopping`."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.making_it_train.draws import uniform
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


def _variant(
    *,
    better: Callable = lambda loss, best: loss < best,
    start: float = math.inf,
    patient: Callable = lambda waited, patience: waited >= patience,
    keep: Callable = lambda model: copy.deepcopy(model.state_dict()),
    put_back: bool = True,
    against_last: bool = False,
    never_reset: bool = False,
    returns: Callable = lambda best, epoch: (best, epoch),
) -> Callable:
    """Early stopping that departs from the right one in what is named."""

    def answer(model, train_one_epoch, validation_loss, patience, max_epochs):
        best, best_epoch, state, waited, last = start, 0, None, 0, math.inf
        for epoch in range(1, max_epochs + 1):
            train_one_epoch(model)
            loss = validation_loss(model)
            new = better(loss, best)
            if new:
                best, best_epoch, state = loss, epoch, keep(model)
            falls = loss < last if against_last else new
            waited = waited + (not falls) if never_reset or not falls else 0
            last = loss
            if patient(waited, patience):
                break
        if put_back and state is not None:
            model.load_state_dict(state, strict=False)
        return returns(best_epoch, epoch)

    return answer


def _parameters_only(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}


MISCONCEPTIONS = (
    Misconception(
        "last state kept",
        _variant(put_back=False),
        "The model ends with the state of the last epoch. Either the best one was never put back, or what you kept "
        "was no copy: `model.state_dict()` holds the very tensors that training goes on changing. Keep "
        "`copy.deepcopy(model.state_dict())`.",
    ),
    Misconception(
        "parameters kept, buffers not",
        _variant(keep=_parameters_only),
        "You put the parameters back, and the buffers, such as batch norm's running averages, are still those of the "
        "last epoch. The state dict holds both.",
    ),
    Misconception(
        "one epoch too patient",
        _variant(patient=lambda waited, patience: waited > patience),
        "You stop one epoch late: after `patience` epochs in a row without a new best it is over.",
    ),
    Misconception(
        "one epoch too impatient",
        _variant(patient=lambda waited, patience: waited >= max(patience - 1, 1)),
        "You stop one epoch early: wait for `patience` epochs in a row without a new best.",
    ),
    Misconception(
        "highest instead of lowest",
        _variant(better=lambda loss, best: loss > best, start=-math.inf),
        "You look for the highest loss. A loss is better when it is lower; it is an accuracy that should be high.",
    ),
    Misconception(
        "an equal loss is a new best",
        _variant(better=lambda loss, best: loss <= best),
        "You take a loss equal to the best as a new best. Only a lower one is; otherwise a model that stands still "
        "trains for ever.",
    ),
    Misconception(
        "compared with the epoch before",
        _variant(against_last=True),
        "You start to count anew whenever the loss falls below that of the epoch before. Count since the best so "
        "far: a zigzag far above it brings nothing new.",
    ),
    Misconception(
        "never counted anew",
        _variant(never_reset=True),
        "You count all epochs without a new best. The count starts again at every new best: `patience` in a row.",
    ),
    Misconception(
        "never stopped",
        _variant(patient=lambda waited, patience: False),
        "You train all `max_epochs`. Stop once `patience` epochs in a row have brought no new best.",
    ),
    Misconception(
        "nan is a new best",
        _variant(better=lambda loss, best: not loss >= best),
        "You take nan as a new best: every comparison with nan is False, so `not loss >= best` is True. Ask "
        "`loss < best`.",
    ),
    Misconception(
        "epochs counted from 0",
        _variant(returns=lambda best, epoch: (best - 1, epoch)),
        "Your best epoch is one too low: epochs are counted from 1.",
    ),
    Misconception(
        "wrong order",
        _variant(returns=lambda best, epoch: (epoch, best)),
        "You return the two numbers the other way round: the best epoch first, then how many were trained.",
    ),
    Misconception(
        "last epoch called the best",
        _variant(returns=lambda best, epoch: (epoch, epoch)),
        "You return the last epoch as the best one. The best is `patience` epochs back, where the loss was lowest.",
    ),
    Misconception(
        "best epoch only",
        _variant(returns=lambda best, epoch: best),
        "You return the best epoch alone. Return two numbers: it, and how many epochs were trained.",
    ),
)

# The order of the losses, small numbers better; equal numbers are ties, None is nan.
SHAPES = (
    ((5, 3, 1, 4, 2, 3, 2, 5, 6, 7), 3, "a plain valley"),
    ((6, 4, 5, 3, 4, 5, 1, 2, 3, 4, 5, 6), 3, "two false alarms first"),
    ((5, 2, 2, 4, 2, 6, 7, 1, 8), 3, "ties with the best"),
    ((4, 1, 8, 7, 6, 5, 4, 3, 2, 9), 4, "falling again, and never below the best"),
    ((7, 6, 5, 6, 4, 3, 2), 3, "still falling at the end"),
    ((3, 2, 4, 1, 5, 6), 1, "patience of one epoch"),
    ((4, 3, None, 2, None, None, 5, 6, 1), 3, "a loss of nan on the way"),
)


def _case(rng: torch.Generator, ranks: tuple, patience: int, label: str) -> Case:
    low, step = uniform(rng, 0.2, 0.5), uniform(rng, 0.05, 0.15)
    losses = torch.tensor(
        [math.nan if rank is None else low + step * rank for rank in ranks], dtype=torch.float64
    )
    states = torch.randn(len(ranks), 2, FEATURES, generator=rng, dtype=torch.float64)
    return Case((losses, states, patience, len(ranks)), label=label)


EARLY_STOPPING = ObservedExercise(
    name="early_stopping",
    points=3,
    minutes=20,
    written="early_stopping(model, train_one_epoch, validation_loss, patience, max_epochs)",
    oracle=_reference,
    scene=stop_early,
    look=what_stopping_did,
    cases=lambda rng: [_case(rng, *shape) for shape in SHAPES],
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Keep three things of the best epoch: its loss, its number, and a copy of the state.",
        "`epoch - best_epoch` is how long you have been waiting.",
        "`copy.deepcopy(model.state_dict())` is a copy; `model.load_state_dict(copy)` puts it back.",
    ),
    see="When to stop",
)
