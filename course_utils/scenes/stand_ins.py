"""What stands in for the images, and for all that is made of them, while `forward` is followed."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from types import FrameType
from typing import Any

import torch
from torch import fx

PRECISIONS = {torch.float32: "float", torch.float64: "double"}
PARTS = ("T", "mT", "H", "values", "indices")


class StandIn(fx.Proxy):
    """Notes what is done with it. Where it lies and of which type it is, it knows from an example."""

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def dtype(self) -> Any:
        example = self.tracer.example(self)
        return example.dtype if isinstance(example, torch.Tensor) else fx.proxy.Attribute(self, "dtype")

    def cpu(self) -> fx.Proxy:
        return self

    def to(self, *args: Any, **kwargs: Any) -> fx.Proxy:
        """In the precision asked for; another device there is not."""
        given = [each.dtype if isinstance(each, (torch.Tensor, StandIn)) else each for each in args]
        precision = next((each for each in given if isinstance(each, torch.dtype)), kwargs.get("dtype"))
        if precision is None and all(isinstance(each, (str, bool, torch.device)) for each in given):
            return self
        if precision in PRECISIONS:
            return self.tracer.create_proxy("call_method", PRECISIONS[precision], (self,), {})
        return self.tracer.create_proxy("call_method", "to", (self, *args), kwargs)

    def type_as(self, other: Any) -> fx.Proxy:
        return self.to(other)

    def __bool__(self) -> bool:
        if is_asserted(inspect.currentframe().f_back):
            return bool(self.tracer.example(self))
        return self.tracer.to_bool(self)

    def __format__(self, how: str) -> str:
        """For the example: text goes nowhere but to the screen."""
        example = self.tracer.example(self) if how else None
        return format(repr(self) if example is None else example, how)


class Measured(StandIn):
    """One that knows its lengths, too: the network is followed for images of this one shape."""

    @property
    def shape(self) -> torch.Size:
        return self.tracer.example(self).shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def dim(self) -> int:
        return len(self.shape)

    def numel(self) -> int:
        return self.shape.numel()

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def __len__(self) -> int:
        return len(self.tracer.example(self))

    def __iter__(self) -> Iterator:
        return iter([self[position] for position in range(len(self))])

    def __getattr__(self, name: str) -> Any:
        if name in PARTS:
            return self.tracer.create_proxy("call_function", getattr, (self, name), {})
        return super().__getattr__(name)


class AnyCount(Measured):
    """One that knows the lengths that are the same for every number of images."""

    @property
    def shape(self) -> tuple:
        some, more = self.tracer.example(self).shape, self.tracer.example(self, more=3).shape
        if len(some) != len(more):
            raise TypeError("as many dimensions as there are images")
        return tuple(
            length
            if length == other
            else self.tracer.create_proxy("call_method", "size", (self, position), {})
            for position, (length, other) in enumerate(zip(some, more, strict=True))
        )

    def numel(self) -> fx.Proxy:
        return self.tracer.create_proxy("call_method", "numel", (self,), {})

    def __len__(self) -> int:
        length, other = len(self.tracer.example(self)), len(self.tracer.example(self, more=3))
        if length != other:
            raise TypeError("the number of images differs from batch to batch")
        return length


def is_asserted(frame: FrameType | None) -> bool:
    """Is what is asked for at this moment the condition of an `assert`, of which nothing else depends?"""
    if frame is None:
        return False
    steps = [
        each
        for each in dis.get_instructions(frame.f_code)
        if each.offset >= frame.f_lasti and each.opname not in ("CACHE", "TO_BOOL", "NOT_TAKEN")
    ]
    if len(steps) < 2 or not steps[0].opname.startswith("POP_JUMP"):
        return False
    follows = steps[1]
    return follows.opname == "LOAD_ASSERTION_ERROR" or (
        follows.opname == "LOAD_COMMON_CONSTANT" and "AssertionError" in follows.argrepr
    )
