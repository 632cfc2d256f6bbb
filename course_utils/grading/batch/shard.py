"""A class over several machines: each takes its share of one sorted list, and asks no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def share(items: Sequence[Item], shard: Sequence[int]) -> list[Item]:
    """The i-th of n parts of `items` (shard is (i, n), i from 1): every n-th, so that parts differ by one."""
    part, parts = shard
    return list(items[part - 1 :: parts])


def missing(shards: Iterable[Sequence[int]]) -> list[str]:
    """The shards that are not among `shards`, as "3/4"; all must be of the same number of parts."""
    here = {tuple(shard) for shard in shards}
    parts = {of for _, of in here}
    return [f"{part}/{of}" for of in parts for part in range(1, of + 1) if (part, of) not in here]
