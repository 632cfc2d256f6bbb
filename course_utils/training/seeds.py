"""One number that fixes the random choices of a run. Lesson 06, 'One seed is an anecdote'."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch (all devices).

    The same seed gives the same run on the same machine and versions; another processor, thread
    count or PyTorch version may round differently, and training magnifies the difference. On a GPU some
    operations add in an order that varies from run to run.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
