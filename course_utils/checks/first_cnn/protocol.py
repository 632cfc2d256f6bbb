"""Lesson 06: the bug hunt `best_epoch` (choosing on the test set, found by counting loaders)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.first_cnn import choose_epoch
from course_utils.training import evaluate


def what_choice_did(raw: Mapping[str, Any], cuts: torch.Tensor, _val: tuple, _test: tuple) -> dict:
    """What was chosen, how often each loader was read, and with which weights the model ends."""
    returned = raw["returned"]
    return {
        "returned": tuple(returned) if isinstance(returned, list) else returned,
        "times the test loader was read": raw["test reads"],
        "the validation loader was read in every epoch": raw["val reads"] >= len(cuts),
        "epochs trained": raw["epochs"],
        "the model ends with the weights of the chosen epoch": raw["cut"] * 2,
        "and with its buffers": raw["running cut"] * 2,
    }


def _accuracy(cut: torch.Tensor, split: tuple) -> float:
    return ((split[0] > cut).long() == split[1]).double().mean().item()


def reference(model, train_one_epoch, val_loader, test_loader, epochs):
    kept = []
    for _ in range(epochs):
        train_one_epoch(model)
        kept.append((evaluate(model, val_loader).accuracy, copy.deepcopy(model.state_dict())))
    best = max(range(epochs), key=lambda epoch: kept[epoch][0])
    model.load_state_dict(kept[best][1])
    return best + 1, evaluate(model, test_loader).accuracy


def _variant(
    *,
    choose="val",
    report="test",
    copied=True,
    restore=True,
    first=1,
    always_test=False,
    worst=False,
    latest=False,
    at_records=False,
) -> Callable:
    """A selection that departs from the right one in what is named."""

    def answer(model, train_one_epoch, val_loader, test_loader, epochs):
        best, best_epoch, best_state, best_test = None, None, None, None
        for epoch in range(epochs):
            train_one_epoch(model)
            test = evaluate(model, test_loader).accuracy if always_test or choose == "test" else None
            on_val = evaluate(model, val_loader) if choose != "test" else None
            score = test if choose == "test" else -on_val.loss if choose == "loss" else on_val.accuracy
            score = -score if worst else score
            if best is None or score > best or (latest and score == best):
                state = model.state_dict()
                best, best_epoch = score, epoch
                best_test = evaluate(model, test_loader).accuracy if at_records else test
                best_state = copy.deepcopy(state) if copied else state
        if restore:
            model.load_state_dict(best_state)
        if report == "val":
            return best_epoch + first, best
        if report == "kept":
            return best_epoch + first, best_test
        return best_epoch + first, evaluate(model, test_loader).accuracy

    return answer


def _published(model, train_one_epoch, val_loader, test_loader, epochs):
    best = (0, 0.0)
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, test_loader).accuracy
        if accuracy > best[1]:
            best = (epoch, accuracy)
    return best


def _copy_tested(model, train_one_epoch, val_loader, test_loader, epochs):
    kept = (-1.0, 0, model)
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, val_loader).accuracy
        if accuracy > kept[0]:
            kept = (accuracy, epoch, copy.deepcopy(model))
    return kept[1], evaluate(kept[2], test_loader).accuracy


def _parameters_kept(model, train_one_epoch, val_loader, test_loader, epochs):
    best, chosen, kept = -1.0, 0, []
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, val_loader).accuracy
        if accuracy > best:
            best, chosen, kept = accuracy, epoch, copy.deepcopy(list(model.parameters()))
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), kept, strict=True):
            parameter.copy_(value)
    return chosen, evaluate(model, test_loader).accuracy


def _wrong_order(*given):
    epoch, accuracy = reference(*given)
    return accuracy, epoch


def _last_epoch(model, train_one_epoch, val_loader, test_loader, epochs):
    for _ in range(epochs):
        train_one_epoch(model)
        evaluate(model, val_loader)
    return epochs, evaluate(model, test_loader).accuracy


MISCONCEPTIONS = (
    Misconception(
        "the published loop",
        _published,
        "This still chooses the epoch on the test set: it is read in every epoch, and the best of many "
        "test accuracies is no longer an honest test. Choose on the validation set, and read the test "
        "set once, at the end.",
    ),
    Misconception(
        "chosen on the test set",
        _variant(choose="test", report="kept"),
        "You choose the epoch by its test accuracy. Choose by the validation accuracy; the test set is "
        "read once, after the choice is made.",
    ),
    Misconception(
        "chosen on the test set, then tested",
        _variant(choose="test"),
        "You choose the epoch by its test accuracy, and then report that same test set. Choose by the "
        "validation accuracy; the test set is read once.",
    ),
    Misconception(
        "test set read every epoch",
        _variant(always_test=True, report="kept"),
        "Your choice is honest, and yet you read the test set in every epoch. What is looked at gets "
        "used: read it once, after the choice is made.",
    ),
    Misconception(
        "test set read at every record",
        _variant(at_records=True, report="kept"),
        "Your choice is honest, and yet you read the test set whenever the validation accuracy is the best so "
        "far. Keep the weights instead, and read the test set once, at the end.",
    ),
    Misconception(
        "a copy tested",
        _copy_tested,
        "You test the right weights, in a copy; the model that you were given ends with those of the last "
        "epoch. `model = copy` only renames your variable: `model.load_state_dict(...)` puts weights back.",
    ),
    Misconception(
        "wrong order",
        _wrong_order,
        "You return the two numbers the other way round: the epoch first, then the test accuracy.",
    ),
    Misconception(
        "last weights tested",
        _variant(copied=False),
        "You chose an epoch, and yet tested the weights of the last one. Either they were never put "
        "back with `model.load_state_dict`, or what you kept was no copy: `model.state_dict()` holds "
        "the very tensors that training goes on changing. Keep `copy.deepcopy(model.state_dict())`.",
    ),
    Misconception(
        "validation accuracy reported",
        _variant(report="val"),
        "You report the validation accuracy of the chosen epoch. It was the best of many, so it is too "
        "rosy: report the test accuracy.",
    ),
    Misconception(
        "epochs counted from 0",
        _variant(first=0),
        "You count epochs from 0; the first epoch is 1 here.",
    ),
    Misconception(
        "parameters kept, buffers not",
        _parameters_kept,
        "You put the parameters back, and the buffers are still those of the last epoch: batch norm's running "
        "averages, for example. `model.state_dict()` holds both; `model.load_state_dict` puts both back.",
    ),
    Misconception(
        "chosen by the loss",
        _variant(choose="loss"),
        "You choose the epoch with the lowest validation loss. Here the highest validation accuracy is asked "
        "for; the two need not fall on the same epoch.",
    ),
    Misconception(
        "worst epoch",
        _variant(worst=True),
        "You chose the epoch with the lowest validation accuracy; an accuracy is better when it is higher.",
    ),
    Misconception(
        "latest of equals",
        _variant(latest=True),
        "Two epochs have the same validation accuracy and you took the later one. The exercise asks "
        "for the first of them.",
    ),
    Misconception(
        "no choice",
        _last_epoch,
        "You take the last epoch whatever the validation set says.",
    ),
)


def _loss(cut: torch.Tensor, split: tuple) -> float:
    """The cross-entropy of the logits (-b, b), b = brightness - cut."""
    sign = 2.0 * split[1] - 1
    return torch.nn.functional.softplus(-2 * sign * (split[0] - cut)).mean().item()


def _case(rng: torch.Generator, epochs: int, label: str, tie: bool = False) -> Case:
    """Draw splits and weights until the best epochs by validation and by test, and the last, all differ."""
    for _ in range(10_000):
        val = (torch.rand(11, generator=rng), torch.randint(0, 2, (11,), generator=rng))
        test = (torch.rand(13, generator=rng), torch.randint(0, 2, (13,), generator=rng))
        cuts = torch.rand(epochs, generator=rng)
        on_val, on_test = ([_accuracy(cut, split) for cut in cuts] for split in (val, test))
        best, ties = on_val.index(max(on_val)), on_val.count(max(on_val))
        clear = (
            on_test[best] < max(on_test) and on_test[best] != on_test[-1] and on_test[best] != on_val[best]
        )
        if best != epochs - 1 and clear and (ties == 2) == tie and ties <= 2:
            if min(range(epochs), key=lambda i: _loss(cuts[i], val)) == best:
                continue
            others = [i for i in range(best + 1, epochs) if on_val[i] == max(on_val)]
            if not tie or on_test[others[0]] != on_test[best]:
                return Case((cuts, val, test), label=label)
    raise RuntimeError("no scene found in 10,000 draws")


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        _case(rng, 4, "4 epochs"),
        _case(rng, 6, "6 epochs; validation and test disagree"),
        _case(rng, 8, "8 epochs; two of them tie on validation", tie=True),
    ]


BEST_EPOCH = ObservedExercise(
    name="best_epoch",
    points=3,
    minutes=20,
    needs=("evaluate",),
    written="best_epoch(model, train_one_epoch, val_loader, test_loader, epochs)",
    oracle=reference,
    scene=choose_epoch,
    look=what_choice_did,
    cases=_cases,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "The check counts how often each loader is read: the validation loader in every epoch, the "
        "test loader once.",
        "Keep a copy of the weights whenever the validation accuracy is higher than ever before.",
        "`copy.deepcopy(model.state_dict())` is a copy; `model.state_dict()` alone changes as training "
        "goes on.",
        "After the loop: load the copy, evaluate on the test loader, return the epoch and that accuracy.",
    ),
    see="Three sets, three jobs",
)
