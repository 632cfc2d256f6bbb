"""Backward passes along one row by loops, right ones to spoil and wrong ones."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def jacobian(w, size, stride, dilation):
    rows = (size - dilation * (len(w) - 1) - 1) // stride + 1
    table = torch.zeros(rows, size, dtype=w.dtype)
    for i in range(rows):
        for a, weight in enumerate(w):
            table[i, i * stride + a * dilation] = weight
    return table


def input_gradient(g, w, size, stride, dilation):
    return g @ jacobian(w, size, stride, dilation)


def input_gradient_at(g, w, size, stride, dilation):
    """Scattered with this stride and this dilation, whatever the layer's."""
    gradient = torch.zeros(size, dtype=g.dtype)
    for i, each in enumerate(g):
        for a, weight in enumerate(w):
            gradient[i * stride + a * dilation] += each * weight
    return gradient


def overwritten(g, w, size, stride, dilation):
    gradient = torch.zeros(size, dtype=g.dtype)
    for i, each in enumerate(g):
        for a, weight in enumerate(w):
            gradient[i * stride + a * dilation] = each * weight
    return gradient


def weight_gradient(g, x, kernel, stride, dilation):
    places = torch.arange(len(g)) * stride
    return torch.stack([(g * x[places + a * dilation]).sum() for a in range(kernel)])


def with_leftover(g, x, kernel, stride, dilation):
    return F.conv1d(x[None, None], g[None, None], stride=dilation, dilation=stride)[0, 0]


def places(w, size, stride, dilation, place):
    """A Jacobian with the weights in other places."""
    table = torch.zeros_like(jacobian(w, size, stride, dilation))
    for i in range(len(table)):
        for a, weight in enumerate(w):
            table[i, place(i, a)] = weight
    return table
