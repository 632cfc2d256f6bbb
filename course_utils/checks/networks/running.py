"""Runs a network that was sent, one operation after the other; first on shapes alone, to see what it would cost."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from course_utils.checks.networks.cost import Meter
from course_utils.checks.networks.errors import NetworkTooCostly
from course_utils.checks.networks.steps import Node, check, filled, outcome, references


class Rebuilt(nn.Module):
    """The network. It has the parameters that were sent, each once, and changes none of them.

    Args:
        graphs: nodes by the shape of the batch that they are for, or under () for all; in order, so that
            references lead to earlier ones.
        layers, tensors: where "layer" and "tensor" nodes point.
        unused: how many parameters the network had that no node uses; they count.
        seconds: all its passes together may take this long.
    """

    def __init__(
        self,
        graphs: Mapping[tuple[int, ...], Sequence[Node]],
        layers: Sequence[nn.Module],
        tensors: Sequence[torch.Tensor],
        unused: int,
        seconds: float,
    ) -> None:
        super().__init__()
        self.graphs, self.tensors, self.seconds = graphs, tensors, seconds
        self.layers = nn.ModuleList(layers)
        self.learnt = nn.ParameterList([each for each in tensors if isinstance(each, nn.Parameter)])
        if unused:
            self.unused = nn.Parameter(torch.zeros(1).expand(unused), requires_grad=False)
        self.shapes: set[tuple] = set()
        self.spent = 0.0
        self.last_use = {shape: _last_uses(nodes) for shape, nodes in graphs.items()}

    def forward(self, images: torch.Tensor) -> Any:
        """As the network that was sent.

        Raises:
            ValueError: it was described for other shapes than this alone.
            NetworkTooCostly: this pass would take too much memory, or all passes together too long.
            NetworkNotJudged: an operation on something that it is not for. PyTorch's own errors pass through.
        """
        seen = (tuple(images.shape), images.dtype)
        if () not in self.graphs and seen[0] not in self.graphs:
            raise ValueError(f"the network does not take images of the shape {seen[0]}")
        if seen not in self.shapes:
            self._try_on_shapes(images)
            self.shapes.add(seen)
        flushed = torch.set_flush_denormal(True)  # numbers that are nearly 0 would be a hundred times slower
        try:
            with torch.no_grad():
                return self._run(images.clone(), [*self.layers], self.tensors, None)
        finally:
            if flushed:
                torch.set_flush_denormal(False)

    def parameters_counted(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    def _try_on_shapes(self, images: torch.Tensor) -> None:
        memo: dict = {}
        layers = [copy.deepcopy(layer, _as_meta(layer, memo)) for layer in self.layers]
        tensors = [torch.empty_like(each, device="meta") for each in self.tensors]
        meter = Meter(max(len(images), 1), self.parameters_counted())
        empty = torch.empty_like(images, device="meta")
        with torch.no_grad(), meter:
            self._run(empty, layers, tensors, meter)

    def _run(self, images: torch.Tensor, layers: list, tensors: Sequence, meter: Meter | None) -> Any:
        shape = () if () in self.graphs else tuple(images.shape)
        nodes, last_use = self.graphs[shape], self.last_use[shape]
        results: list[Any] = [None] * len(nodes)
        for position, node in enumerate(nodes):
            start = time.monotonic()
            args, kwargs = filled(node.args, results), filled(node.kwargs, results)
            results[position] = outcome(node, args, kwargs, images, layers, tensors)
            check(results[position])
            if meter is not None:
                meter.keep(results[position])
            for used in last_use[position]:
                if meter is not None:
                    meter.free(results[used])
                results[used] = None
            self.spent += time.monotonic() - start
            if self.spent > self.seconds:
                why = f"measuring it took longer than {self.seconds:.0f} seconds"
                raise NetworkTooCostly(why, self.parameters_counted())
        return args[0]


def _as_meta(layer: nn.Module, memo: dict) -> dict:
    """A memory for deepcopy by which each tensor of the layer becomes one without numbers."""
    for each in (*layer._parameters.values(), *layer._buffers.values()):
        if each is not None and id(each) not in memo:
            empty = torch.empty_like(each, device="meta")
            memo[id(each)] = nn.Parameter(empty, False) if isinstance(each, nn.Parameter) else empty
    return memo


def _last_uses(nodes: Sequence[Node]) -> list[list[int]]:
    """After each node, whose results are not needed any more."""
    last = {position: position for position in range(len(nodes))}
    for position, node in enumerate(nodes):
        for used in references((node.args, dict(node.kwargs))):
            last[used] = position
    freed: list[list[int]] = [[] for _ in nodes]
    for used, position in last.items():
        freed[position].append(used)
    return freed
