"""Follows a network's `forward` with a stand-in for its images, and notes each operation."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import fx, nn

from course_utils.scenes.network_words import KINDS
from course_utils.scenes.stand_ins import StandIn

# Change nothing, so that they may be left out where no operation uses what they give.
QUESTIONS = frozenset({"isfinite", "isnan", "isinf", "all", "any", "item", "allclose", "equal"})
_CALL, _GETATTR = nn.Module.__call__, nn.Module.__getattr__


class NotSent(Exception):
    """Something of the network has no place in the data; the message names it."""


def traced(
    model: nn.Module, images: tuple[int, ...], stand_in: type[StandIn] = StandIn
) -> tuple[nn.Module, fx.Graph]:
    """The network inside a module that takes images alone, and what is done with them in evaluation mode.

    `images`, the shape of a batch, decides where `forward` asks for lengths; without it, it must not ask.
    `stand_in`: which lengths are whole numbers, so that what is done with images of other lengths may differ.

    Raises:
        NotSent: there are hooks, or `forward` wants the stand-in's numbers.
    """
    whole = _OneInput(model.eval())
    for name, module in model.named_modules():
        if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
            raise NotSent(f"a hook, or a `forward` put in later, at {name or 'the network itself'}")
    try:
        with _length_as_shape(), torch.no_grad():
            graph = _Tracer(images, stand_in).trace(whole)
    except Exception as error:  # whatever the learner's forward does with a stand-in for a tensor
        said = " ".join(str(error).split())[:200]
        raise NotSent(f"what `forward` does with its input ({type(error).__name__}: {said})") from None
    _drop_questions(graph)
    return whole, graph


def _drop_questions(graph: fx.Graph) -> None:
    """Take away what was only asked for an `assert` or to be printed; it changes nothing."""
    for node in reversed(list(graph.nodes)):
        name = node.target if node.op == "call_method" else getattr(node.target, "__name__", "")
        if node.op in ("call_method", "call_function") and name in QUESTIONS and not node.users:
            graph.erase_node(node)


class _OneInput(nn.Module):
    """The network with its images alone: other arguments of its `forward` keep their defaults."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.model(images)


class _Tracer(fx.Tracer):
    """Answers a question about lengths ("is it at least 32 pixels high?") for an example of the images."""

    def __init__(self, images: tuple[int, ...], stand_in: type[StandIn]) -> None:
        super().__init__()
        self.images, self.stand_in = images, stand_in
        self.known: dict[int, dict[fx.Node, Any]] = {}  # by how many images more there are

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return self.stand_in(node, self)

    def create_arg(self, value: Any) -> Any:
        from_numpy = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
        return super().create_arg(value.item() if from_numpy else value)

    def create_proxy(
        self, kind: str, target: Any, args: tuple, kwargs: dict, *others: Any, **more: Any
    ) -> Any:
        if (
            kind == "call_method" and kwargs.get("out", self) is None
        ):  # as NumPy calls it for `np.prod(lengths)`
            raise TypeError(f"NumPy's {target} wants whole numbers")
        return super().create_proxy(kind, target, args, kwargs, *others, **more)

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return type(module) in KINDS or super().is_leaf_module(module, name)

    def to_bool(self, obj: fx.Proxy) -> bool:
        value = self.example(obj)
        # A number of the image, unlike a length, is another one for each image.
        return value if type(value) is bool else super().to_bool(obj)

    def iter(self, obj: fx.Proxy) -> Iterator:
        value = self.example(obj)
        if isinstance(value, (tuple, list)):
            return iter([obj[position] for position in range(len(value))])
        return super().iter(obj)

    def example(self, obj: fx.Proxy, more: int = 0) -> Any:
        """What this would be for an example of so many images more; None where there is none."""
        return self._example(obj.node, more) if self.images else None

    def _example(self, node: fx.Node, more: int) -> Any:
        """The value of this node for images of ones."""
        known = self.known.setdefault(more, {})
        with _untraced():
            for each in self.graph.nodes:
                if each not in known:
                    args = fx.node.map_arg(each.args, known.__getitem__)
                    kwargs = fx.node.map_arg(each.kwargs, known.__getitem__)
                    known[each] = self._value(each, args, kwargs, more)
        return known[node]

    def _value(self, node: fx.Node, args: tuple, kwargs: dict, more: int) -> Any:
        if node.op == "placeholder":
            return torch.ones(self.images[0] + more, *self.images[1:])
        if node.op == "call_module":
            return self.root.get_submodule(node.target)(*args, **kwargs)
        if node.op == "get_attr":
            path, _, name = node.target.rpartition(".")
            return getattr(self.root.get_submodule(path), name)
        function = getattr(args[0], node.target) if node.op == "call_method" else node.target
        return function(*args[node.op == "call_method" :], **kwargs)


@contextmanager
def _untraced() -> Iterator[None]:
    """Inside, modules work as ever: while it traces, torch.fx has calls and weights go through itself."""
    tracing = nn.Module.__call__, nn.Module.__getattr__
    nn.Module.__call__, nn.Module.__getattr__ = _CALL, _GETATTR
    try:
        yield
    finally:
        nn.Module.__call__, nn.Module.__getattr__ = tracing


@contextmanager
def _length_as_shape() -> Iterator[None]:
    """Inside, `len(images)` is `images.shape[0]`: Python's own wants a whole number at once."""
    length = builtins.len

    def length_or_shape(value: Any) -> Any:
        if not isinstance(value, fx.Proxy):
            return length(value)
        example = value.tracer.example(value)
        return length(example) if isinstance(example, (tuple, list)) else value.shape[0]

    builtins.len = length_or_shape
    try:
        yield
    finally:
        builtins.len = length
