"""A nested state taken apart into tensors with names and a JSON document that says where each belongs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

State = Any  # dicts, lists and tuples of tensors, str, int, float, bool and None


def flatten(state: State, dtypes: Sequence[torch.dtype]) -> tuple[Any, dict[str, torch.Tensor]]:
    """The JSON document of `state`, and its tensors by name.

    The document holds plain values as they are and, for the rest, dicts of one tag:
    {"dict": {...}}, {"items": [[key, value], ...]} for keys that are not all strings, {"tuple": [...]},
    {"float": "nan"}, {"tensor": name}, {"channels_last": name}.

    Raises:
        ValueError: a value, key or dtype that cannot be written; the message says where it is.
    """
    tensors: dict[str, torch.Tensor] = {}

    def node(value: State, path: tuple[str, ...]) -> Any:
        if value is None or type(value) in (bool, int, str):
            return value
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"float": repr(float(value))}
        if isinstance(value, torch.Tensor):
            return _tensor_node(value, path, tensors, dtypes)
        if isinstance(value, dict):
            if all(type(key) is str for key in value):
                return {"dict": {key: node(item, (*path, key)) for key, item in value.items()}}
            _require_keys(value, path)
            return {"items": [[key, node(item, (*path, str(key)))] for key, item in value.items()]}
        if type(value) in (list, tuple):
            items = [node(item, (*path, str(position))) for position, item in enumerate(value)]
            return items if type(value) is list else {"tuple": items}
        raise ValueError(
            f"{_place(path)} is a {type(value).__name__}: a state holds dicts, lists, tuples, tensors, str, "
            "int, float, bool and None. Turn it into one of these."
        )

    return node(state, ()), tensors


def unflatten(document: Any, tensors: dict[str, torch.Tensor]) -> State:
    """The state that `flatten` took apart."""
    if isinstance(document, list):
        return [unflatten(item, tensors) for item in document]
    if not isinstance(document, dict):
        return document
    [(tag, content)] = document.items()
    if tag == "dict":
        return {key: unflatten(item, tensors) for key, item in content.items()}
    if tag == "items":
        return {key: unflatten(item, tensors) for key, item in content}
    if tag == "tuple":
        return tuple(unflatten(item, tensors) for item in content)
    if tag == "float":
        return float(content)
    tensor = tensors[content]
    return tensor.contiguous(memory_format=torch.channels_last) if tag == "channels_last" else tensor


def _tensor_node(tensor, path, tensors, dtypes):
    if tensor.dtype not in dtypes or tensor.layout is not torch.strided or tensor.is_meta:
        raise ValueError(
            f"{_place(path)} is a tensor of {tensor.dtype}, {tensor.layout} on {tensor.device}: "
            "a state holds dense tensors of bool, whole numbers and floats."
        )
    # A name must be unique, and sound UTF-8 for other readers of the file.
    name = "/".join(path).encode("utf-8", "replace").decode() or "tensor"
    while name in tensors or name == "__metadata__":
        name += "'"
    tensors[name] = tensor
    channels_last = tensor.dim() == 4 and not tensor.is_contiguous()
    if channels_last and tensor.is_contiguous(memory_format=torch.channels_last):
        return {"channels_last": name}
    return {"tensor": name}


def _require_keys(value: dict, path: tuple[str, ...]) -> None:
    for key in value:
        if type(key) not in (str, int):
            raise ValueError(f"{_place(path)} has the key {key!r}: keys are str or int.")


def _place(path: tuple[str, ...]) -> str:
    return f"state[{']['.join(map(repr, path))}]" if path else "the state"
