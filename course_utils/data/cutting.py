"""Windows of many uint8 pictures at once: by NumPy slicing on the host, or by one indexing on the device.

Both give the same pixels. Slicing is the fast way on a CPU: a row of pixels is copied at a time. A GPU wants
one large operation instead of many small ones. Lesson 07.
"""

from __future__ import annotations

import numpy as np
import torch

from course_utils.data.augmentation import Draws


def cut_by_slices(images: np.ndarray, indices: np.ndarray, draws: Draws, out: np.ndarray) -> None:
    """Write the windows of images[indices], uint8 (N, C, H, W), to `out` (n, C, h, w)."""
    height, width = images.shape[2:]
    if (draws.height, draws.width) == (height, width) and not (draws.tops.any() or draws.lefts.any()):
        np.take(images, indices, axis=0, out=out, mode="clip")
    else:
        corners = zip(out, indices.tolist(), draws.tops.tolist(), draws.lefts.tolist(), strict=True)
        for window, index, top, left in corners:
            _cut_one(images[index], top, left, window)
    mirrored = np.flatnonzero(draws.flips)
    if len(mirrored):
        out[mirrored] = out[mirrored, :, :, ::-1]


def _cut_one(image: np.ndarray, top: int, left: int, window: np.ndarray) -> None:
    """Copy the part of (C, H, W) that lies under `window` (C, h, w); then reflect it into the rest."""
    height, width = image.shape[1:]
    bottom, right = top + window.shape[1], left + window.shape[2]
    if top >= 0 and left >= 0 and bottom <= height and right <= width:
        window[...] = image[:, top:bottom, left:right]
        return
    rows, columns = reflect(np.arange(top, bottom), height), reflect(np.arange(left, right), width)
    window[...] = image[:, rows[:, None], columns]


def cut_by_index(images: torch.Tensor, indices: np.ndarray, draws: Draws) -> torch.Tensor:
    """The windows of images[indices], uint8 (N, C, H, W) on any device: (n, C, h, w), channels-last.

    With the indices broadcast around the channels' slice, the channels come out last in memory.
    """
    rows = draws.tops[:, None] + np.arange(draws.height)  # (n, h)
    columns = draws.lefts[:, None] + np.arange(draws.width)  # (n, w)
    columns = np.where(draws.flips[:, None], columns[:, ::-1], columns)
    rows, columns = reflect(rows, images.shape[2]), reflect(columns, images.shape[3])
    places = np.concatenate([indices[:, None], rows, columns], axis=1)  # one small copy to the device
    places = torch.from_numpy(places).to(images.device, non_blocking=True)
    picture, row, column = places.split([1, draws.height, draws.width], dim=1)
    windows = images[picture[:, :, None], :, row[:, :, None], column[:, None, :]]  # (n, h, w, C)
    return windows.permute(0, 3, 1, 2)


def reflect(places: np.ndarray, length: int) -> np.ndarray:
    """Where a mirror at each end shows places outside 0 ... length - 1: -1 is 1, length is length - 2."""
    places = np.abs(places)
    return np.where(places < length, places, 2 * (length - 1) - places)
