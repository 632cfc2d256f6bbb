"""What is drawn by chance for a batch: where to cut, what to mirror, what to erase. NumPy only, no pixels.

The draws are made on the host, in the same way whichever device then cuts the pictures. Lesson 07.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

ERASED_AREA = (0.02, 0.4)  # Zhong et al. 2020, section 3: s_l, s_h and r_1 with r_2 = 1 / r_1
ERASED_ASPECT = (0.3, 1 / 0.3)
LEAST_SIDE = 8


@dataclass(frozen=True)
class Draws:
    """For each of n pictures a window, whether to mirror it, and a rectangle of it to erase.

    height, width: of all windows, in pixels of the stored picture.
    padding: by how many pixels each picture first grows at each side, by reflection.
    tops, lefts: int64 (n,), the window's corner in the grown picture.
    flips: bool (n,).
    erased: int64 (n, 4): top, left, bottom, right in the finished image, 0 0 0 0 for none; None: none at all.
    """

    height: int
    width: int
    padding: int
    tops: np.ndarray
    lefts: np.ndarray
    flips: np.ndarray
    erased: np.ndarray | None = None

    def part(self, rank: int, world: int) -> Draws:
        """The draws of pictures rank, rank + world, ..."""
        own = slice(rank, None, world)
        per_picture = {name: getattr(self, name) for name in ("tops", "lefts", "flips", "erased")}
        return replace(
            self, **{name: drawn if drawn is None else drawn[own] for name, drawn in per_picture.items()}
        )


@dataclass(frozen=True)
class Augmentation:
    """What `Batches` does to pictures of `height` by `width` pixels. For the arguments see there.

    Raises:
        ValueError: an argument makes no sense, or does not fit the pictures.
    """

    height: int
    width: int
    size: int | Mapping[int, int] | None = None
    crop: str | None = None
    padding: int = 0
    zoom: tuple[float, float] | None = None
    flip: bool = False
    erase: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.size, Mapping):  # JSON turns the epochs into texts
            steps = {int(epoch): side for epoch, side in self.size.items()}
            object.__setattr__(self, "size", dict(sorted(steps.items())))
        check(self)

    def output_size(self, epoch: int) -> tuple[int, int]:
        """(height, width) of the images of this epoch."""
        if self.size is None:
            return self.height, self.width
        if isinstance(self.size, int):
            return self.size, self.size
        side = self.size[max(first for first in self.size if first <= epoch)]
        return side, side

    def draw(self, generator: np.random.Generator, count: int, epoch: int) -> Draws:
        """The draws for a batch of `count` pictures."""
        height, width = self._window(generator, epoch)
        if self.padding or self.zoom or self.crop == "random":
            tops, lefts = (
                generator.integers(0, whole + 2 * self.padding - part + 1, count)
                for whole, part in ((self.height, height), (self.width, width))
            )
        else:
            tops = np.full(count, (self.height - height) // 2)
            lefts = np.full(count, (self.width - width) // 2)
        flips = generator.random(count) < 0.5 if self.flip else np.zeros(count, dtype=bool)
        erased = draw_erased(generator, count, self.erase, *self.output_size(epoch)) if self.erase else None
        return Draws(height, width, self.padding, tops, lefts, flips, erased)

    def _window(self, generator: np.random.Generator, epoch: int) -> tuple[int, int]:
        """(height, width) of the windows of a batch."""
        if self.zoom:
            side = round(self.height * np.sqrt(generator.uniform(*self.zoom)))
            return side, side
        return self.output_size(epoch) if self.crop else (self.height, self.width)


def draw_erased(
    generator: np.random.Generator, count: int, share: float, height: int, width: int
) -> np.ndarray:
    """Rectangles int64 (count, 4), top, left, bottom, right: one in `share` of the images, else 0 0 0 0.

    Z. Zhong et al.: Random Erasing Data Augmentation. AAAI 2020. The area is drawn evenly from 2 to 40 % of
    the image, the aspect from 0.3 to 3.33. Three things differ from the paper: the aspect is even in its
    logarithm, as many wide rectangles as tall ones; a side longer than the image is cut to it, where the
    paper draws again; and what is erased is set to 0, not to noise.
    """
    chosen = generator.random(count) < share
    area = generator.uniform(*ERASED_AREA, count) * height * width
    aspect = np.exp(generator.uniform(*np.log(ERASED_ASPECT), count))
    rows = np.clip(np.rint(np.sqrt(area * aspect)), 1, height).astype(np.int64)
    columns = np.clip(np.rint(np.sqrt(area / aspect)), 1, width).astype(np.int64)
    top, left = generator.integers(0, height - rows + 1), generator.integers(0, width - columns + 1)
    return np.stack([top, left, top + rows, left + columns], axis=1) * chosen[:, None]


def check(wanted: Augmentation) -> None:
    """Raise ValueError for settings that make no sense or do not fit the pictures."""
    height, width, sizes = wanted.height, wanted.width, wanted.size
    sizes = list(sizes.values()) if isinstance(sizes, Mapping) else [] if sizes is None else [sizes]
    if any(isinstance(side, bool) or not isinstance(side, int) or side < LEAST_SIDE for side in sizes):
        raise ValueError(f"size must be whole numbers of pixels from {LEAST_SIDE}, not {wanted.size}")
    if isinstance(wanted.size, Mapping) and min(wanted.size, default=-1) != 0:
        raise ValueError(f"size must say what holds from epoch 0 on: {{0: side, ...}}, not {wanted.size}")
    if wanted.crop not in (None, "random", "centre"):
        raise ValueError(f'crop must be None, "random" or "centre", not {wanted.crop!r}')
    least = min(height, width)
    if isinstance(wanted.padding, bool) or not isinstance(wanted.padding, int) or wanted.padding < 0:
        raise ValueError(f"padding must be a whole number of pixels from 0, not {wanted.padding!r}")
    if wanted.padding >= least:
        raise ValueError(f"padding by reflection must be less than the picture's {least} pixels")
    if wanted.crop and max(sizes, default=0) > least + 2 * wanted.padding:
        raise ValueError(
            f"a crop of {max(sizes)} pixels is larger than the pictures, {height} by {width}"
            f"{f' with padding {wanted.padding}' if wanted.padding else ''}"
        )
    if wanted.crop == "centre" and wanted.padding:
        raise ValueError('padding is for crops at random places: leave it out, or crop="random"')
    if wanted.zoom is not None:
        check_zoom(wanted.zoom, least)
        if wanted.crop:
            raise ValueError("zoom cuts a square and resizes it, crop cuts one of `size` pixels: choose one")
        if height != width:
            raise ValueError(f"zoom needs square pictures, these are {height} by {width}")
    if not 0 <= wanted.erase <= 1:
        raise ValueError(f"erase must be a probability from 0 to 1, not {wanted.erase}")


def check_zoom(zoom: tuple[float, float], side: int) -> None:
    try:
        low, high = zoom
    except (TypeError, ValueError):
        raise ValueError(f"zoom must be two shares of area, (low, high), not {zoom!r}") from None
    if not 0 < low <= high <= 1:
        raise ValueError(f"zoom must be (low, high) with 0 < low <= high <= 1, shares of area, not {zoom}")
    if round(side * low**0.5) < 1:
        raise ValueError(f"zoom {zoom} leaves less than a pixel of pictures of {side} pixels")
