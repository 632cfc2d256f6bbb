"""Lesson 07: scenes for batches of indices, for a pipeline of pictures, and for counting steps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


def deal(answer: Callable, labels: torch.Tensor, num_batches: int, seed: int) -> dict:
    """Batches from a generator, from another one in the same state, and from one in another state."""

    def batches(state: int) -> list:
        dealt = answer(labels.clone(), num_batches, torch.Generator().manual_seed(state))
        return [torch.as_tensor(batch) for batch in dealt]

    return {"batches": batches(seed), "again": batches(seed), "others": batches(seed + 1)}


def show_pictures(answer: Callable, image: torch.Tensor, size: int, seed: int, count: int) -> dict:
    """What a pipeline makes of one picture: for validation, and `count` times for training; a few again."""

    def shown(training: bool, state: int, times: int) -> list:
        generator = torch.Generator().manual_seed(state)
        return [answer(image.clone(), size, training, generator) for _ in range(times)]

    return {
        "validation": [*shown(False, seed, 1), *shown(False, seed + 1, 2)],
        "training": shown(True, seed, count),
        "again": shown(True, seed, 4),
    }


class CountedOperations(TorchDispatchMode):
    """How many operations PyTorch was asked for inside."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


class CountedSteps:
    """How many instructions of Python run inside, in functions called there too."""

    def __enter__(self) -> CountedSteps:
        self.count, self._before = 0, sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: Any) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Callable:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            self.count += 1
        return self._trace


def count_work(answer: Callable, few: tuple, many: tuple, size: int) -> dict:
    """What `answer(*few, size)` and `answer(*many, size)` give, and the steps that each takes."""
    for inputs in (few, many):  # whatever is imported or built at the first call
        answer(*(each.clone() for each in inputs), size)
    seen: dict[str, Any] = {}
    for name, inputs in (("few", few), ("many", many)):
        copies = [each.clone() for each in inputs]
        with CountedSteps() as steps:
            seen[name] = answer(*copies, size)
        with CountedOperations() as operations:
            answer(*(each.clone() for each in inputs), size)
        seen[f"steps for {name}"], seen[f"operations for {name}"] = steps.count, operations.count
    return seen
