"""What wrong numbers tell by themselves: one factor throughout, a turned sign, a transposition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from course_utils.checks.compare import as_tensor


def pattern(pairs: Sequence[tuple[Any, Any]]) -> str:
    """A sentence when all wrong values are the right ones times one factor, or transposed."""
    found = [(as_tensor(expected), as_tensor(got)) for expected, got in pairs]
    if not found or any(e is None or g is None for e, g in found):
        return ""
    if all(e.ndim == 2 == g.ndim and _close(e.T, g) for e, g in found):
        return "Your result is the right one transposed: rows and columns have changed places."
    if any(e.shape != g.shape for e, g in found):
        return ""
    return _factor(
        torch.cat([e.reshape(-1).double() for e, _ in found]),
        torch.cat([g.reshape(-1).double() for _, g in found]),
    )


def _factor(expected: torch.Tensor, got: torch.Tensor) -> str:
    large = expected.abs() > 1e-6
    if (
        int(large.sum()) < 3
        or not bool(torch.isfinite(got).all())
        or not bool(torch.isfinite(expected).all())
    ):
        return ""
    ratio = (got[large] / expected[large]).median().item()
    if abs(ratio) < 1e-6 or abs(ratio - 1) < 1e-3 or not _close(expected * ratio, got):
        return ""
    if abs(ratio + 1) < 1e-3:
        return "Every number has the right size and the wrong sign."
    return f"Every number is {ratio:.4g} times the right one."


def _close(left: torch.Tensor, right: torch.Tensor) -> bool:
    return left.shape == right.shape and bool(
        torch.allclose(left.double(), right.double(), rtol=1e-3, atol=1e-6)
    )
