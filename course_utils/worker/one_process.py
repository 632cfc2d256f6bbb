"""PyTorch where there is one process with one thread: what would start more does without."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any


def settle(torch: ModuleType) -> None:
    """One thread, for good: more would be waited for and never come. Nothing is compiled, which needs a
    compiler's process; loaders with workers load by themselves."""
    torch.set_num_threads(1)
    torch.set_num_threads = lambda number: None
    torch.compile = _as_it_is
    torch.nn.Module.compile = lambda self, *args, **options: None
    loader = torch.utils.data.DataLoader
    loader._get_iterator = _by_itself(loader._get_iterator)


def _as_it_is(model: Callable | None = None, **options: Any) -> Callable:
    """In the place of `torch.compile`, which may be called on a model or used as a decorator."""
    return model if model is not None else functools.partial(_as_it_is, **options)


def _by_itself(get_iterator: Callable[[Any], Iterator]) -> Callable[[Any], Iterator]:
    """`DataLoader._get_iterator` as if there were no workers; the loader itself says what it was given."""

    def iterator(loader: Any) -> Iterator:
        if loader.num_workers:
            loader = copy.copy(loader)
            loader.num_workers, loader.timeout = 0, 0
        return get_iterator(loader)

    return iterator
