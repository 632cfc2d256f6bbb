"""What several exercises of lesson 06 look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from course_utils.scenes.small_models import build, probed


def seed_from(rng: torch.Generator) -> int:
    return int(torch.randint(1, 10**6, (), generator=rng))


def mode_shown(raw: Mapping[str, Any], kind: str, seed: int) -> str:
    """The mode in which a scene's model was left, believed where its probe bears it out.

    `raw` is from `course_utils.scenes.small_models.state_of`, for a model `build(kind, seed)`: with its weights
    and buffers the probe is computed again. The plain model is the same in both modes.
    """
    if kind == "plain":
        return raw["mode"]
    model, start = build(kind, seed), 0
    with torch.no_grad():
        for parameter in model.parameters():
            part = raw["weights"][start : start + parameter.numel()]
            parameter.copy_(part.view_as(parameter))
            start += parameter.numel()
        for buffer, value in zip(model.buffers(), raw["buffers"], strict=True):
            buffer.copy_(value)
    probe = probed(model.train(raw["mode"] == "training"), seed)
    borne_out = isinstance(raw["probe"], torch.Tensor) and torch.allclose(probe, raw["probe"], equal_nan=True)
    return raw["mode"] if borne_out else "not to be told"
