"""What an exercise is made of: cases to try, and the mistakes it knows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(frozen=True)
class Case:
    """One call that a check makes.

    Args:
        args: positional inputs; for a derivation leave empty and name the symbols in `kwargs`.
        kwargs: inputs passed by name (for a module exercise: the constructor's).
        label: what this case probes, a few words shown to the learner ("windows overlap").
        train: module exercises only: compare in training mode instead of evaluation mode.
        group: which part of an exercise with partial points this case belongs to.
    """

    args: tuple = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    train: bool = False
    group: str = ""


@dataclass(frozen=True)
class Misconception:
    """A plausible wrong answer and the sentence that tells a learner who gave it what went wrong.

    Args:
        name: a few words for the instructor's report ("kernel flipped").
        answer: a wrong answer of the exercise's own kind: a function, a value, a class, an option;
            for a derivation a mapping from step name to a wrong function.
        says: one to three plain sentences to the learner.
        see: title of the paragraph to read again, where it is not the exercise's own.
    """

    name: str
    answer: Any
    says: str
    see: str = ""


def copied(value: Any) -> Any:
    """A deep copy that learners may damage; tensors keep their strides and lose their graph."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone(memory_format=torch.preserve_format)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(copied(item) for item in value)
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if callable(value) and not isinstance(value, torch.nn.Module):
        return value
    return copy.deepcopy(value)
