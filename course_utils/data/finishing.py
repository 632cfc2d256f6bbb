"""From uint8 windows to what a network takes: resized, float32, normalised, erased. Whole batches at once."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F


def resize(windows: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """uint8 (n, C, h, w) -> uint8 (n, C, *size), bilinearly, with antialiasing where it shrinks.

    Rounded to whole grey levels, as a resized picture in a file is. On a CPU torch computes in uint8, several
    times faster than in float32; elsewhere it cannot, so the same is done by way of float32.
    """
    if tuple(windows.shape[2:]) == size:
        return windows
    if len(windows) == 0:  # the part of a rank that gets none of a small last batch
        return windows.new_empty(0, windows.shape[1], *size)
    if windows.device.type == "cpu":
        return F.interpolate(windows, size=size, mode="bilinear", antialias=True)
    return F.interpolate(windows.float(), size=size, mode="bilinear", antialias=True).round_()


def per_channel(value, device: torch.device) -> torch.Tensor | None:
    """(C, 1, 1), to go with images (N, C, H, W); a single number serves all channels."""
    if value is None:
        return None
    return torch.as_tensor(value, dtype=torch.float32, device=device).reshape(-1, 1, 1)


def normalise(images: torch.Tensor, mean: torch.Tensor | None, std: torch.Tensor | None) -> torch.Tensor:
    """0 ... 255 (n, C, H, W) -> float32 (x / 255 - mean) / std, new memory; mean and std (C, 1, 1) or None.

    In place after the first step: a fresh tensor for each step costs more than the arithmetic.
    """
    images = images.to(torch.float32, copy=True).div_(255)
    if mean is not None:
        images.sub_(mean)
    if std is not None:
        images.div_(std)
    return images


def erase_by_slices(images: torch.Tensor, rectangles: np.ndarray) -> None:
    """Zeros, in place, in one rectangle an image; rectangles (n, 4): top, left, bottom, right."""
    array = images.numpy()
    for place in np.flatnonzero(rectangles.any(axis=1)):
        top, left, bottom, right = rectangles[place]
        array[place, :, top:bottom, left:right] = 0


def erase_by_mask(images: torch.Tensor, rectangles: np.ndarray) -> None:
    """The same in one operation, on any device."""
    corners = torch.from_numpy(rectangles).to(images.device, non_blocking=True)
    top, left, bottom, right = corners.T[..., None]  # (n, 1) each
    row, column = (torch.arange(length, device=images.device) for length in images.shape[2:])
    rows, columns = (row >= top) & (row < bottom), (column >= left) & (column < right)  # (n, H), (n, W)
    images.masked_fill_((rows[:, :, None] & columns[:, None, :])[:, None], 0)
