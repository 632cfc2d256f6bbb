"""Lesson 06: the exercise `train_step`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.first_cnn.shared import mode_shown, seed_from
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.first_cnn import take_steps


def what_steps_did(raw: Mapping[str, Any], kind: str, _optimizer, _sizes, _mode, seed: int) -> dict:
    """What each step returned and in which order it worked, the weights and the mode at the end."""
    graphs = [_has_graph(value) for value in raw["returned"]]
    return {
        "the order": ", then ".join(raw["events"]),
        **{f"returned by step {number}": value for number, value in enumerate(raw["returned"], 1)},
        "the weights afterwards": raw["weights"],
        "the mode afterwards": mode_shown(raw, kind, seed),
        "a returned tensor still has its graph": any(graphs),
    }


def _has_graph(value: Any) -> bool:
    parts = value if isinstance(value, (tuple, list)) else [value]
    return any(isinstance(part, torch.Tensor) and part.requires_grad for part in parts)


def reference(model, images, labels, optimizer):
    """By autograd.grad, so that it shares no line with the lesson's answer."""
    model.train()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    logits = model(images)
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    loss = -log_p.gather(1, labels[:, None]).mean()
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def _variant(
    *, loss_of=F.cross_entropy, order=("zero", "backward", "step"), train=True, again=False, returns=None
) -> Callable:
    """A training step that departs from the right one in what is named."""

    def answer(model, images, labels, optimizer):
        if train:
            model.train()
        logits = model(images)
        loss = loss_of(logits, labels)
        do = {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}
        for name in order:
            do[name]()
        if again:
            logits = model(images)
            loss = loss_of(logits, labels)
        correct = int((logits.argmax(1) == labels).sum())
        return returns(loss, correct, labels) if returns else (loss.item(), correct)

    return answer


def _own_optimizer(model, images, labels, optimizer):
    mine = torch.optim.SGD(model.parameters(), lr=0.1)
    return _variant()(model, images, labels, mine)


def _counted_after(model, images, labels, optimizer):
    loss, _ = _variant()(model, images, labels, optimizer)
    return loss, int((model(images).argmax(1) == labels).sum())


def _summed_for_backward(model, images, labels, optimizer):
    step = _variant(
        loss_of=lambda logits, labels: F.cross_entropy(logits, labels, reduction="sum"),
        returns=lambda loss, correct, labels: (loss.item() / len(labels), correct),
    )
    return step(model, images, labels, optimizer)


def _argmax_of_all(model, images, labels, optimizer):
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), int((logits.argmax() == labels).sum())


