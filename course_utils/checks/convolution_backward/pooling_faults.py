"""How a pooling window's gradient may be handed on, rightly and wrongly."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def routed(shares, add=True):
    """A pooling backward whose window (N, C, k, k) gets `shares(window)` of each gradient."""

    def wrong(grad_out, images, kernel_size, stride):
        grad_images, k = torch.zeros_like(images), kernel_size
        for i in range(grad_out.shape[2]):
            for j in range(grad_out.shape[3]):
                place = (..., slice(i * stride, i * stride + k), slice(j * stride, j * stride + k))
                share = shares(images[place])
                sent = share * grad_out[:, :, i, j, None, None]
                old = grad_images[place]
                grad_images[place] = old + sent if add else torch.where(share != 0, sent, old)
        return grad_images

    return wrong


def all_winners(window):
    return (window == window.amax((2, 3), keepdim=True)).to(window.dtype)


def shared_equally(window):
    winners = all_winners(window)
    return winners / winners.sum((2, 3), keepdim=True)


def one_of(pick):
    def shares(window):
        flat = window.flatten(2)
        chosen = F.one_hot(pick(flat), flat.shape[2]).to(window.dtype)
        return chosen.unflatten(2, window.shape[2:])

    return shares


first = one_of(lambda flat: flat.argmax(2))
last = one_of(lambda flat: flat.shape[2] - 1 - flat.flip(2).argmax(2))
smallest = one_of(lambda flat: flat.argmin(2))
farthest = one_of(lambda flat: flat.abs().argmax(2))


def down_the_columns(window):
    return first(window.mT).mT


def evenly(window):
    return torch.full_like(window, 1 / window[0, 0].numel())


def one_place_for_all_channels(window):
    return one_of(lambda flat: flat.sum(1, keepdim=True).argmax(2).expand(-1, flat.shape[1]))(window)


def axes_exchanged(window):
    return first(window).mT


def starting_from_zero(window):
    """No winner where nothing is positive: the gradient stays at the place where the search began."""
    found = first(window) * (window > 0)
    start = torch.zeros_like(window)
    start[..., 0, 0] = 1.0
    return torch.where(found.sum((2, 3), keepdim=True) > 0, found, start)


def started_at(shares, start):
    """Like `routed`, with windows that start at `start(number, stride)`; the gradient is added."""

    def wrong(grad_out, images, kernel_size, stride):
        grad_images, k = torch.zeros_like(images), kernel_size
        for i in range(grad_out.shape[2]):
            for j in range(grad_out.shape[3]):
                top, left = start(i, stride), start(j, stride)
                place = (..., slice(top, top + k), slice(left, left + k))
                sent = shares(images[place]) * grad_out[:, :, i, j, None, None]
                grad_images[place] = grad_images[place] + sent
        return grad_images

    return wrong
