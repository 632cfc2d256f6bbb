"""What wrong numbers tell by themselves: one factor throughout, a turned sign, a transposition, digits lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from course_utils.checks.compare import as_tensor

LOGARITHMS = {1 / math.log(2): 2, 1 / math.log(10): 10}


def pattern(pairs: Sequence[tuple[Any, Any]], what: str = "Every number") -> str:
    """A sentence when all wrong values are the right ones times one factor, transposed or rounded.

    `what` names the values compared, where they are a part of the answer only.
    """
    found = [(as_tensor(expected), as_tensor(got)) for expected, got in pairs]
    if not found or any(e is None or g is None for e, g in found):
        return ""
    if all(e.ndim == 2 == g.ndim and not _close(e, g) and _close(e.T, g) for e, g in found):
        return "Your result is the right one transposed: rows and columns have changed places."
    if any(e.shape != g.shape for e, g in found):
        return ""
    got_types = {g.dtype for _, g in found}
    expected = torch.cat([e.reshape(-1).double() for e, _ in found])
    got = torch.cat([g.reshape(-1).double() for _, g in found])
    if not bool(torch.isfinite(got).all() and torch.isfinite(expected).all()):
        return ""
    if not all(e.is_floating_point() for e, _ in found):
        return _factor(expected, got, what)
    return _digits_lost(expected, got, got_types, what) or _factor(expected, got, what)


def _digits_lost(expected: torch.Tensor, got: torch.Tensor, types: set[torch.dtype], what: str) -> str:
    if not any(each.is_floating_point for each in types) and bool(((expected - got).abs() < 1).all()):
        return "Your numbers are whole, as if the fractions had been cut off: compute with floats."
    worst = ((expected - got).abs() / (expected.abs() + 1e-3 * expected.abs().max() + 1e-12)).max().item()
    if types <= {torch.float16, torch.bfloat16} and worst < 0.05:
        short = " and ".join(sorted(str(each).removeprefix("torch.") for each in types))
        return f"{what} is right but too coarse: {short} keeps about three digits. Compute in float32."
    if 0 < worst < 1e-3:
        return (
            f"{what} agrees with the right one to about {int(-math.log10(worst))} digits, which is too few: "
            "is something rounded, a small number added, or a shorter number type used?"
        )
    return ""


def _factor(expected: torch.Tensor, got: torch.Tensor, what: str) -> str:
    large = expected.abs() > 1e-6
    if int(large.sum()) < 3:
        return ""
    ratio = (got[large] / expected[large]).median().item()
    if abs(ratio) < 1e-6 or abs(ratio - 1) < 1e-3 or not _close(expected * ratio, got):
        return ""
    if abs(ratio + 1) < 1e-3:
        return f"{what} has the right size and the wrong sign."
    for factor, base in LOGARITHMS.items():
        if abs(ratio / factor - 1) < 1e-3:
            return f"{what} is {ratio:.4g} times the right one: is that a logarithm to base {base}?"
    return f"{what} is {ratio:.4g} times the right one."


def _close(left: torch.Tensor, right: torch.Tensor) -> bool:
    return left.shape == right.shape and bool(
        torch.allclose(left.double(), right.double(), rtol=1e-3, atol=1e-6)
    )
