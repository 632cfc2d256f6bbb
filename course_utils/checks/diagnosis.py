"""How much the agreement of a wrong answer with a known mistake proves, and which failure to show."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from course_utils.checks.case import Case
from course_utils.checks.compare import Difference, as_tensor
from course_utils.checks.respond import Response, error_text

FEW = 4  # numbers; an array of fewer shows no pattern
SEVERAL = 3  # equal error texts, each naming the sizes of its own case


@dataclass(frozen=True)
class Failure:
    """The case that is shown to the learner, with what was expected and what came."""

    case: Case
    expected: Response
    response: Response
    difference: Difference


class Belief(enum.Enum):
    """May a mistake be named that explains only some of the failures?"""

    NO = "no"
    IF_ALLOWED = "if no case answered rightly speaks against it"
    SURE = "yes"


def believable(same: Sequence[Failure], failures: Sequence[Failure]) -> Belief:
    """Single numbers, exceptions and nan agree by chance, arrays hardly ever.

    `same` are the failures where the known mistake gives just what the learner's answer gave.
    """
    most = 2 * len(same) > len(failures)
    half = 2 * len(same) >= len(failures)
    errors = [failure for failure in same if failure.response.error]
    valued = [
        failure for failure in same if not failure.response.error and _has_finite(failure.response.value)
    ]
    if any(_numbers(failure.expected.value) >= FEW for failure in valued):
        return Belief.SURE if half else Belief.NO
    if not valued:
        return Belief.SURE if half and len(errors) >= SEVERAL else Belief.NO
    if all(failure.difference.remark for failure in valued):
        return Belief.NO
    if len(same) == len(failures) >= 2 and not any(_is_whole(failure.expected.value) for failure in valued):
        return Belief.SURE
    return Belief.IF_ALLOWED if most else Belief.NO


def _has_finite(value: Any) -> bool:
    """nan and inf come from everywhere, so that they say little about their origin."""
    tensor = as_tensor(value)
    return tensor is None or bool(torch.isfinite(tensor).any())


def _numbers(value: Any) -> int:
    """How many numbers `value` holds; what is no number counts as many."""
    if isinstance(value, (tuple, list)):
        return sum(map(_numbers, value))
    tensor = as_tensor(value)
    return FEW if tensor is None else tensor.numel()


def _is_whole(value: Any) -> bool:
    """Counts and sizes: small whole numbers, which wrong formulas hit by luck."""
    if isinstance(value, (tuple, list)):
        return any(map(_is_whole, value))
    tensor = as_tensor(value)
    return tensor is not None and not tensor.is_floating_point()


def same_error(left: BaseException | None, right: BaseException | None) -> bool:
    return type(left) is type(right) and error_text(left) == error_text(right)


def clearest(failures: Sequence[Failure]) -> Failure:
    """The failure easiest to read: values before exceptions and shapes, then the smallest arrays
    that are large enough to show a pattern."""

    def size(failure: Failure) -> tuple[int, int]:
        expected = failure.expected.value
        plain = failure.response.error is None and not failure.difference.remark
        numbers = expected.numel() if isinstance(expected, torch.Tensor) else FEW
        return (0 if plain else 1, numbers if numbers >= FEW else 1000 - numbers)

    return min(failures, key=size)
