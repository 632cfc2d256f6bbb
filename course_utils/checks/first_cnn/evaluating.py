"""Lesson 06: the exercise `evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.first_cnn.shared import mode_shown, seed_from
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.first_cnn import evaluate_once


def what_evaluation_did(raw: Mapping[str, Any], kind: str, _sizes, _mode, seed: int) -> dict:
    """What came back, and what the model is like afterwards."""
    returned, buffers = raw["returned"], zip(raw["buffers before"], raw["buffers"], strict=True)
    return {
        "returned": returned if not isinstance(returned, list) else tuple(returned),
        "the mode afterwards": mode_shown(raw, kind, seed),
        "gradients were recorded": raw["recorded"],
        "gradients can be recorded afterwards": raw["still on"],
        "batch norm's averages changed": not all(torch.equal(before, after) for before, after in buffers),
    }


def reference(model, loader):
    """All logits first, then one mean: nothing about it depends on the batches."""
    before = model.training
    model.train(False)
    with torch.inference_mode():
        given = list(loader)
        logits = torch.cat([model(images) for images, _ in given])
        labels = torch.cat([labels for _, labels in given])
        losses = logits.logsumexp(1) - logits.gather(1, labels[:, None])[:, 0]
    model.train(before)
    return losses.mean().item(), (logits.argmax(1) == labels).double().mean().item()


def _variant(
    *,
    evaluation=True,
    restore=True,
    grad=False,
    means=False,
    softmax=False,
    counts=False,
    divide=True,
    by_batches=False,
    last_only=False,
    over_batches=False,
    swapped=False,
) -> Callable:
    """An evaluation that departs from the right one in what is named."""

    def answer(model, loader):
        before = model.training
        if evaluation:
            model.eval()
        rows = []
        with torch.set_grad_enabled(grad):
            for images, labels in loader:
                logits = model(images)
                scores = logits.softmax(1) if softmax else logits
                loss = F.cross_entropy(scores, labels, reduction="sum").item()
                rows.append((loss, (logits.argmax(1) == labels).sum().item(), len(labels)))
        if evaluation and restore is True:
            model.train(before)
        elif restore == "train":
            model.train()
        rows = rows[-1:] if last_only else rows
        if means:
            return (sum(a / n for a, _, n in rows) / len(rows), sum(c / n for _, c, n in rows) / len(rows))
        loss, correct, count = (sum(column) for column in zip(*rows, strict=True))
        if by_batches:
            return sum(a / n for a, _, n in rows) / len(rows), correct / count
        if not divide:
            return loss, correct / count
        if over_batches:
            return loss / len(rows), correct / count
        if swapped:
            return correct / count, loss / count
        return loss / count, correct if counts else correct / count

    return answer


def _gradients_left_off(model, loader):
    torch.set_grad_enabled(False)
    return _variant()(model, loader)


MISCONCEPTIONS = (
    Misconception(
        "gradients left switched off",
        _gradients_left_off,
        "Your numbers are right, and after your function gradients stay switched off for the whole notebook: "
        "no training would work any more. Use `with torch.no_grad():`, which ends by itself, and run "
        "`torch.set_grad_enabled(True)` once now.",
    ),
    Misconception(
        "no evaluation mode",
        _variant(evaluation=False),
        "You evaluate in whatever mode the model is in: in training mode dropout throws features away, "
        "batch norm uses the batch's own mean, and even updates its averages. Call `model.eval()` "
        "first.",
    ),
    Misconception(
        "mean of batch means",
        _variant(means=True),
        "You average the batches' means: the images of a small last batch then count more than the "
        "others. Add up over images, and divide once by their number.",
    ),
    Misconception(
        "mean of batch means for the loss",
        _variant(by_batches=True),
        "Your accuracy is right; your loss is the mean of the batches' means, in which the images of a "
        "small last batch count more. Add up over images, and divide once by their number.",
    ),
    Misconception(
        "left in evaluation mode",
        _variant(restore=False),
        "You leave the model in evaluation mode: a loop that does not switch back would train on without "
        "dropout and with batch norm's averages standing still. Put it back into the mode in which you found it.",
    ),
    Misconception(
        "always back to training mode",
        _variant(restore="train"),
        "You switch to training mode at the end, whatever it was before. A model that came to you in "
        "evaluation mode should leave in evaluation mode: remember `model.training` at the start.",
    ),
    Misconception(
        "gradients recorded",
        _variant(grad=True),
        "Your numbers are right, and PyTorch recorded everything for a backward pass that never comes: "
        "that costs memory and time. Evaluate under `torch.no_grad()`.",
    ),
    Misconception(
        "softmax twice",
        _variant(softmax=True),
        "Your loss applies the softmax twice: `F.cross_entropy` wants the logits.",
    ),
    Misconception(
        "number instead of share",
        _variant(counts=True),
        "You return how many images are right; the accuracy is their share, between 0 and 1.",
    ),
    Misconception(
        "loss summed",
        _variant(divide=False),
        "Your loss is the sum over all images. Divide it by their number.",
    ),
    Misconception(
        "sum divided by the number of batches",
        _variant(over_batches=True),
        "You add up the losses of the images and divide by the number of batches. Divide by the number of "
        "images.",
    ),
    Misconception(
        "wrong order",
        _variant(swapped=True),
        "You return the two numbers the other way round: the mean loss first, then the accuracy.",
    ),
    Misconception(
        "last batch only",
        _variant(last_only=True),
        "Your numbers are those of the last batch alone: add up over all batches.",
    ),
    Misconception(
        "no evaluation mode and gradients recorded",
        _variant(evaluation=False, grad=True),
        "Two things are missing: `model.eval()` before the loop, so that dropout and batch norm keep "
        "still, and `torch.no_grad()` around it.",
    ),
    Misconception(
        "no evaluation mode, mean of batch means",
        _variant(evaluation=False, grad=True, means=True),
        "You evaluate in whatever mode the model is in, record gradients, and average the batches' "
        "means. Start with `model.eval()` and `torch.no_grad()`; then add up over images and divide "
        "once.",
    ),
)


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        Case(("plain", (4, 4, 4), "training", seed_from(rng)), label="a model without dropout or batch norm"),
        Case(("plain", (5, 5, 2), "training", seed_from(rng)), label="12 images in batches of 5"),
        Case(("plain", (7, 1), "evaluation", seed_from(rng)), label="the last batch is one image"),
        Case(
            ("moody", (6, 6, 3), "training", seed_from(rng)), label="batch norm and dropout, in training mode"
        ),
        Case(
            ("moody", (6, 6, 3), "evaluation", seed_from(rng)),
            label="batch norm and dropout, in evaluation mode",
        ),
    ]


EVALUATE = ObservedExercise(
    name="evaluate",
    points=3,
    minutes=15,
    by_hand=("evaluate",),
    written="evaluate(model, loader)",
    oracle=reference,
    scene=evaluate_once,
    look=what_evaluation_did,
    cases=_cases,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Three things must not happen: that dropout is at work, that gradients are recorded, and that "
        "the model comes back in another mode.",
        "Remember `model.training` before you call `model.eval()`; `model.train(remembered)` puts it back.",
        '`F.cross_entropy(logits, labels, reduction="sum")` can be added up over batches of any size.',
        "Keep three running numbers: sum of the losses, right answers, images. Divide the first two by "
        "the third.",
    ),
    see="Evaluating without disturbing",
)
