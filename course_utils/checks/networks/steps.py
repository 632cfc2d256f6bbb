"""One operation of a network that was sent: what its arguments stand for, and what it gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from course_utils.checks.networks.errors import refuse
from course_utils.scenes.network_words import FUNCTIONS, OPERATORS

MOST_PARTS = 4096  # of a tuple, as `unbind` gives
LARGEST_NUMBER = 2**40
LONGEST_INDEX = 16
SUMS = re.compile(r"[a-zA-Z]+(, ?[a-zA-Z]+)? ?-> ?[a-zA-Z]*\Z")


@dataclass(frozen=True)
class Reference:
    """Stands for the result of an earlier operation."""

    position: int


@dataclass(frozen=True)
class Node:
    """One operation; `target` names a function or method, or is the number of a layer or tensor."""

    kind: str
    target: Any
    args: tuple
    kwargs: Mapping[str, Any]


def references(value: Any) -> list[int]:
    """The positions of all operations whose results are among the arguments."""
    if isinstance(value, Reference):
        return [value.position]
    if isinstance(value, slice):
        value = (value.start, value.stop, value.step)
    if isinstance(value, Mapping):
        value = tuple(value.values())
    return [found for part in value for found in references(part)] if isinstance(value, (tuple, list)) else []


def filled(value: Any, results: list) -> Any:
    """The arguments with results in place of references."""
    if isinstance(value, Reference):
        return results[value.position]
    if isinstance(value, slice):
        return slice(*(filled(part, results) for part in (value.start, value.stop, value.step)))
    if isinstance(value, Mapping):
        return {name: filled(part, results) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(filled(part, results) for part in value)
    return value


def outcome(node: Node, args: tuple, kwargs: dict, images: Any, layers: list, tensors: Sequence) -> Any:
    """What this operation gives. Raises NetworkNotJudged where it is not for such arguments."""
    if node.kind == "input":
        return images
    if node.kind == "output":
        return args[0] if args else refuse("no output")
    if node.kind == "tensor":
        return tensors[node.target].detach().clone()  # what is changed in place is never the weight itself
    if node.kind == "layer":
        return layers[node.target](*args, **kwargs)
    if node.kind == "function":
        if node.target == "torch.einsum" and not (args and type(args[0]) is str and SUMS.match(args[0])):
            refuse("an einsum that is not written out")
        _check_parts(node.target.removeprefix("torch."), args, kwargs)
        return FUNCTIONS[node.target](*args, **kwargs)
    if node.kind == "operator":
        return _operator(node.target, args)
    if not args:
        refuse(f"`{node.target}` of nothing")
    if node.kind == "attribute":
        return _attribute(node.target, args[0])
    if not _is_tensor(args[0]):
        refuse(f"`{node.target}` of something else than a tensor")
    _check_parts(node.target, args, kwargs)
    return getattr(torch.Tensor, node.target)(*args, **kwargs)


def _is_tensor(value: Any) -> bool:
    return type(value) in (torch.Tensor, nn.Parameter)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float, bool)


def _check_parts(name: str, args: tuple, kwargs: Mapping[str, Any]) -> None:
    """Functions that cut a tensor into many."""
    tensors = [each for each in (*args, *kwargs.values()) if _is_tensor(each)]
    if (
        name in ("split", "chunk", "unbind")
        and max((max(t.shape, default=0) for t in tensors), default=0) > MOST_PARTS
    ):
        refuse(f"`{name}` into many thousand parts")


def _attribute(name: str, value: Any) -> Any:
    owner = isinstance(value, tuple) if name in ("values", "indices") else _is_tensor(value)
    if not owner or not hasattr(value, name) or callable(getattr(value, name)):
        refuse(f"`{name}` of something else than a tensor")
    return getattr(value, name)


def _operator(name: str, args: tuple) -> Any:
    """On tensors and numbers; on shapes only indexing and joining, which stay small."""
    if name == "getitem" and len(args) == 2:
        return _item(*args)
    sequences = all(isinstance(each, (tuple, list)) and len(each) <= LONGEST_INDEX for each in args)
    if name == "add" and len(args) == 2 and sequences:
        return (*args[0], *args[1])
    if not all(_is_tensor(each) or _is_number(each) for each in args):
        refuse(f"the operator {name} on something else than tensors and numbers")
    if name == "pow" and not any(map(_is_tensor, args)):
        return _power(*args)
    return OPERATORS[name](*args)


def _power(base: float, exponent: float) -> float:
    if type(base) is int and type(exponent) is int and 0 <= exponent <= 8 and abs(base) <= LARGEST_NUMBER:
        return base**exponent
    try:
        result = float(base) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        refuse("a power that is no number")
    return result if type(result) is float else refuse("a power that is no real number")


def _item(value: Any, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        bounds = (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)
        if not all(type(b) is int or b is None or b is ... for b in bounds):
            refuse("an index that is no whole number and no slice")
    if _is_tensor(value) or (isinstance(value, tuple) and len(parts) == 1 and index is not None):
        return value[index]
    return refuse("an index into something else than a tensor")


def check(value: Any, depth: int = 2) -> None:
    """A result is a tensor, a number, or a few of them."""
    if _is_tensor(value) or value is None:
        return
    if _is_number(value):
        if type(value) is int and abs(value) > LARGEST_NUMBER:
            refuse("a whole number too large to mean anything")
        return
    if not isinstance(value, (tuple, list)) or len(value) > MOST_PARTS or not depth:
        refuse(f"a result of the type {type(value).__name__}")
    for part in value:
        check(part, depth - 1)
