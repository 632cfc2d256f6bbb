"""Tensors and arrays as a dtype, a shape and the raw bytes: what `codec` sends and what it reads."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import numpy as np
import torch

from course_utils.worker.errors import CodecError, TooMuch

LARGEST = 46 * 1024 * 1024  # bytes of one tensor: what fits into a frame once it is base64
MOST_AXES = 32
LONGEST_AXIS = 2**31 - 1
NUMPY_NAMES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
TORCH_DTYPES = {name: getattr(torch, name) for name in [*NUMPY_NAMES, "bfloat16"]}
TORCH_NAMES = {dtype: name for name, dtype in TORCH_DTYPES.items()}
NUMPY_DTYPES = {name: np.dtype(name) for name in NUMPY_NAMES}


def plain_tensor(value: torch.Tensor) -> torch.Tensor | None:
    """Its numbers as plain data: of PyTorch's own type, dense, on the CPU; None where there are none to read.

    What a check in the notebook reads is sent: sparse, quantised, and of a learner's own subclass, too.

    Raises:
        TooMuch: its dense form is larger than a frame.
    """
    try:
        with torch._C.DisableTorchFunctionSubclass():  # a learner's subclass may do anything
            if value.is_nested or type(value).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
                return None
            _refuse_large(value.numel() * value.element_size())
            tensor = value.dequantize() if value.is_quantized else value
            tensor = tensor if tensor.layout == torch.strided else tensor.to_dense()
            tensor = tensor.cpu()
            own_type = type(tensor) in (torch.Tensor, torch.nn.Parameter)
            tensor = tensor if own_type else tensor.as_subclass(torch.Tensor)
    except TooMuch:
        raise
    except Exception:  # on the device `meta`, or not yet filled
        return None
    return tensor if tensor.dtype in TORCH_NAMES else None


def plain_array(value: np.ndarray | np.generic) -> np.ndarray | np.generic | None:
    """An array of NumPy's own type, or the scalar; None for what is of no kind (b, i, u, f, c) and size that
    the judge knows too."""
    known = value.dtype.name in NUMPY_DTYPES or value.dtype.type is np.longdouble
    if not known or isinstance(value, np.generic):
        return value if known else None
    return np.asarray(value)


def tensor_fields(tensor: torch.Tensor, strides: bool) -> dict[str, Any]:
    """What stands for a tensor; with `strides`, how its elements lie when not in the usual order."""
    fields: dict[str, Any] = {"dtype": TORCH_NAMES[tensor.dtype], "shape": list(tensor.shape)}
    _refuse_large(tensor.numel() * tensor.element_size())
    plain = tensor.detach().resolve_conj().resolve_neg()
    # A clone: `contiguous` leaves odd strides where there is one element, and then bytes cannot be viewed.
    flat = plain.clone(memory_format=torch.contiguous_format).reshape(-1)
    flat = torch.view_as_real(flat).reshape(-1) if flat.is_complex() else flat
    fields["bytes"] = _text(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    if tensor.requires_grad:
        fields["grad"] = True
    if type(tensor) is torch.nn.Parameter:
        fields["parameter"] = True
    if strides and not tensor.is_contiguous():
        fields["strides"] = list(tensor.stride())
    return fields


def tensor_from(data: dict, strides: bool) -> torch.Tensor:
    """The tensor that those fields stand for, on memory of its own.

    Raises:
        CodecError: a dtype that is not known, a shape that does not fit the bytes.
    """
    dtype = _named(TORCH_DTYPES, data.get("dtype"))
    shape, raw = _shape_and_bytes(data, dtype.itemsize)
    if dtype is torch.bool:
        tensor = torch.frombuffer(raw, dtype=torch.uint8).ne(0) if raw else torch.empty(0, dtype=dtype)
    else:
        tensor = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
    try:
        tensor = tensor.reshape(shape)
        if strides and "strides" in data:
            tensor = _laid_out(tensor, data["strides"])
        differentiable = dtype.is_floating_point or dtype.is_complex
        if data.get("parameter") is True:
            return torch.nn.Parameter(tensor, requires_grad=differentiable and data.get("grad") is True)
        return tensor.requires_grad_(differentiable and data.get("grad") is True)
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise CodecError(f"a tensor of no such shape: {type(error).__name__}") from None


def array_fields(array: np.ndarray) -> dict[str, Any]:
    """What stands for an array, its elements in the usual order; long doubles as doubles."""
    _refuse_large(array.nbytes)
    dtype = NUMPY_DTYPES.get(array.dtype.name, np.dtype(np.float64))
    native = np.ascontiguousarray(array, dtype=dtype)
    return {"dtype": dtype.name, "shape": list(array.shape), "bytes": _text(native.tobytes())}


def array_from(data: dict) -> np.ndarray:
    """The array that those fields stand for.

    Raises:
        CodecError: a dtype that is not known, a shape that does not fit the bytes.
    """
    dtype = _named(NUMPY_DTYPES, data.get("dtype"))
    shape, raw = _shape_and_bytes(data, dtype.itemsize)
    flat = np.frombuffer(raw, dtype=np.uint8) != 0 if dtype.kind == "b" else np.frombuffer(raw, dtype=dtype)
    try:
        return flat.reshape(shape)
    except ValueError as error:
        raise CodecError(f"an array of no such shape: {type(error).__name__}") from None


def scalar_fields(scalar: np.generic) -> dict[str, Any]:
    """What stands for a NumPy scalar."""
    return array_fields(np.asarray(scalar))


def scalar_from(data: dict) -> np.generic:
    """The NumPy scalar that those fields stand for, of that exact type.

    Raises:
        CodecError: it is not one value of a dtype that is known.
    """
    array = array_from(data)
    if array.shape:
        raise CodecError("a scalar has no shape")
    return array[()]


def _shape_and_bytes(data: dict, itemsize: int) -> tuple[list[int], bytearray]:
    shape, text = data.get("shape"), data.get("bytes")
    if type(shape) is not list or len(shape) > MOST_AXES or type(text) is not str:
        raise CodecError("a tensor is a shape and its bytes")
    if not all(type(size) is int and 0 <= size <= LONGEST_AXIS for size in shape):
        raise CodecError("a shape is a list of sizes")
    try:
        raw = bytearray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise CodecError("the bytes are not base64") from None
    if math.prod(shape) * itemsize != len(raw):
        raise CodecError("the bytes do not fill the shape")
    return shape, raw


def _laid_out(tensor: torch.Tensor, strides: Any) -> torch.Tensor:
    """The same elements with these strides; where an axis repeats one element, it is written once."""
    if type(strides) is not list or len(strides) != tensor.dim():
        raise CodecError("one stride for each axis")
    if not all(type(stride) is int and 0 <= stride <= LARGEST for stride in strides):
        raise CodecError("a stride is a whole number")
    reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, strides, strict=True))
    if not tensor.numel() or reach * tensor.element_size() > LARGEST:
        return tensor
    laid_out = torch.zeros(reach + 1, dtype=tensor.dtype).as_strided(tensor.shape, strides)
    once = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in strides)
    laid_out[once] = tensor[once]
    return laid_out


def _named(known: dict, name: Any) -> Any:
    if type(name) is not str or name not in known:
        raise CodecError("no such dtype")
    return known[name]


def _refuse_large(size: int) -> None:
    if size > LARGEST:
        raise TooMuch(f"a tensor of {size} bytes")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