MISCONCEPTIONS = (
    Misconception(
        "loss with its graph",
        _variant(returns=lambda loss, correct, labels: (loss, correct)),
        "You return the loss as a tensor that still holds the graph of the whole batch: whoever adds such "
        "losses up keeps every graph in memory. Return `loss.item()`.",
    ),
    Misconception(
        "right answers counted after the step",
        _counted_after,
        "You count the right answers with the weights after the step. Count them in the logits that you "
        "have, from before the step: it costs no second forward pass.",
    ),
    Misconception(
        "summed for backward",
        _summed_for_backward,
        "You return the mean loss, and call `backward` on the sum over the batch: the gradients are too large "
        "by the number of images. Call `backward` on the mean.",
    ),
    Misconception(
        "argmax without dim",
        _argmax_of_all,
        "`logits.argmax()` without `dim` gives one position in the whole table, not one class for each image: "
        "write `logits.argmax(dim=1)`.",
    ),
    Misconception(
        "gradients not zeroed",
        _variant(order=("backward", "step")),
        "Your gradients pile up: `backward` adds to what is in `.grad` already, so from the second "
        "step on you follow the sum of all gradients so far. Clear them with `optimizer.zero_grad()` "
        "before `backward`.",
    ),
    Misconception(
        "step before backward",
        _variant(order=("zero", "step", "backward")),
        "You step before you know where to go: `optimizer.step()` runs before `loss.backward()`, so it "
        "uses no gradient at all. First backward, then step.",
    ),
    Misconception(
        "step before backward, gradients of the last batch",
        _variant(order=("step", "zero", "backward")),
        "You step with the gradients of the batch before: `optimizer.step()` runs before "
        "`loss.backward()`. First backward, then step.",
    ),
    Misconception(
        "gradients cleared before they are used",
        _variant(order=("backward", "zero", "step")),
        "You clear the gradients after `backward` and before `step`, so the step has nothing to go by. "
        "Clear them before `backward`.",
    ),
    Misconception(
        "no step",
        _variant(order=("zero", "backward")),
        "You compute the gradients and never use them: the weights do not change. `optimizer.step()` "
        "is missing.",
    ),
    Misconception(
        "no backward",
        _variant(order=("zero", "step")),
        "The weights never learn from the loss: no gradient reaches them. Either `loss.backward()` is missing, "
        "or the logits were cut off from the weights, as `detach` does.",
    ),
    Misconception(
        "softmax twice",
        _variant(loss_of=lambda logits, labels: F.cross_entropy(logits.softmax(dim=1), labels)),
        "You apply the softmax twice: `F.cross_entropy` wants the logits and does the softmax itself.",
    ),
    Misconception(
        "log of the softmax twice",
        _variant(loss_of=lambda logits, labels: F.nll_loss(logits.softmax(dim=1), labels)),
        "You give probabilities where their logarithms are wanted: `F.nll_loss` takes "
        "log-probabilities. Give the logits to `F.cross_entropy` instead.",
    ),
    Misconception(
        "sum instead of mean",
        _variant(loss_of=lambda logits, labels: F.cross_entropy(logits, labels, reduction="sum")),
        "Your loss is the sum over the batch. With the mean, the size of a step does not depend on how "
        "many images the batch happens to hold.",
    ),
    Misconception(
        "squared error",
        _variant(
            loss_of=lambda logits, labels: F.mse_loss(logits, F.one_hot(labels, logits.shape[1]).float())
        ),
        "Your loss is the squared error between logits and one-hot labels. This exercise asks for the "
        "cross-entropy.",
    ),
    Misconception(
        "left in evaluation mode",
        _variant(train=False),
        "The model may come to you in evaluation mode, and you leave it there: dropout and batch norm "
        "then do not work as in training. Call `model.train()` first.",
    ),
    Misconception(
        "loss after the step",
        _variant(again=True),
        "You return the loss after the step. What is asked for is the loss that the gradients were "
        "taken of, before the step: it costs no second forward pass.",
    ),
    Misconception(
        "loss summed, step right",
        _variant(returns=lambda loss, correct, labels: (loss.item() * len(labels), correct)),
        "Your step is right, and you return the loss summed over the batch; the mean is asked for.",
    ),
    Misconception(
        "accuracy instead of a count",
        _variant(returns=lambda loss, correct, labels: (loss.item(), correct / len(labels))),
        "You return the share of right answers. What is asked for is their number: shares of batches "
        "of different sizes cannot be averaged.",
    ),
    Misconception(
        "percentage instead of a count",
        _variant(returns=lambda loss, correct, labels: (loss.item(), 100 * correct / len(labels))),
        "You return the right answers in per cent. What is asked for is their number: shares of batches of "
        "different sizes cannot be averaged.",
    ),
    Misconception(
        "wrong order",
        _variant(returns=lambda loss, correct, labels: (correct, loss.item())),
        "You return the two numbers the other way round: the mean loss first, then the number of right answers.",
    ),
    Misconception(
        "loss only",
        _variant(returns=lambda loss, correct, labels: loss.item()),
        "You return the loss alone. Return two things: the mean loss and the number of right answers.",
    ),
    Misconception(
        "nothing returned",
        _variant(returns=lambda loss, correct, labels: None),
        "Your step runs, and your function returns nothing. Return the mean loss and the number of "
        "right answers.",
    ),
    Misconception(
        "an optimizer of its own",
        _own_optimizer,
        "You made a new optimizer inside: the one you were given knows the learning rate, the momentum "
        "and the weight decay that were chosen.",
    ),
)


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        Case(("plain", "SGD", (5, 5, 3), "training", seed_from(rng)), label="three steps of plain SGD"),
        Case(("plain", "momentum", (4, 4, 2), "training", seed_from(rng)), label="momentum and weight decay"),
        Case(
            ("plain", "AdamW", (6, 6, 1), "training", seed_from(rng)), label="AdamW, last batch of one image"
        ),
        Case(("moody", "SGD", (6, 6, 4), "training", seed_from(rng)), label="batch norm and dropout"),
        Case(
            ("moody", "AdamW", (6, 5, 3), "evaluation", seed_from(rng)),
            label="the model comes in evaluation mode",
        ),
    ]


TRAIN_STEP = ObservedExercise(
    name="train_step",
    points=3,
    minutes=15,
    by_hand=("train_step", "train_epochs"),
    written="train_step(model, images, labels, optimizer), called once for each of three batches",
    oracle=reference,
    scene=take_steps,
    look=what_steps_did,
    cases=_cases,
    rtol=1e-3,
    atol=1e-4,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Five things happen to a batch: forward, loss, clear old gradients, backward, step.",
        "`F.cross_entropy(logits, labels)` wants logits and gives the mean over the batch.",
        "`backward` adds to `.grad`; so `optimizer.zero_grad()` has to come before it, and "
        "`optimizer.step()` after.",
        "Return `loss.item()` and `(logits.argmax(dim=1) == labels).sum().item()`; both use the logits "
        "that you have.",
    ),
    see="One step",
)
