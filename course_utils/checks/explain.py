"""Every sentence that a check says to a learner is written here: short, plain and kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import Difference
from course_utils.checks.respond import (
    Response,
    arguments_do_not_fit,
    error_text,
    parameter_names,
    raised_in,
    where_raised,
)
from course_utils.checks.showing import LINE, WIDTH, numbers_of, shortened, two_rows

if TYPE_CHECKING:
    from course_utils.checks.diagnosis import Failure
    from course_utils.checks.exercise import Exercise


def points(number: int) -> str:
    return f"{number} point{'' if number == 1 else 's'}"


def all_right(exercise: Exercise, total: int) -> str:
    cases = f"all {total} cases right" if total > 1 else "right"
    return f"{exercise.name}: {cases}, {points(exercise.points)}"


def not_attempted(exercise: Exercise, response: Response) -> str:
    other = waiting_for(exercise, response)
    if other:
        return (
            f"{exercise.name}: not attempted yet, or waiting for `{other}`, which is not written yet.\n"
            f"  Write `{other}` first, run its cell, then run this one again."
        )
    return (
        f"{exercise.name}: not attempted yet.\n"
        "  Replace `raise NotImplementedError` in the cell above, run it, then run this one."
        + hint_line(exercise)
    )


def waiting_for(exercise: Exercise, response: Response) -> str:
    """The function of another exercise that the answer calls and that is not written yet."""
    where = raised_in(response.error)
    own = {*exercise.own_names(), "<module>", "<lambda>", "__init__", "__call__", "forward"}
    return "" if where in own else where


def unfinished(exercise: Exercise, answer: Any, case: Case, stubs: int, total: int) -> str:
    """Some calls come back, others still reach a `raise NotImplementedError`."""
    return (
        f"{exercise.name}: not finished yet; {stubs} of {total} calls end at `raise NotImplementedError`.\n"
        f"  {exercise.describe(case, answer)}" + hint_line(exercise)
    )


def wrong_form(exercise: Exercise, sentence: str) -> str:
    return (
        f"{exercise.name}: nothing to check yet.\n  {sentence}: check.{exercise.name}({exercise.asks_for()})"
    )


def hint_line(exercise: Exercise) -> str:
    return f"\n  Stuck? check.{exercise.name}.hint()" if exercise.hints else ""


def failed(
    exercise: Exercise,
    answer: Any,
    right: int,
    total: int,
    shown: Failure,
    known: Misconception | None,
    certain: bool,
    failures: Sequence[Failure],
) -> str:
    """The whole text: the score, the call, both values, the mistake, where to read, how to get a hint."""
    lines = [f"{exercise.name}: {right} of {total} cases" if total > 1 else f"{exercise.name}: not right yet"]
    lines += _labelled(f"  {exercise.describe(shown.case, answer)}", shown.case.label)
    lines += [f"    {line}" for line in both_values(shown.difference)]
    if known:
        lines.append(f"  {known.says if certain else exercise.partly(known)}")
    else:
        remark = exercise.remark(failures)
        lines += [f"  {remark}"] if remark else []
    return "\n".join([*lines, *closing(exercise, known)])


def _labelled(call: str, label: str) -> list[str]:
    """The call with what it probes as a comment: behind it where that fits, else on a line of its own."""
    if not label:
        return [call]
    line = f"{call}    # {label}"
    return [line] if len(line) <= LINE else [call, f"  # {label}"]


def closing(exercise: Exercise, known: Misconception | None) -> list[str]:
    """Where to read again and how to get a hint, on one line."""
    see = (known.see if known and known.see else "") or exercise.see
    parts = [f"See '{see}' in the lesson."] if see else []
    parts += [f"Stuck? check.{exercise.name}.hint()"] if exercise.hints else []
    return ["  " + " ".join(parts)] if parts else []


def both_values(difference: Difference) -> list[str]:
    """Expected above yours, aligned; or the sentence that says why they cannot be compared."""
    if isinstance(difference.got, BaseException):
        return [*_raised(difference.got), *([difference.remark] if difference.remark else [])]
    if difference.remark:
        return [f"in {difference.path}: {difference.remark}" if difference.path else difference.remark]
    return two_rows(difference)


def _raised(error: BaseException) -> list[str]:
    """The exception, the learner's line, and what to do where the call itself cannot work."""
    text, where = shortened(error_text(error)), where_raised(error)
    lines = [f"raised {type(error).__name__}" + (f": {text}" if text else "")]
    lines += [f"in {shortened(where)}"] if where else []
    if arguments_do_not_fit(error):
        lines.append("The check calls it as above: keep the stub's arguments, names and defaults.")
    return lines


def written_call(name: str, case: Case, answer: Any, oracle: Callable) -> str:
    """`conv2d(images (2, 3, 7, 6), weight (4, 3, 3, 2), stride=2)` with the learner's own names."""
    names = parameter_names(answer) or parameter_names(oracle)
    parts = [
        _argument(names[position] if position < len(names) else "", value)
        for position, value in enumerate(case.args)
    ]
    parts += [_argument(key, value) for key, value in case.kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _argument(name: str, value: Any) -> str:
    if isinstance(value, (torch.Tensor, np.ndarray)):
        body = _small(torch.as_tensor(value))
        if body:
            return f"{name}={body}" if name else body
        return f"{name} {tuple(value.shape)}".strip()
    if isinstance(value, torch.nn.Module):
        text = type(value).__name__
    elif callable(value):
        text = getattr(value, "__name__", type(value).__name__)
    else:
        text = shortened(repr(value), 60)
    return f"{name}={text}" if name else text


def _small(tensor: torch.Tensor) -> str:
    """A scalar or short vector written out; longer tensors are named by their shape instead."""
    if tensor.ndim > 1 or tensor.numel() > WIDTH:
        return ""
    body = numbers_of(tensor.reshape(-1))
    return body[0] if tensor.ndim == 0 else f"[{', '.join(body)}]"
