"""Values as JSON and back: data only, exact, and nothing that decoding could be made to run.

The judge decodes what a student's process sent: every kind, length and name is checked, and whatever is wrong
is a `CodecError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course_utils.worker.arrays import (
    array_fields,
    array_from,
    plain_array,
    plain_tensor,
    scalar_fields,
    scalar_from,
    tensor_fields,
    tensor_from,
)
from course_utils.worker.budget import Budget
from course_utils.worker.errors import CodecError, TooMuch
from course_utils.worker.exceptions import exception_fields, exception_from

DEEPEST = 32
MOST_VALUES = 100_000
LONGEST_TEXT = 1_000_000  # characters
MOST_KEYS = 4096  # of one dictionary: keys that collide on purpose take time with the square of their number
INT_BITS = 4096
PLAIN_INT = 2**53
HEX_INT = re.compile(r"-?0x[0-9a-f]{1,1024}", re.ASCII)
HEX_FLOAT = re.compile(r"-?(0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}|inf)|nan", re.ASCII)
NO_NAME = re.compile(r"[^A-Za-z0-9_]")


class Foreign:
    """Stands for a value that is no data: all that is kept is the name of its type, which is its class's."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def encode(value: Any, *, strides: bool = True) -> Any:
    """`value` as JSON data; with `strides`, as for the worker, how a tensor's elements lie goes along.

    Numbers, tensors and arrays of a class of their own become plain ones, where a check in the notebook reads
    them too.

    Raises:
        TooMuch: nested deeper than 32, more than 100,000 values, or a text or number over the caps; without
            `strides`, more tensors or foreign values than a reply may hold.
    """
    return _Encoder(strides).encode(value, DEEPEST)


def decode(data: Any, *, strides: bool = False) -> Any:
    """The value that `encode` was given; exceptions come back as instances of built-in classes.

    Only with `strides` are tensors laid out as they were; a few bytes can then ask for much memory, so it is
    for the worker, who trusts the judge.

    Raises:
        CodecError: `data` is nothing that `encode` gives with the same `strides`.
    """
    try:
        return _Decoder(strides).decode(data, DEEPEST)
    except CodecError:
        raise
    except Exception as error:  # whatever a hostile worker may still have thought of
        raise CodecError(f"no value: {type(error).__name__}") from None


class _Encoder:
    def __init__(self, strides: bool) -> None:
        self.strides = strides
        self.values = 0
        self.budget = Budget(strides, TooMuch)

    def encode(self, value: Any, depth: int) -> Any:
        self.values += 1
        if self.values > MOST_VALUES or not depth:
            raise TooMuch("too many values" if depth else "nested too deep")
        if value is None or type(value) is bool:
            return value
        if type(value) is str:
            return _short(value)
        if isinstance(value, (list, tuple)):
            name = "list" if isinstance(value, list) else "tuple"
            return {"kind": name, "items": [self.encode(item, depth - 1) for item in value]}
        if isinstance(value, dict):
            return self._dict_data(value, depth - 1)
        data = _number_data(value)
        if data is None:
            data = self._other_data(value)
            self.budget.take(data["kind"])
        return data

    def _other_data(self, value: Any) -> dict:
        if isinstance(value, torch.Tensor) and (tensor := plain_tensor(value)) is not None:
            return {"kind": "tensor", **tensor_fields(tensor, self.strides)}
        if isinstance(value, (np.ndarray, np.generic)) and (array := plain_array(value)) is not None:
            if isinstance(array, np.generic):
                return {"kind": "scalar", **scalar_fields(array)}
            return {"kind": "array", **array_fields(array)}
        if isinstance(value, BaseException):
            return {"kind": "exception", **exception_fields(value)}
        return {"kind": "foreign", "name": type_name(value)}

    def _dict_data(self, value: dict, depth: int) -> dict:
        if len(value) > MOST_KEYS:
            raise TooMuch("a dictionary of too many keys")
        items = [[self.encode(key, depth), self.encode(item, depth)] for key, item in value.items()]
        return {"kind": "dict", "items": items}


