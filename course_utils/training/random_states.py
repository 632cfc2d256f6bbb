"""Where the streams of random numbers stand: part of a checkpoint."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def stream_of(seed: int, rank: int, step: int = 0) -> int:
    """The seed of torch's stream in process `rank`: `seed` itself in process 0, elsewhere one far from it.

    With one stream all processes would drop the same units.
    """
    return int(np.random.SeedSequence([seed, rank, step]).generate_state(1)[0]) if rank else seed


def random_states() -> dict[str, Any]:
    """The states of Python's, NumPy's and torch's own generators, as tensors, numbers and text."""
    version, internal, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": [version, torch.tensor(internal, dtype=torch.int64), gauss],
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_states(states: dict[str, Any], seed: int, rank: int, step: int) -> None:
    """Set the generators to `states`, which process 0 wrote.

    Another process starts a stream of its own there.
    """
    if rank:
        torch.manual_seed(stream_of(seed, rank, step))
        return
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal.tolist()), gauss))
    name, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(states["torch"].cpu())
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([state.cpu() for state in states["cuda"]])
