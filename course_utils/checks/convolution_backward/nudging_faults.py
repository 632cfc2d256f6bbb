"""Numerical gradients: the right one, and wrong ones, written out."""

from __future__ import annotations

import torch


def central(function, x, h):
    """All nudges as rows of an identity matrix."""
    nudges = h * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    slopes = [float(function(x + e)) / (2 * h) - float(function(x - e)) / (2 * h) for e in nudges]
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


def entrywise(slope):
    """Built from `slope(function, x, nudge, h)`, one number for each entry."""

    def wrong(function, x, h=1e-5):
        gradient = torch.zeros_like(x)
        for number in range(x.numel()):
            e = torch.zeros(x.numel(), dtype=x.dtype)
            e[number] = h
            gradient.view(-1)[number] = slope(function, x, e.reshape(x.shape), h)
        return gradient

    def contiguous(function, x, h=1e-5):
        return wrong(function, x.contiguous(), h)

    return contiguous


def in_place(after):
    """Nudges x itself; `after(h)` is what is added at the end to put it back, or not."""

    def wrong(function, x, h=1e-5):
        gradient = torch.zeros(x.shape, dtype=x.dtype)
        for place in torch.ones_like(x).nonzero():
            place = tuple(place.tolist())
            x[place] += h
            plus = function(x)
            x[place] -= 2 * h
            gradient[place] = (plus - function(x)) / (2 * h)
            x[place] += after(h)
        return gradient

    return wrong


def on_a_copy_by_mistake(function, x, h=1e-5):
    """`reshape` copies what is not contiguous: the nudges never reach x."""
    flat, slopes = x.reshape(-1), []
    for number in range(x.numel()):
        old = flat[number].item()
        flat[number] = old + h
        plus = float(function(x))
        flat[number] = old - h
        minus = float(function(x))
        flat[number] = old
        slopes.append((plus - minus) / (2 * h))
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


def exact(function, x, h=1e-5):
    with torch.enable_grad():
        z = x.detach().clone().requires_grad_()
        return torch.autograd.grad(function(z), z)[0]


def all_at_once(function, x, h=1e-5):
    return torch.full_like(x, float(function(x + h) - function(x - h)) / (2 * h))


def with_step(step):
    return lambda function, x, h=1e-5: central(function, x.contiguous(), step(h))


def single_precision(function, x, h=1e-5):
    return central(lambda z: function(z.float().double()), x.contiguous(), h)


def same_tensor_twice(function, x, h=1e-5):
    slopes = torch.zeros(x.shape, dtype=x.dtype)
    for place in torch.ones_like(x).nonzero():
        place = tuple(place.tolist())
        up = down = x
        up[place] += h
        down[place] -= h
        slopes[place] = (function(up) - function(down)) / (2 * h)
    return slopes


def in_rows(function, x, h=1e-5):
    slopes = torch.zeros(x.shape, dtype=x.dtype)
    for k in range(len(x)):
        nudge = torch.zeros(x.shape, dtype=x.dtype)
        nudge[k] = h
        slopes[k] = (function(x + nudge) - function(x - nudge)) / (2 * h)
    return slopes
