"""A trained network as plain data: its layers, what is done with them, and its weights as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx, nn

from course_utils.scenes.folding import folded
from course_utils.scenes.network_words import (
    ATTRIBUTES,
    FUNCTIONS,
    KINDS,
    LAYERS,
    METHODS,
    OPERATORS,
    names_of,
)
from course_utils.scenes.stand_ins import AnyCount, Measured, StandIn
from course_utils.scenes.tracing import NotSent, traced

MOST_NODES = 1000
MOST_BYTES = 40_000_000  # of weights and buffers
FUNCTION_NAMES, OPERATOR_NAMES = names_of(FUNCTIONS), names_of(OPERATORS)


def network_of(answer: Any, image: tuple[int, ...] = (), shapes: Sequence[tuple[int, ...]] = ()) -> dict:
    """Run the answer, and describe the network that it returns, for images of the shape `image`.

    A network that wants whole numbers for its lengths is described for each of `shapes`, those of the batches
    that it will be shown; where it does not take one of them, that is left out.

    Where that cannot be done: {"refused": what cannot be sent, "parameters": how many there are}.

    The data: "nodes" (in order, each a kind, a target, arguments), "layers" (type, config, state), "tensors",
    for each of those whether it is a parameter, and "unused", the number of parameters that no node uses.
    Where it is described for certain shapes, "shapes" (from a shape to its nodes) stands in place of "nodes".

    Raises:
        TypeError: the answer is no network and returns none. The answer's own exceptions pass through.
    """
    model = answer() if callable(answer) and not isinstance(answer, nn.Module) else answer
    if model is ...:
        raise NotImplementedError
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a trained nn.Module, got {type(model).__name__}")
    count = sum(each.numel() for each in model.parameters())
    try:
        data = _described(folded(model.eval()), image, shapes)
    except NotSent as what:
        return {"refused": str(what), "parameters": count}
    used = zip(data["tensors"], data["parameters"], strict=True)
    sent = sum(tensor.numel() for tensor, is_learnt in used if is_learnt)
    return {**data, "unused": max(count - sent, 0)}


def _described(model: nn.Module, image: tuple[int, ...], shapes: Sequence[tuple[int, ...]]) -> dict:
    """For images of any shape if that can be; otherwise for each of `shapes`, or for any number of images."""
    try:
        return _Description(model).data((2, *image) if image else ())
    except NotSent:
        if not image:
            raise
    return _Description(model).data_for(shapes) if shapes else _Description(model).data((2, *image), AnyCount)


def built_network(
    answer: Callable[[int], nn.Module],
    num_classes: int,
    image: tuple[int, ...],
    shapes: Sequence[tuple[int, ...]] = (),
) -> dict:
    """The network that the answer builds for so many classes, in evaluation mode, described as above."""
    model = answer(num_classes)
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected an nn.Module, got {type(model).__name__}")
    return network_of(model.eval(), image, shapes)


class _Description:
    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.tensors: list[torch.Tensor] = []
        self.numbers: dict[int, int] = {}  # of a tensor, by its id: one that layers share is sent once
        self.layers: dict[nn.Module, int] = {}
        self.described: list[dict] = []
        self.positions: dict[fx.Node, int] = {}

    def data(self, images: tuple[int, ...], stand_in: type[StandIn] = StandIn) -> dict:
        return {"nodes": self._nodes(*traced(self.model, images, stand_in)), **self._made()}

    def data_for(self, shapes: Sequence[tuple[int, ...]]) -> dict:
        """One list of nodes for each shape, in place of one for all."""
        taken = [shape for shape in dict.fromkeys(map(tuple, shapes)) if self._takes(shape)]
        nodes = [self._nodes(*traced(self.model, shape, Measured)) for shape in taken]
        if not nodes:
            raise NotSent("images of another shape")
        return {"shapes": dict(zip(taken, nodes, strict=True)), **self._made()}

    def _takes(self, shape: tuple[int, ...]) -> bool:
        try:
            with torch.no_grad():
                self.model.eval()(torch.ones(shape))
        except Exception:  # whatever a layer raises when a size does not fit
            return False
        return True

    def _nodes(self, whole: nn.Module, graph: fx.Graph) -> list[dict]:
        if len(graph.nodes) > MOST_NODES:
            raise NotSent(f"a network of {len(graph.nodes):,} operations; at most {MOST_NODES:,} can be sent")
        nodes = []
        for position, node in enumerate(graph.nodes):
            self.positions[node] = position
            nodes.append(self._node(node, whole))
        return nodes

    def _made(self) -> dict:
        return {
            "layers": self.described,
            "tensors": [tensor.detach().cpu().contiguous().clone() for tensor in self.tensors],
            "parameters": [isinstance(tensor, nn.Parameter) for tensor in self.tensors],
        }

    def _node(self, node: fx.Node, whole: nn.Module) -> dict:
        arguments = {
            "args": [self._value(each) for each in node.args],
            "kwargs": {name: self._value(each) for name, each in node.kwargs.items()},
        }
        if node.op in ("placeholder", "output"):
            return {"kind": "input" if node.op == "placeholder" else "output", "target": "", **arguments}
        if node.op == "call_module":
            return {"kind": "layer", "target": self._layer(whole.get_submodule(node.target)), **arguments}
        if node.op == "get_attr":
            path, _, name = node.target.rpartition(".")
            return {
                "kind": "tensor",
                "target": self._tensor(getattr(whole.get_submodule(path), name)),
                **arguments,
            }
        kind, target = _named(node)
        if kind == "attribute":
            arguments["args"] = arguments["args"][:1]
        return {"kind": kind, "target": target, **arguments}

    def _layer(self, layer: nn.Module) -> int:
        if layer not in self.layers:
            kind = KINDS.get(type(layer))
            if kind is None:
                raise NotSent(f"the layer {type(layer).__name__}")
            tensors = {**layer._parameters, **layer._buffers}
            self.layers[layer] = len(self.described)
            self.described.append(
                {
                    "type": kind,
                    "config": {word: _made_with(layer, word) for word in LAYERS[kind][1]},
                    "state": {name: self._tensor(each) for name, each in tensors.items() if each is not None},
                }
            )
        return self.layers[layer]

    def _tensor(self, tensor: Any) -> int:
        if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
            raise NotSent(f"a constant of the type {type(tensor).__name__}")
        if id(tensor) not in self.numbers:
            size = sum(each.numel() * each.element_size() for each in (*self.tensors, tensor))
            if size > MOST_BYTES:
                raise NotSent(f"more than {MOST_BYTES:,} bytes of weights")
            self.numbers[id(tensor)] = len(self.tensors)
            self.tensors.append(tensor)
        return self.numbers[id(tensor)]

    def _value(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, fx.Node):
            return {"node": self.positions[value]}
        if value is ...:
            return {"ellipsis": True}
        if isinstance(value, slice):
            return {"slice": [self._value(part) for part in (value.start, value.stop, value.step)]}
        if isinstance(value, (tuple, list)):
            kind = "list" if isinstance(value, list) else "tuple"
            return {kind: [self._value(part) for part in value]}
        raise NotSent(f"an argument of the type {type(value).__name__}")


def _made_with(layer: nn.Module, word: str) -> Any:
    value = getattr(layer, word)
    if word == "bias":
        return value is not None
    return tuple(value) if isinstance(value, (tuple, list)) else value


def _named(node: fx.Node) -> tuple[str, str]:
    """Kind and name of what a node calls."""
    if node.op == "call_method" and node.target in METHODS:
        return "method", node.target
    if node.op == "call_function" and node.target is getattr and node.args[1] in ATTRIBUTES:
        return "attribute", node.args[1]
    for kind, names in (("operator", OPERATOR_NAMES), ("function", FUNCTION_NAMES)):
        if node.op == "call_function" and node.target in names:
            return kind, names[node.target]
    target: Callable | str = node.target
    what = node.args[1] if target is getattr else getattr(target, "__name__", target)
    raise NotSent(f"`{what}`")
