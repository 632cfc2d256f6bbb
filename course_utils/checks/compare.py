"""Is what the learner returned equal to what was expected, and if not, where does it first differ?"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Tolerance:
    """|expected - got| <= atol + rtol * |expected|, element by element."""

    rtol: float = 1e-4
    atol: float = 1e-5


@dataclass(frozen=True)
class Difference:
    """The first place where two values disagree.

    `path` leads into tuples and dictionaries (" [1]", "['loss']"); `index` is the first wrong element
    of an array; `remark` is one plain sentence when the disagreement is of type or shape.
    """

    expected: Any
    got: Any
    path: str = ""
    index: tuple[int, ...] | None = None
    remark: str = ""


def find_difference(expected: Any, got: Any, tolerance: Tolerance, path: str = "") -> Difference | None:
    """None when `got` may stand for `expected`, else the first difference.

    Whole numbers refuse floats (a size is an int); floats accept Python numbers, NumPy scalars and
    0-d tensors of any float dtype; tensors accept NumPy arrays of the same shape; sequences accept
    lists for tuples. Shapes must agree exactly, so that (N,) never passes for (N, 1).
    """
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, got, tolerance, path)
    if isinstance(expected, (tuple, list)):
        return _sequence_difference(expected, got, tolerance, path)
    if is_array(expected) or isinstance(expected, numbers.Number):
        return _number_difference(expected, got, tolerance, path)
    same = type(expected) is type(got) and expected == got
    return None if same else Difference(expected, got, path, remark=_nothing_returned(got))


def is_array(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, np.ndarray, np.generic))


def as_tensor(value: Any) -> torch.Tensor | None:
    """A detached CPU tensor of a number, array or tensor; None when `value` is none of these."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, (bool, int, float, np.ndarray, np.generic)):
        array = np.asarray(value)
        return torch.from_numpy(array.copy()) if array.dtype.kind in "biuf" else None
    return None


def _nothing_returned(got: Any) -> str:
    return "Your function returned None: is there a `return` at its end?" if got is None else ""


def _mapping_difference(expected: Mapping, got: Any, tolerance: Tolerance, path: str) -> Difference | None:
    if not isinstance(got, Mapping):
        remark = _nothing_returned(got) or f"Expected a dictionary: {sorted(map(str, expected))}."
        return Difference(expected, got, path, remark=remark)
    if set(expected) != set(got):
        return Difference(expected, got, path, remark=f"The keys should be {sorted(map(str, expected))}.")
    for key in expected:
        found = find_difference(expected[key], got[key], tolerance, f"{path}[{key!r}]")
        if found:
            return found
    return None


def _sequence_difference(
    expected: tuple | list, got: Any, tolerance: Tolerance, path: str
) -> Difference | None:
    if is_array(got) and getattr(got, "ndim", 0) == 1:
        got = got.tolist()
    if not isinstance(got, (tuple, list)):
        remark = _nothing_returned(got) or f"Expected {len(expected)} values, in a tuple or list."
        return Difference(expected, got, path, remark=remark)
    if len(expected) != len(got):
        return Difference(expected, got, path, remark=f"Expected {len(expected)} values, got {len(got)}.")
    for position, (left, right) in enumerate(zip(expected, got, strict=True)):
        found = find_difference(left, right, tolerance, f"{path}[{position}]")
        if found:
            return found
    return None


def _number_difference(expected: Any, got: Any, tolerance: Tolerance, path: str) -> Difference | None:
    want, have = as_tensor(expected), as_tensor(got)
    if have is None:
        kind = "a tensor" if want.ndim else "a number"
        remark = _nothing_returned(got) or f"Expected {kind}, got {a_kind_of(got)}."
        return Difference(expected, got, path, remark=remark)
    if want.shape != have.shape:
        shapes = f"The shape should be {tuple(want.shape)}, yours is {tuple(have.shape)}."
        if not want.ndim:
            shapes = f"Expected a single number, yours has the shape {tuple(have.shape)}."
        return Difference(expected, got, path, remark=shapes)
    remark = _wrong_kind(want, have)
    if remark:
        return Difference(expected, got, path, remark=remark)
    close = torch.isclose(
        have.to(torch.float64),
        want.to(torch.float64),
        rtol=tolerance.rtol,
        atol=tolerance.atol,
        equal_nan=True,
    )
    if bool(close.all()):
        return None
    index = tuple((~close).nonzero()[0].tolist())
    return Difference(want, have, path, index=index)


def _wrong_kind(want: torch.Tensor, have: torch.Tensor) -> str:
    """True and 1 are different answers, and so are 4 and 4.0 where a count is asked for."""
    if (want.dtype == torch.bool) != (have.dtype == torch.bool):
        asked = "True or False" if want.dtype == torch.bool else "numbers"
        return f"Expected {asked}, got {str(have.dtype).removeprefix('torch.')}."
    if have.is_floating_point() and not want.is_floating_point():
        what = "a whole number (an int)" if not want.ndim else "whole numbers"
        return f"Expected {what}, got a float: `//` divides and rounds down to an int."
    return ""


def a_kind_of(value: Any) -> str:
    """How to name a value's type in a sentence."""
    if is_array(value):
        return "a tensor" if isinstance(value, torch.Tensor) else "an array"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
