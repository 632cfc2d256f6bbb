"""What a pass of a network would cost, read off its shapes before anything is computed."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from course_utils.checks.networks.errors import NetworkTooCostly

MOST_LIVE = 2**31  # bytes held at one time
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
        self.passing += bytes_in(result)
        name, count = function.overloadpacket.__name__, flop_registry.get(function.overloadpacket)
        if count is not None:
            self.work += count(*args, **kwargs, out_val=result) // 2
        elif "pool" in name and "adaptive" not in name and len(args) > 1:
            self.work += made * math.prod(args[1])
        else:
            self.work += made + taken
        held = self.live + self.passing + (_windows(args, result) if "convolution" in name else 0)
        if held > MOST_LIVE:
            raise NetworkTooCostly(f"a batch of {self.images} would need {held:,} bytes", self.parameters)
        if self.work > MOST_WORK * self.images:
            why = f"it needs more than {MOST_WORK:,} products for one image"
            raise NetworkTooCostly(why, self.parameters)
        return result

    def keep(self, result: Any) -> None:
        """An operation is done: of all that was made in it, only the result remains."""
        self.live, self.passing = self.live + bytes_in(result), 0

    def free(self, result: Any) -> None:
        self.live -= bytes_in(result)


def numbers_in(value: Any) -> int:
    """How many numbers all tensors in it have."""
    if isinstance(value, torch.Tensor):
        return value.numel()
    return sum(map(numbers_in, value)) if isinstance(value, (tuple, list)) else 0


def bytes_in(value: Any) -> int:
    """How many bytes the numbers of all tensors in it take: in double precision each takes twice as many."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    return sum(map(bytes_in, value)) if isinstance(value, (tuple, list)) else 0


def _windows(args: tuple, result: torch.Tensor) -> int:
    """The bytes of all its windows: a convolution may lay them out before it multiplies."""
    images, weight, transposed = args[0], args[1], args[6]
    channels, places = (result, images) if transposed else (images, result)
    numbers = len(images) * channels.shape[1] * weight.shape[2:].numel() * places.shape[2:].numel()
    return numbers * result.element_size()