class _Decoder:
    def __init__(self, strides: bool) -> None:
        self.strides = strides
        self.values = 0
        self.budget = Budget(strides, CodecError)

    def decode(self, data: Any, depth: int) -> Any:
        self.values += 1
        if self.values > MOST_VALUES or not depth:
            raise CodecError("too many values, or nested too deep")
        if data is None or type(data) is bool:
            return data
        if type(data) is int and abs(data) <= PLAIN_INT:
            return data
        if type(data) is str and len(data) <= LONGEST_TEXT:
            return data.encode("utf-8", "replace").decode(
                "utf-8"
            )  # half of a surrogate pair cannot be written
        if type(data) is not dict or type(data.get("kind")) is not str:
            raise CodecError("neither a plain value nor an object with a kind")
        read = self._kinds(depth).get(data["kind"])
        if read is None:
            raise CodecError(f"no such kind: {NO_NAME.sub('', data['kind'])[:60]}")
        self.budget.take(data["kind"])
        return read(data)

    def _kinds(self, depth: int) -> dict[str, Callable[[dict], Any]]:
        return {
            "int": lambda data: int(_matching(HEX_INT, data.get("hex")), 16),
            "float": lambda data: _float(data.get("text")),
            "complex": lambda data: complex(_float(data.get("real")), _float(data.get("imag"))),
            "list": lambda data: [self.decode(item, depth - 1) for item in _items(data)],
            "tuple": lambda data: tuple(self.decode(item, depth - 1) for item in _items(data)),
            "dict": lambda data: self._dict(data, depth - 1),
            "tensor": lambda data: tensor_from(data, self.strides),
            "array": array_from,
            "scalar": scalar_from,
            "exception": exception_from,
            "foreign": lambda data: foreign(data.get("name")),
        }

    def _dict(self, data: dict, depth: int) -> dict:
        items = _items(data)
        if len(items) > MOST_KEYS or not all(type(pair) is list and len(pair) == 2 for pair in items):
            raise CodecError("a dictionary is at most 4096 pairs of a key and a value")
        return {_key(self.decode(key, depth)): self.decode(value, depth) for key, value in items}


def type_name(value: Any) -> str:
    """The name of a value's type, as far as it is an identifier."""
    return NO_NAME.sub("", str(type(value).__name__))[:60] or "object"


def foreign(name: Any) -> Foreign:
    """An instance of a subclass of `Foreign` of that name.

    Raises:
        CodecError: the name is no identifier of at most 60 letters.
    """
    if type(name) is not str or not name.isascii() or not name.isidentifier() or len(name) > 60:
        raise CodecError("the name of a foreign type is an identifier")
    return type(name, (Foreign,), {})()


def _number_data(value: Any) -> Any:
    """Of Python's own numbers; one of a class derived from them is read by the base's own methods."""
    if isinstance(value, int):
        return _int_data(int.__int__(value))
    if isinstance(value, float) and not isinstance(value, np.generic):
        return {"kind": "float", "text": float.hex(value)}
    if type(value) is complex:
        return {"kind": "complex", "real": value.real.hex(), "imag": value.imag.hex()}
    return None


def _int_data(value: int) -> Any:
    if abs(value) <= PLAIN_INT:
        return value
    if value.bit_length() > INT_BITS:
        raise TooMuch(f"a whole number of {value.bit_length()} bits")
    return {"kind": "int", "hex": hex(value)}


def _short(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise TooMuch(f"a text of {len(text)} characters")
    return text


def _float(text: Any) -> float:
    return float.fromhex(_matching(HEX_FLOAT, text))


def _matching(pattern: re.Pattern, text: Any) -> str:
    if type(text) is not str or not pattern.fullmatch(text):
        raise CodecError("not a number")
    return text


def _items(data: dict) -> list:
    items = data.get("items")
    if type(items) is not list:
        raise CodecError("items must be a list")
    return items


def _key(key: Any) -> Any:
    parts = key if type(key) is tuple else (key,)
    if not all(type(part) in (str, int, bool, float, type(None)) for part in parts):
        raise CodecError("a key is a text, a number, None or a tuple of these")
    return key
