"""Which run a checkpoint belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from torch import nn

from course_utils.training.config import TrainConfig

MAY_DIFFER_ON_RESUME = {"device", "folder", "checkpoint_every", "trackers", "progress", "compile"}
Identity = dict[str, dict[str, Any]]


def identity(model: nn.Module, train: Iterable, config: TrainConfig) -> Identity:
    """What must be the same for a run to go on: settings, network, batches. For JSON."""
    settings = {name: value for name, value in config.as_dict().items() if name not in MAY_DIFFER_ON_RESUME}
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    # As text a network tells strides, dropout and the like; synced norms are the same network.
    text = str(model).replace("Synced", "")
    layers = {"structure": hashlib.sha256(text.encode()).hexdigest()[:8]}
    batches = {"batches": len(train)} | getattr(train, "settings", {})
    return {"settings": settings, "parameters": shapes, "network": layers, "data": batches}


def why_foreign(own: Identity, state: Any) -> str | None:
    """Why a run with the identity `own` cannot go on from the checkpoint `state`; None where it can."""
    if not isinstance(state, dict) or "of" not in state:
        return "it is not a checkpoint of `fit`"
    for part, mine in own.items():
        theirs = state["of"].get(part, {})
        for name in sorted({*mine, *theirs}):
            if mine.get(name) != theirs.get(name):
                return f"it has another {name} ({part}): {theirs.get(name)} there, {mine.get(name)} here"
    return None
