"""A network that was sent as plain data, made again here. The data comes from whoever wrote the answer: it may lie.

Only layers, functions and tensor methods of the lists in `course_utils.scenes.network_words` are made or called,
with numbers, words and the network's own tensors as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from course_utils.checks.networks.errors import NetworkNotJudged, refuse
from course_utils.checks.networks.running import Rebuilt
from course_utils.checks.networks.steps import Node, Reference
from course_utils.checks.networks.words import (
    FLOATS,
    KEYWORDS,
    LARGEST,
    LARGEST_WINDOW,
    MOST_FREE,
    WINDOWS,
    WORDS,
)
from course_utils.checks.showing import shortened
from course_utils.scenes.network_words import ATTRIBUTES, FUNCTIONS, LAYERS, METHODS, OPERATORS
from course_utils.scenes.networks import MOST_BYTES, MOST_NODES


def rebuild(data: Any, seconds: float = 60.0, shapes: Sequence[tuple[int, ...]] = ()) -> Rebuilt:
    """The network that `course_utils.scenes.networks.network_of` described.

    It counts its parameters as the one that was sent, and gives the same outputs. Each of its passes checks on
    shapes alone what it would cost before anything is computed; all passes together may take `seconds`.
    For each of `shapes`, of the batches that it will be shown, it may have been described by itself.

    Raises:
        NetworkNotJudged: the data is no such description, or holds what is not on the lists.
    """
    data = _mapping(data, "a network")
    if "refused" in data:
        claimed = data.get("parameters")
        what = f"it uses {shortened(_printable(data['refused']), 300)}"
        raise NetworkNotJudged(what, claimed if type(claimed) is int and 0 <= claimed < 10**12 else 0)
    tensors = _tensors(data)
    layers = [_layer(each, tensors) for each in _sequence(data, "layers", MOST_NODES)]
    graphs = _graphs(data, shapes)
    unused = data.get("unused")
    if type(unused) is not int or not 0 <= unused < 10**12:
        refuse("the number of unused parameters")
    for nodes in graphs.values():
        _check_order(nodes, len(layers), len(tensors))
    free = sum(each.numel() for each in tensors if not isinstance(each, nn.Parameter))
    free += sum(_literals((*each.args, *each.kwargs.values())) for nodes in graphs.values() for each in nodes)
    if free > MOST_FREE:
        learnt = sum(each.numel() for each in tensors if isinstance(each, nn.Parameter))
        raise NetworkNotJudged(f"it uses {free:,} numbers that are no parameters", learnt + unused)
    return Rebuilt(graphs, layers, tensors, unused, seconds)


def _graphs(data: Mapping[str, Any], shapes: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], list[Node]]:
    """The operations by the shape of the batch; those under () are for batches of any shape."""
    if "shapes" not in data:
        sent = {(): _sequence(data, "nodes", MOST_NODES)}
    else:
        sent = data["shapes"]
        if type(sent) is not dict or not sent or not all(shape in shapes for shape in sent):
            refuse("the shapes of its images")
    return {
        shape: [_node(each, position) for position, each in enumerate(_sequence(sent, shape, MOST_NODES))]
        for shape in sent
    }


def _printable(text: Any) -> str:
    return "".join(c if c.isprintable() else " " for c in text) if type(text) is str else "something unknown"


def _literals(value: Any) -> int:
    """How many numbers and words are written out in arguments: a list of indices can hold a table, too."""
    if isinstance(value, (tuple, list)):
        return sum(map(_literals, value))
    if isinstance(value, slice):
        return _literals((value.start, value.stop, value.step))
    return not isinstance(value, Reference) and value is not None


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if type(value) is not dict or not all(type(key) is str for key in value):
        refuse(what)
    return value


def _sequence(data: Mapping[Any, Any], name: Any, most: int) -> list:
    value = data.get(name)
    if type(value) is not list or len(value) > most:
        refuse(f"its {name if type(name) is str else 'nodes'}")
    return value


def _tensors(data: Mapping[str, Any]) -> list[torch.Tensor]:
    tensors = _sequence(data, "tensors", 2 * MOST_NODES)
    learnt = _sequence(data, "parameters", 2 * MOST_NODES)
    if len(tensors) != len(learnt) or not all(isinstance(each, torch.Tensor) for each in tensors):
        refuse("its tensors")
    if sum(each.numel() * each.element_size() for each in tensors) > MOST_BYTES:
        refuse(f"more than {MOST_BYTES:,} bytes of weights")
    if any(each.dtype not in (*FLOATS, torch.int64, torch.int32, torch.bool) for each in tensors):
        refuse("tensors of an unusual type")
    plain = [torch.as_tensor(each).detach() for each in tensors]
    return [
        nn.Parameter(each, requires_grad=False) if is_learnt and each.dtype in FLOATS else each
        for each, is_learnt in zip(plain, learnt, strict=True)
    ]


def _layer(data: Any, tensors: list[torch.Tensor]) -> nn.Module:
    """A layer with the tensors that were sent, of the shapes that its own constructor gives them."""
    data = _mapping(data, "a layer")
    kind = data.get("type")
    if type(kind) is not str or kind not in LAYERS:
        refuse(f"the layer {shortened(_printable(kind), 40)}")
    make, words = LAYERS[kind]
    config, state = _mapping(data.get("config"), kind), _mapping(data.get("state"), kind)
    if set(config) != set(words):
        refuse(f"what the layer {kind} is made with")
    for word in words:
        _check_setting(kind, word, config[word])
    try:
        with torch.device("meta"):  # a shape without memory, however large it claims to be
            layer = make(**config)
    except Exception as error:
        refuse(f"a layer {kind} that PyTorch does not make ({shortened(error, 120)})")
    slots = {name: each for name, each in {**layer._parameters, **layer._buffers}.items() if each is not None}
    if set(slots) != set(state):
        refuse(f"the weights of a layer {kind}")
    for name, slot in slots.items():
        tensor = _tensor_at(tensors, state[name])
        fits = tensor.shape == slot.shape and tensor.is_floating_point() == slot.is_floating_point()
        if not fits or (name in layer._parameters) != isinstance(tensor, nn.Parameter):
            refuse(f"the {name} of a layer {kind}")
        (layer._parameters if name in layer._parameters else layer._buffers)[name] = tensor
    return layer


def _tensor_at(tensors: list[torch.Tensor], number: Any) -> torch.Tensor:
    if type(number) is not int or not 0 <= number < len(tensors):
        refuse("a weight that was not sent")
    return tensors[number]


def _check_setting(kind: str, word: str, value: Any) -> None:
    """Numbers and words of a sensible size."""
    limit = LARGEST_WINDOW if word in WINDOWS else LARGEST
    for part in value if type(value) is tuple and len(value) <= 6 else [value]:
        whole = type(part) is int and abs(part) <= limit
        if not (whole or part is None or type(part) in (bool, float) or part in WORDS):
            refuse(f"{word} of a layer {kind}")


def _node(data: Any, position: int) -> Node:
    data = _mapping(data, "an operation")
    kind, target = data.get("kind"), data.get("target")
    known = {"function": FUNCTIONS, "operator": OPERATORS, "method": METHODS, "attribute": ATTRIBUTES}
    if kind in ("layer", "tensor"):
        named = type(target) is int
    elif kind in ("input", "output"):
        named = target == ""
    else:
        named = type(kind) is str and type(target) is str and target in known.get(kind, ())
    if not named:
        refuse(f"`{shortened(_printable(target), 60)}`")
    args, kwargs = data.get("args"), _mapping(data.get("kwargs"), "an operation")
    if type(args) is not list or not set(kwargs) <= KEYWORDS or kwargs.get("dtype") is not None:
        refuse(f"how it calls {shortened(target, 60)}")
    equation = target == "torch.einsum"
    positional = tuple(_value(each, position, 3, equation and not i) for i, each in enumerate(args))
    named_args = {name: _value(each, position, 3) for name, each in kwargs.items()}
    return Node(kind, target, positional, named_args)


def _value(data: Any, position: int, depth: int, equation: bool = False) -> Any:
    """An argument: numbers, words, references to earlier operations, and sequences and slices of such."""
    if data is None or type(data) in (bool, float):
        return data
    if type(data) is int and abs(data) <= 2**40:
        return data
    if type(data) is str and (data in WORDS or (equation and len(data) < 40)):
        return data
    if type(data) is dict and len(data) == 1 and depth:
        ((kind, inner),) = data.items()
        if kind == "node" and type(inner) is int and 0 <= inner < position:
            return Reference(inner)
        if kind == "ellipsis" and inner is True:
            return ...
        if kind in ("tuple", "list", "slice") and type(inner) is list and len(inner) <= MOST_NODES:
            parts = [_value(part, position, depth - 1) for part in inner]
            if kind == "slice":
                return slice(*parts) if len(parts) == 3 else refuse("a slice")
            return tuple(parts) if kind == "tuple" else parts
    return refuse("an argument that is neither a number nor a tensor of its own")


def _check_order(nodes: list[Node], layers: int, tensors: int) -> None:
    """One input first, one output last, and no reference to a layer or tensor that is not there."""
    kinds = [node.kind for node in nodes]
    if (
        kinds.count("input") != 1
        or kinds.count("output") != 1
        or kinds[0] != "input"
        or kinds[-1] != "output"
    ):
        refuse("other than one input and one output")
    for node in nodes:
        limit = {"layer": layers, "tensor": tensors}.get(node.kind)
        if limit is not None and not 0 <= node.target < limit:
            refuse("a layer that was not sent")
