"""Which images are nearly the same: a difference hash, and groups of near neighbours. Lesson 01."""

import numpy as np


def difference_hash(image, size=8):
    """(size, size) bool of an image: in a shrunken grey copy, is a pixel brighter than its right one?

    image: PIL image, or array (H, W) or (H, W, 3) uint8. The idea is N. Krawetz's (dHash).
    """
    from PIL import Image

    picture = image if isinstance(image, Image.Image) else Image.fromarray(np.asarray(image))
    small = np.asarray(picture.convert("L").resize((size + 1, size), Image.Resampling.BOX), dtype=int)
    return small[:, :-1] > small[:, 1:]


def hamming(hashes):
    """(N, N) int64: in how many bits each pair of the N hashes (N, ...) differs."""
    bits = np.asarray(hashes, dtype=bool).reshape(len(hashes), -1).astype(np.int64)
    return bits @ (1 - bits.T) + (1 - bits) @ bits.T


def duplicate_groups(hashes, radius):
    """(N,) int64: the smallest index that each image reaches by steps of at most `radius` bits."""
    near = hamming(hashes) <= radius
    groups = np.arange(len(near))
    while True:
        smallest = np.where(near, groups[None, :], len(near)).min(axis=1, initial=len(near))
        if np.array_equal(smallest, groups):
            return groups
        groups = smallest
