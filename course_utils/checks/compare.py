"""Is what the learner returned equal to what was expected, and if not, where does it first differ?"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

COMPLEX = "Expected real numbers, got complex ones: take the real part."


@dataclass(frozen=True)
class Tolerance:
    """|expected - got| <= atol + rtol * |expected|, element by element. Whole numbers must be equal."""

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
    """A detached, dense CPU tensor of real numbers; None when `value` cannot be made one.

    Never raises: learners return tensors on the meta device, nested ones, arrays of objects.
    """
    try:
        if isinstance(value, torch.Tensor):
            tensor = _dense(value)
        elif isinstance(value, (bool, int, float, np.ndarray, np.generic)):
            tensor = _from_numpy(np.asarray(value))
        else:
            return None
    except Exception:
        return None
    return None if tensor is None or tensor.is_complex() or tensor.is_nested else tensor


def _dense(value: torch.Tensor) -> torch.Tensor:
    with torch._C.DisableTorchFunctionSubclass():  # a learner's subclass may do anything
        tensor = value.detach()
        tensor = tensor.dequantize() if tensor.is_quantized else tensor
        return (tensor if tensor.layout is torch.strided else tensor.to_dense()).cpu()


def _from_numpy(array: np.ndarray) -> torch.Tensor | None:
    """PyTorch knows neither long doubles, nor foreign byte orders, nor every unsigned type."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind not in "biuf":
        return None
    if kind == "u" and size == 8:
        return torch.from_numpy(array.astype(np.int64)) if (array < 2**63).all() else None
    plain = np.float64 if kind == "f" and size > 8 else array.dtype.newbyteorder("=")
    return torch.from_numpy(array.astype(plain))


def _nothing_returned(got: Any) -> str:
    return "Your function returned None: is there a `return` at its end?" if got is None else ""


def _why_not_numbers(got: Any, kind: str) -> str:
    """Why `got` cannot be compared with real numbers; nothing for a whole number beyond 64 bits."""
    if isinstance(got, int):
        return ""
    if isinstance(got, torch.Tensor):
        return _unreadable(got)
    if isinstance(got, (complex, np.ndarray, np.generic)) and np.iscomplexobj(got):
        return COMPLEX
    return _nothing_returned(got) or f"Expected {kind}, got {a_kind_of(got)}."


def _unreadable(tensor: torch.Tensor) -> str:
    with torch._C.DisableTorchFunctionSubclass():
        if tensor.is_complex():
            return COMPLEX
        where = ": it lies on the device `meta`" if tensor.is_meta else ""
        return f"The numbers of your tensor cannot be read{where}."


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
    row = as_tensor(got) if is_array(got) else None
    if row is not None and row.ndim == 1:
        got = row[: len(expected) + 1].tolist()  # one too many is enough to tell that it is too long
    if not isinstance(got, (tuple, list)):
        remark = _nothing_returned(got) or f"Expected {len(expected)} values, in a tuple or list."
        return Difference(expected, got, path, remark=remark)
    if len(expected) != len(got):
        count = len(got) if row is None else len(row)
        return Difference(expected, got, path, remark=f"Expected {len(expected)} values, got {count}.")
    for position, (left, right) in enumerate(zip(expected, got, strict=True)):
        found = find_difference(left, right, tolerance, f"{path}[{position}]")
        if found:
            return found
    return None


def _number_difference(expected: Any, got: Any, tolerance: Tolerance, path: str) -> Difference | None:
    want, have = as_tensor(expected), as_tensor(got)
    if have is None:
        kind = "a tensor" if want.ndim else "a number"
        return Difference(expected, got, path, remark=_why_not_numbers(got, kind))
    if want.shape != have.shape:
        shapes = f"The shape should be {tuple(want.shape)}, yours is {tuple(have.shape)}."
        if not want.ndim:
            shapes = f"Expected a single number, yours has the shape {tuple(have.shape)}."
        return Difference(expected, got, path, remark=shapes)
    remark = _wrong_kind(want, have)
    if remark:
        return Difference(expected, got, path, remark=remark)
    close = _close(want, have, tolerance)
    if bool(close.all()):
        return None
    index = tuple((~close).nonzero()[0].tolist())
    return Difference(want, have, path, index=index)


def _close(want: torch.Tensor, have: torch.Tensor, tolerance: Tolerance) -> torch.Tensor:
    """Where two tensors of one shape agree: whole numbers exactly, others within the tolerance."""
    if not want.is_floating_point():
        return have.to(torch.int64) == want.to(torch.int64)
    return torch.isclose(
        have.to(torch.float64),
        want.to(torch.float64),
        rtol=tolerance.rtol,
        atol=tolerance.atol,
        equal_nan=True,
    )


def _wrong_kind(want: torch.Tensor, have: torch.Tensor) -> str:
    """True and 1 are different answers, and so are 4 and 4.0 where a count is asked for."""
    if (want.dtype == torch.bool) != (have.dtype == torch.bool):
        asked = "True or False" if want.dtype == torch.bool else "numbers"
        return f"Expected {asked}, got {str(have.dtype).removeprefix('torch.')}."
    if have.is_floating_point() and not want.is_floating_point():
        what = "a whole number (an int)" if not want.ndim else "whole numbers"
        return f"Expected {what}, got a float."
    return ""


def a_kind_of(value: Any) -> str:
    """How to name a value's type in a sentence."""
    if isinstance(value, torch.Tensor):
        return "a tensor"
    if isinstance(value, np.ndarray):
        return "an array" if value.dtype.kind in "biufc" else f"an array of the type {value.dtype}"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
