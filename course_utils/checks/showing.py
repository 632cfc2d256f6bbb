"""How values are written for a learner: short, on one line, expected and given in the same form."""

from __future__ import annotations

import math
import reprlib
from typing import Any

import torch

from course_utils.checks.compare import Difference, a_kind_of, as_tensor, is_array

WIDTH = 6  # numbers of a row beside each other, where they fit
LINE = 88  # characters; notebooks break longer lines of an error in the middle of a word
MARGIN = len("    expected   ")

_repr = reprlib.Repr()
_repr.maxlevel, _repr.maxstring, _repr.maxother = 4, 160, 160


def shown(value: Any) -> str:
    """One value on one line, cut where it would run on."""
    number = as_tensor(value)
    if number is not None and number.ndim == 0:
        return f"{number.item():.6g}" if number.is_floating_point() else str(number.item())
    if is_array(value) and getattr(value, "ndim", 0):
        return f"{a_kind_of(value)} {tuple(value.shape)}"
    return shortened(_repr.repr(value))


def shortened(text: Any, limit: int = 160) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def two_rows(difference: Difference) -> list[str]:
    """Expected above yours, aligned."""
    if difference.index is None or not difference.expected.ndim:
        where, texts = difference.path, ([shown(difference.expected)], [shown(difference.got)])
    else:
        where, texts = _rows(difference)
    width = max(map(len, [*texts[0], *texts[1]]))
    align = str.rjust if len(texts[0]) > 1 else lambda text, _: text
    expected, got = ("  ".join(align(text, width) for text in row) for row in texts)
    return [f"expected{where}   {expected}", f"yours   {where}   {got}"]


def _rows(difference: Difference) -> tuple[str, tuple[list[str], list[str]]]:
    """The row around the first wrong element: as many of its numbers as a line holds, WIDTH at most."""
    for count in range(WIDTH, 0, -1):
        where, rows = _window(difference, count)
        width = max(map(len, [*rows[0], *rows[1]]))
        if MARGIN + len(where) + (width + 2) * len(rows[0]) <= LINE:
            break
    return where, rows


def _window(difference: Difference, count: int) -> tuple[str, tuple[list[str], list[str]]]:
    want, have, index = difference.expected, difference.got, difference.index
    length = want.shape[-1]
    start = max(0, min(index[-1] - count // 2, length - count))
    cut = [] if length <= count else [f"{start}:{start + count}"]
    place = ", ".join([*map(str, index[:-1]), *cut])
    rows = [tensor[index[:-1]][start : start + count] for tensor in (want, have)]
    return difference.path + (f"[{place}]" if place else ""), _in_one_form(*rows)


def _in_one_form(left: torch.Tensor, right: torch.Tensor) -> tuple[list[str], list[str]]:
    form = ".4g" if _is_far_from_one(left) or _is_far_from_one(right) else ".3f"
    texts = numbers_of(left, form), numbers_of(right, form)
    if texts[0] == texts[1]:  # equal as far as printed: show all digits rather than two identical rows
        texts = numbers_of(left, ".9g"), numbers_of(right, ".9g")
    return texts


def _is_far_from_one(row: torch.Tensor) -> bool:
    """Would three decimals hide or swamp a number of this row?"""
    return row.is_floating_point() and any(
        math.isfinite(value) and (abs(value) >= 1e4 or 0 < abs(value) < 1e-3) for value in row.tolist()
    )


def numbers_of(row: torch.Tensor, form: str = "") -> list[str]:
    if not row.is_floating_point():
        return [str(value) for value in row.tolist()]
    form = form or (".4g" if _is_far_from_one(row) else ".3f")
    return [f"{value:{form}}" for value in row.tolist()]
