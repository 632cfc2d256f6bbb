"""Every sentence that a check says to a learner is written here: short, plain and kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import Difference, a_kind_of, as_tensor, is_array
from course_utils.checks.respond import Response, raised_in, where_raised

if TYPE_CHECKING:
    from course_utils.checks.exercise import Exercise, Failure

WIDTH = 6  # numbers of a row that fit beside each other


def points(number: int) -> str:
    return f"{number} point{'' if number == 1 else 's'}"


def all_right(exercise: Exercise, total: int) -> str:
    cases = f"all {total} cases right" if total > 1 else "right"
    return f"{exercise.name}: {cases}, {points(exercise.points)}"


def not_attempted(exercise: Exercise, response: Response) -> str:
    where = raised_in(response.error)
    if where and where not in {*exercise.own_names(), "<module>", "<lambda>", "__init__", "forward"}:
        return (
            f"{exercise.name}: not attempted yet, or waiting for `{where}`, which is not written yet.\n"
            f"  Write `{where}` first, run its cell, then run this one again."
        )
    return (
        f"{exercise.name}: not attempted yet.\n"
        "  Replace the line `raise NotImplementedError` in the cell above, run it, then run this one."
        + hint_line(exercise)
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
    label = f"    # {shown.case.label}" if shown.case.label else ""
    lines.append(f"  {exercise.describe(shown.case, answer)}{label}")
    lines += [f"    {line}" for line in both_values(shown.difference)]
    if known:
        lines.append(f"  {known.says if certain else exercise.partly(known)}")
    else:
        remark = exercise.remark(failures)
        lines += [f"  {remark}"] if remark else []
    return "\n".join([*lines, *closing(exercise, known)])


def closing(exercise: Exercise, known: Misconception | None) -> list[str]:
    """Where to read again and how to get a hint, on one line."""
    see = (known.see if known and known.see else "") or exercise.see
    parts = [f"See '{see}' in the lesson."] if see else []
    parts += [f"Stuck? check.{exercise.name}.hint()"] if exercise.hints else []
    return ["  " + " ".join(parts)] if parts else []


def both_values(difference: Difference) -> list[str]:
    """Expected above yours, aligned; or the sentence that says why they cannot be compared."""
    if isinstance(difference.got, BaseException):
        where = where_raised(difference.got)
        raised = f"raised {type(difference.got).__name__}: {shortened(difference.got)}"
        lines = [raised, f"in {where}"] if where else [raised]
        if isinstance(difference.got, TypeError) and "unexpected keyword argument" in str(difference.got):
            lines.append("The check passes options by name: keep the argument names of the stub.")
        return lines
    if difference.remark:
        return (
            [difference.remark] if difference.path == "" else [f"in {difference.path}: {difference.remark}"]
        )
    if difference.index is None:
        rows = [(difference.path, shown(difference.expected)), (difference.path, shown(difference.got))]
    else:
        rows = _rows(difference)
    (where, expected), (_, got) = rows
    return [f"expected{where}   {expected}", f"yours   {where}   {got}"]


def _rows(difference: Difference) -> list[tuple[str, str]]:
    """The row around the first wrong element, at most WIDTH numbers of it."""
    want, have, index = difference.expected, difference.got, difference.index
    if not want.ndim:
        return [(difference.path, shown(want)), (difference.path, shown(have))]
    start = max(0, min(index[-1] - WIDTH // 2, want.shape[-1] - WIDTH))
    window = slice(start, start + WIDTH)
    cut = "" if want.shape[-1] <= WIDTH else f"{start}:{min(start + WIDTH, want.shape[-1])}"
    place = ", ".join([*map(str, index[:-1]), *([cut] if cut else [])])
    where = difference.path + (f"[{place}]" if place else "")
    rows = want[index[:-1]][window], have[index[:-1]][window]
    left, right = map(numbers_of, rows)
    if left == right:  # equal as far as printed: show all digits rather than two identical rows
        left, right = ([f"{value:.9g}" for value in row.tolist()] for row in rows)
    width = max(map(len, [*left, *right]))
    return [(where, "  ".join(text.rjust(width) for text in row)) for row in (left, right)]


def numbers_of(row: torch.Tensor) -> list[str]:
    values = row.tolist()
    if not row.is_floating_point():
        return [str(value) for value in values]
    large = any(abs(value) >= 1e4 or 0 < abs(value) < 1e-3 for value in values)
    return [f"{value:.4g}" if large else f"{value:.3f}" for value in values]


def shown(value: Any) -> str:
    """One value on one line, cut where it would run on."""
    number = as_tensor(value)
    if number is not None and number.ndim == 0:
        return f"{number.item():.6g}" if number.is_floating_point() else str(number.item())
    if is_array(value):
        return f"{a_kind_of(value)} {tuple(value.shape)}"
    return shortened(repr(value))


def shortened(text: Any, limit: int = 160) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def written_call(name: str, case: Case, answer: Any, oracle: Callable) -> str:
    """`conv2d(images (2, 3, 7, 6), weight (4, 3, 3, 2), stride=2)` with the learner's own names."""
    names = _parameter_names(answer) or _parameter_names(oracle)
    parts = [
        _argument(names[position] if position < len(names) else "", value)
        for position, value in enumerate(case.args)
    ]
    parts += [_argument(key, value) for key, value in case.kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _parameter_names(function: Any) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


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
