"""Lesson 08: the exercise `one_cycle`."""

from __future__ import annotations

import math

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.making_it_train.draws import uniform, whole


def _of_torch(step, total, max_lr, warmup=0.3):
    """The rate that PyTorch's own scheduler has after `step` steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=max_lr, total_steps=total, pct_start=warmup, cycle_momentum=False
    )
    for _ in range(step):
        optimizer.step()
        schedule.step()
    return float(optimizer.param_groups[0]["lr"])


def _cases(rng: torch.Generator) -> list[Case]:
    total = whole(rng, 41, 59)
    rate = uniform(rng, 0.03, 0.3)
    top = int(0.3 * total - 1)
    return [
        Case((0, total, rate), label="the first step"),
        Case((whole(rng, 2, top // 2), total, rate), label="on the way up"),
        Case((top, total, rate), label="just before the top"),
        Case((top + 1, total, rate), label="just after the top"),
        Case((whole(rng, total // 2, total - 12), total, rate), label="on the way down"),
        Case((total - 2, total, rate), label="the last step but one"),
        Case((total - 1, total, rate), label="the last step"),
        Case((29, 100, 1.0), label="the top falls on a step"),
        Case((whole(rng, 4, 8), 24, rate, 0.5), label="on the way up, a long warm-up"),
        Case((whole(rng, 12, 20), 24, rate, 0.1), label="on the way down, a short warm-up"),
    ]


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _line(start: float, end: float, share: float) -> float:
    return start + (end - start) * share


def _variant(
    *,
    up=_cosine,
    down=_cosine,
    top=None,
    end=None,
    first=1 / 25,
    last=1 / 250_000,
    always=None,
    share=lambda step, peak, stop: (step - peak) / (stop - peak),
):
    """One cycle that departs from PyTorch's in what is named; rates are shares of max_lr."""

    def answer(step, total, max_lr, warmup=0.3):
        warmup = always if always is not None else warmup
        peak = top(total, warmup) if top else warmup * total - 1
        stop = end(total) if end else total - 1
        if step <= peak:
            return max_lr * up(first, 1.0, step / peak)
        return max_lr * down(1.0, last, share(step, peak, stop))

    return answer


ONE_CYCLE = FunctionExercise(
    name="one_cycle",
    points=2,
    minutes=15,
    by_hand=("OneCycleLR", "CosineAnnealingLR", "learning_rate"),
    oracle=_of_torch,
    cases=_cases,
    rtol=1e-5,
    atol=1e-12,
    misconceptions=(
        Misconception(
            "straight lines",
            _variant(up=_line, down=_line),
            "You go up and down in straight lines. Both parts are halves of a cosine here.",
        ),
        Misconception(
            "a straight line up",
            _variant(up=_line),
            "Your way down is right. The way up is half a cosine, too, not a straight line.",
        ),
        Misconception(
            "a straight line down",
            _variant(down=_line),
            "Your way up is right. The way down is half a cosine, too, not a straight line.",
        ),
        Misconception(
            "top one step late",
            _variant(top=lambda total, warmup: warmup * total),
            "Your top comes one step late. Steps are counted from 0, so it stands at warmup · total - 1.",
        ),
        Misconception(
            "end one step late",
            _variant(end=lambda total: total),
            "Your cycle ends at step `total`, which never comes. The last step is total - 1.",
        ),
        Misconception(
            "top and end one step late",
            _variant(top=lambda total, warmup: warmup * total, end=lambda total: total),
            "Top and end both come one step late. Steps are counted from 0: the top stands at warmup · total - 1, "
            "the end at total - 1.",
        ),
        Misconception(
            "top rounded",
            _variant(top=lambda total, warmup: int(warmup * total) - 1),
            "You round the top to a whole step. It may stand between two steps: warmup · total - 1 as it is.",
        ),
        Misconception(
            "last rate a share of the highest",
            _variant(last=1e-4),
            "Your last rate is max_lr / 10,000. It is the *first* rate that is divided by 10,000.",
        ),
        Misconception(
            "down to the first rate",
            _variant(last=1 / 25),
            "You come down to the first rate. The last one is 10,000 times smaller.",
        ),
        Misconception(
            "down to zero",
            _variant(last=0.0),
            "You come down to 0. The last rate is the first one divided by 10,000: small, not 0.",
        ),
        Misconception(
            "up from zero",
            _variant(first=0.0),
            "You begin at 0. The first rate is max_lr / 25.",
        ),
        Misconception(
            "warmup ignored",
            _variant(always=0.3),
            "You put the top at 0.3 of the run, whatever `warmup` says.",
        ),
        Misconception(
            "top in the middle",
            _variant(always=0.5),
            "You put the top in the middle of the run. It stands where `warmup` says.",
        ),
        Misconception(
            "the way down counted from step 0",
            _variant(share=lambda step, peak, stop: step / stop),
            "On the way down you count the share from step 0. It is 0 at the top: (step - u) / (total - 1 - u).",
        ),
        Misconception(
            "the way down divided by the whole",
            _variant(share=lambda step, peak, stop: (step - peak) / stop),
            "On the way down you divide by total - 1, so the share never becomes 1. That part is only total - 1 - u "
            "long.",
        ),
        Misconception(
            "no way up",
            lambda step, total, max_lr, warmup=0.3: max_lr * _cosine(1.0, 1 / 250_000, step / (total - 1)),
            "Your rate only falls: that is the cosine schedule. One cycle rises first.",
        ),
        Misconception(
            "the cosine starts and ends swapped",
            _variant(up=lambda a, b, q: _cosine(b, a, q), down=lambda a, b, q: _cosine(b, a, q)),
            "Your cosine goes from the end to the start: at share 0 it must give the rate that the part begins with.",
        ),
    ),
    hints=(
        "Write the cosine between two rates as a helper: start, end and share q in; check it at q = 0 and q = 1.",
        "Up: the share is step / u. Down: (step - u) / (total - 1 - u).",
    ),
    see="A learning rate that moves",
)
