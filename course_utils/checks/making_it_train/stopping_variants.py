"""Lesson 08: early stopping with one thing wrong."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable


def early_stopping_with(
    *,
    better: Callable = lambda loss, best: loss < best,
    start: float = math.inf,
    patient: Callable = lambda waited, patience: waited >= patience,
    keep: Callable = lambda model: copy.deepcopy(model.state_dict()),
    put_back: bool = True,
    at_the_end: bool = True,
    validate_first: bool = False,
    least_gain: float = 0.0,
    against_last: bool = False,
    never_reset: bool = False,
    returns: Callable = lambda best, epoch: (best, epoch),
) -> Callable:
    """Early stopping that departs from the right one in what is named."""

    def answer(model, train_one_epoch, validation_loss, patience, max_epochs):
        best, best_epoch, state, waited, last = start, 0, None, 0, math.inf
        for epoch in range(1, max_epochs + 1):
            if validate_first:
                loss = validation_loss(model)
            train_one_epoch(model)
            if not validate_first:
                loss = validation_loss(model)
            new = better(loss + least_gain, best)
            if new:
                best, best_epoch, state = loss, epoch, keep(model)
            falls = loss < last if against_last else new
            waited = waited + (not falls) if never_reset or not falls else 0
            last = loss
            if patient(waited, patience):
                break
        in_time = at_the_end or patient(waited, patience)
        if put_back and in_time and state is not None:
            model.load_state_dict(state, strict=False)
        return returns(best_epoch, epoch)

    return answer


def parameters_only(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}
