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
    if draws.padding:
        edges = (draws.padding, draws.padding)
        images = np.pad(images[indices], ((0, 0), (0, 0), edges, edges), mode="reflect")
        indices = np.arange(len(images))
    if images.shape[2:] == out.shape[2:]:
        np.take(images, indices, axis=0, out=out, mode="clip")  # "raise", the default, would copy twice
    else:
        corners = zip(out, indices.tolist(), draws.tops.tolist(), draws.lefts.tolist(), strict=True)
        for window, index, top, left in corners:
            window[...] = images[index, :, top : top + draws.height, left : left + draws.width]
    mirrored = np.flatnonzero(draws.flips)
    out[mirrored] = out[mirrored, :, :, ::-1]


def cut_by_index(images: torch.Tensor, indices: np.ndarray, draws: Draws) -> torch.Tensor:
    """The windows of images[indices], uint8 (N, C, H, W) on any device: (n, C, h, w), channels-last.

    With the indices broadcast around the channels' slice, the channels come out last in memory.
    """
    rows = draws.tops[:, None] + np.arange(draws.height) - draws.padding  # (n, h)
    columns = draws.lefts[:, None] + np.arange(draws.width) - draws.padding  # (n, w)
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
