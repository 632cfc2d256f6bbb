"""Small linear maps and candidates for their adjoints, some of which are not."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional as F

Map = Callable[[torch.Tensor], torch.Tensor]
IMAGE = (1, 2, 5, 6)


def pair(forward: str, backward: str, seed: int) -> tuple[Map, Map, tuple[int, ...], tuple[int, ...]]:
    """Two maps by name, and the shapes of the first one's inputs and outputs; numbers in them from `seed`."""
    generator = torch.Generator().manual_seed(seed)
    maps, x_shape, y_shape = FAMILIES[forward](generator)
    return maps["forward"], maps[backward], x_shape, y_shape


def _random(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _columns(generator: torch.Generator) -> tuple[dict[str, Map], tuple, tuple]:
    """Windows of 3 × 3 cut into columns, and columns put back."""

    def fold(y: torch.Tensor) -> torch.Tensor:
        return F.fold(y, IMAGE[2:], 3)

    counts = fold(torch.ones(1, 18, 12, dtype=torch.float64))
    maps = {
        "forward": lambda x: F.unfold(x, 3),
        "columns added": fold,
        "columns averaged": lambda y: fold(y) / counts.to(y.dtype),
    }
    return maps, IMAGE, (1, 18, 12)


def _layer(generator: torch.Generator) -> tuple[dict[str, Map], tuple, tuple]:
    """A convolution layer with stride 2 and padding 1; there and back."""
    weight = _random((3, 2, 3, 3), generator)

    def back(y: torch.Tensor, kernel: torch.Tensor = weight, padding: int = 1) -> torch.Tensor:
        room = {"output_padding": (0, 1)} if padding else {}
        return F.conv_transpose2d(y, kernel.to(y.dtype), stride=2, padding=padding, **room)

    maps = {
        "forward": lambda x: F.conv2d(x, weight.to(x.dtype), stride=2, padding=1),
        "scattered": back,
        "padding cropped at the end": lambda y: back(y, padding=0)[..., : IMAGE[2], : IMAGE[3]],
        "two per cent too large": lambda y: 1.02 * back(y),
        "two per cent too small": lambda y: 0.98 * back(y),
        "other sign": lambda y: -back(y),
    }
    return maps, IMAGE, (1, 3, 3, 3)


def _plain_layer(generator: torch.Generator) -> tuple[dict[str, Map], tuple, tuple]:
    """A layer without stride and padding; and back with the kernel turned, which keeps its sum."""
    weight = _random((3, 2, 3, 3), generator)
    maps = {
        "forward": lambda x: F.conv2d(x, weight.to(x.dtype)),
        "kernel turned": lambda y: F.conv_transpose2d(y, weight.flip(2, 3).to(y.dtype)),
    }
    return maps, IMAGE, (1, 3, 3, 4)


def _matrix(generator: torch.Generator) -> tuple[dict[str, Map], tuple, tuple]:
    """A matrix (7, 7); its transpose, its inverse, and a transpose with one wrong entry."""
    matrix = _random((7, 7), generator)
    wrong = matrix.clone()
    wrong[4, 2] += 3.0
    maps = {
        "forward": lambda x: matrix.to(x.dtype) @ x,
        "transposed": lambda y: matrix.T.to(y.dtype) @ y,
        "outputs reversed": lambda y: matrix.T.to(y.dtype) @ y.flip(0),
        "inputs reversed": lambda y: (matrix.T.to(y.dtype) @ y).flip(0),
        "inverse": lambda y: torch.linalg.solve(matrix.to(y.dtype), y),
        "one entry wrong": lambda y: wrong.T.to(y.dtype) @ y,
        "the matrix itself": lambda y: matrix.to(y.dtype) @ y,
    }
    return maps, (7,), (7,)


FAMILIES = {"columns": _columns, "layer": _layer, "plain layer": _plain_layer, "matrix": _matrix}
