"""From uint8 windows to what a network takes: float32, resized, normalised, erased. Whole batches at once."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F


def to_float(windows: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """uint8 (n, C, h, w) -> float32 (n, C, *size) from 0 to 1; resized bilinearly where the size differs."""
    images = windows.float().div_(255)
    if tuple(images.shape[2:]) == size:
        return images
    if len(images) == 0:  # the part of a rank that gets none of a small last batch
        return images.new_empty(0, images.shape[1], *size)
    shrinks = images.shape[2] > size[0] or images.shape[3] > size[1]
    return F.interpolate(images, size=size, mode="bilinear", antialias=shrinks)


def normalise(images: torch.Tensor, mean: torch.Tensor | None, std: torch.Tensor | None) -> torch.Tensor:
    """(images - mean) / std in place; mean and std (C, 1, 1) or None."""
    if mean is not None:
        images.sub_(mean)
    if std is not None:
        images.div_(std)
    return images


def erase(images: torch.Tensor, rectangles: np.ndarray) -> torch.Tensor:
    """Zeros, in place, in one rectangle an image; rectangles (n, 4): top, left, bottom, right."""
    top, left, bottom, right = torch.from_numpy(rectangles).to(images.device, non_blocking=True).T[..., None]
    row, column = (torch.arange(length, device=images.device) for length in images.shape[2:])
    rows, columns = (row >= top) & (row < bottom), (column >= left) & (column < right)  # (n, H), (n, W)
    return images.masked_fill_((rows[:, :, None] & columns[:, None, :])[:, None], 0)
