"""Votes drawn at random, and votes counted: what both steps of EM in lesson 01 are checked with."""

from __future__ import annotations

import torch


def said(votes, classes):
    """(N, W, K) float64: 1 where the worker said that class, zeros where not asked."""
    return (votes[:, :, None] == torch.arange(classes)).double()


def simplex(rng, *shape):
    """Random distributions over the last axis, in float64."""
    return torch.softmax(1.3 * torch.randn(*shape, generator=rng, dtype=torch.float64), dim=-1)


def some_votes(rng, images, workers, classes, share):
    """(images, workers) int64; about `share` of the workers asked, -1 for the others."""
    votes = torch.randint(0, classes, (images, workers), generator=rng)
    votes[torch.rand(images, workers, generator=rng) > share] = -1
    return votes
