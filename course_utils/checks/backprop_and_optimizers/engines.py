"""Lesson 05: PyTorch's own engine behind the exercise's interface, and engines that go wrong."""

from __future__ import annotations

from collections.abc import Callable

import torch


class _Tape:
    """The oracle: PyTorch's own engine behind the interface of the exercise."""

    def __init__(self, data):
        self.tensor = data if isinstance(data, torch.Tensor) else self._leaf(data)

    @staticmethod
    def _leaf(number):
        return torch.tensor(float(number), dtype=torch.float64, requires_grad=True)

    data = property(lambda self: self.tensor.item())
    grad = property(lambda self: 0.0 if self.tensor.grad is None else self.tensor.grad.item())

    def __add__(self, other):
        return self._made(self.tensor + other.tensor)

    def __mul__(self, other):
        return self._made(self.tensor * other.tensor)

    def relu(self):
        return self._made(self.tensor.relu())

    def _made(self, tensor):
        tensor.retain_grad()
        return type(self)(tensor)

    def backward(self):
        self.tensor.backward()


def tape(number):
    with torch.enable_grad():
        return _Tape(number)


def _topological(last) -> list:
    order, met = [], set()

    def visit(node):
        if node not in met:
            met.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(last)
    return order[::-1]


def _first_met(last) -> list:
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for parent in node.parents:
                visit(parent)

    visit(last)
    return order


def _by_level(last) -> list:
    order = [last]
    for node in order:
        order += [parent for parent in dict.fromkeys(node.parents) if parent not in order]
    return order


def _every_path(last) -> list:
    return [last, *(node for parent in last.parents for node in _every_path(parent))]


def _stacked(last) -> list:
    """Each number once, the one met last first."""
    order, waiting, met = [], [last], {last}
    while waiting:
        order.append(waiting.pop())
        new = [parent for parent in dict.fromkeys(order[-1].parents) if parent not in met]
        met.update(new)
        waiting += new
    return order


ORDERS = {
    "topological": _topological,
    "first met": _first_met,
    "by level": _by_level,
    "stacked": _stacked,
    "every path": _every_path,
    "own rule only": lambda last: [last],
}


def wrong_engine(
    *,
    order="topological",
    product=None,
    overwrite=(),
    relu=lambda z, g: z > 0,
    seed=1.0,
    reset=False,
    chained=True,
) -> Callable:
    """An engine that departs from the right one in what is named."""

    class Wrong:
        def __init__(self, data, parents=(), slopes=None, how="add"):
            self.data, self.grad, self.parents = data, 0.0, parents
            self.slopes, self.how = slopes or (lambda g: ()), how

        def __add__(self, other):
            return Wrong(self.data + other.data, (self, other), lambda g: (1.0, 1.0))

        def __mul__(self, other):
            slopes = product or (lambda a, b: (b, a))
            return Wrong(
                self.data * other.data, (self, other), lambda g: slopes(self.data, other.data), "mul"
            )

        def relu(self):
            return Wrong(max(self.data, 0.0), (self,), lambda g: (float(relu(self.data, g)),), "relu")

        def rule(self):
            for parent, slope in zip(self.parents, self.slopes(self.grad), strict=True):
                parent.grad = (0.0 if self.how in overwrite else parent.grad) + slope * (
                    self.grad if chained else 1.0
                )

        def recurse(self):
            for parent, slope in zip(self.parents, self.slopes(self.grad), strict=True):
                parent.grad += slope * self.grad
                parent.recurse()

        def backward(self):
            if order == "recursion":
                self.grad = seed
                return self.recurse()
            steps = ORDERS[order](self)
            if reset:
                for node in steps:
                    node.grad = 0.0
            self.grad = seed
            for node in steps:
                node.rule()

    return Wrong
