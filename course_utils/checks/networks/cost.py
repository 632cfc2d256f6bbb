"""What a pass of a network would cost, read off its shapes before anything is computed."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from course_utils.checks.networks.errors import NetworkTooCostly

MOST_LIVE = 2**29  # numbers held at one time: 2 GiB in single precision
MOST_WORK = 200_000_000  # products for one image; 10,000 parameters at 1,024 places come to 10 million


class Meter(TorchDispatchMode):
    """Active while a network runs on tensors without numbers: sees every step, those within a function too.

    Args:
        images: how many the pass gets; the work is judged by the image.
        parameters: of the network, for the error that is raised.
    """

    def __init__(self, images: int, parameters: int) -> None:
        super().__init__()
        self.images, self.parameters = images, parameters
        self.live = self.passing = self.work = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        """Raises NetworkTooCostly where this step would be too much."""
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        made, taken = numbers_in(result), numbers_in((args, list(kwargs.values())))
        self.passing += made
        name, count = function.overloadpacket.__name__, flop_registry.get(function.overloadpacket)
        if count is not None:
            self.work += count(*args, **kwargs, out_val=result) // 2
        elif "pool" in name and "adaptive" not in name and len(args) > 1:
            self.work += made * math.prod(args[1])
        else:
            self.work += made + taken
        held = self.live + self.passing + (_windows(args, result) if "convolution" in name else 0)
        if held > MOST_LIVE:
            raise NetworkTooCostly(f"a batch of {self.images} would need {held:,} numbers", self.parameters)
        if self.work > MOST_WORK * self.images:
            why = f"it needs more than {MOST_WORK:,} products for one image"
            raise NetworkTooCostly(why, self.parameters)
        return result

    def keep(self, result: Any) -> None:
        """An operation is done: of all that was made in it, only the result remains."""
        self.live, self.passing = self.live + numbers_in(result), 0

    def free(self, result: Any) -> None:
        self.live -= numbers_in(result)


def numbers_in(value: Any) -> int:
    """How many numbers all tensors in it have."""
    if isinstance(value, torch.Tensor):
        return value.numel()
    return sum(map(numbers_in, value)) if isinstance(value, (tuple, list)) else 0


def _windows(args: tuple, result: torch.Tensor) -> int:
    """A convolution may lay out all its windows before it multiplies."""
    images, weight, transposed = args[0], args[1], args[6]
    channels, places = (result, images) if transposed else (images, result)
    return len(images) * channels.shape[1] * weight.shape[2:].numel() * places.shape[2:].numel()
