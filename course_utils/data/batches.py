"""The loader: draw, cut, finish. Lesson 06 builds it plain, lesson 07 makes it fast.

A batch goes  order -> draws (`augmentation`) -> uint8 windows (`cutting`) -> float32 images (`finishing`).
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from course_utils.data.augmentation import Augmentation, Draws
from course_utils.data.cutting import cut_by_index, cut_by_slices
from course_utils.data.datasets import Split
from course_utils.data.finishing import erase_by_mask, erase_by_slices, normalise, per_channel, resize


class Batches:
    """Batches of a Split: (images float32 (n, C, S, S), labels int64 (n,)) on `device`.

    Images are scaled to [0, 1], then `mean` is taken away and the result divided by `std` (numbers or (C,)
    each; None leaves them out). With `shuffle`, every pass has its own order, the same for the same `seed`.
    `drop_last` leaves out a last batch that is not full.

    Each picture is cut, mirrored, resized, normalised, erased, in this order, as far as is asked for:

    size: the images' side S: None is the pictures' own; a number; or {first_epoch: side, ...}, epochs counted
        from 0 (progressive resizing). A picture or window of another size is resized to it, bilinearly, with
        antialiasing where it shrinks.
    crop: "random" or "centre" cuts a window of `size` pixels instead of resizing.
    padding: pixels by which each picture first grows, by reflection; the window lies anywhere in that.
    zoom: (low, high) shares of the picture's area. The window is a square whose side is drawn once a batch,
        its place once a picture: a cheap RandomResizedCrop. Pictures of one scale in a batch move batch
        norm's statistics from batch to batch; where a run is short, `padding` serves better.
    flip: mirror each picture with probability 1/2.
    erase: the probability that a rectangle of the image is set to 0, the mean: see `draw_erased`.
    channels_last: the memory order of the images.
    resident: the whole uint8 array lies on the device and is cut there by one indexing; None: wherever the
        device is not the CPU. Otherwise NumPy slices cut on the host, and the images are sent after.
    rank, world: of every batch, yield items rank, rank + world, ...; a last batch smaller than `world` leaves
        some ranks none.

    What is drawn for batch b of epoch e depends on (seed, e, b) alone: not on the device, the rank, or the
    batches before. `epoch` is the epoch of the next pass. `state_dict` is the place in the middle of a pass,
    two whole numbers; after `load_state_dict` the next pass goes on from there. A pass broken off otherwise
    is not taken up again.

    Raises:
        ValueError: an argument makes no sense, or does not fit the pictures.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int = 64,
        shuffle: bool = False,
        seed: int = 0,
        mean=None,
        std=None,
        device: torch.device | str = "cpu",
        drop_last: bool = False,
        *,
        size: int | Mapping[int, int] | None = None,
        crop: str | None = None,
        padding: int = 0,
        zoom: tuple[float, float] | None = None,
        flip: bool = False,
        erase: float = 0.0,
        channels_last: bool = False,
        resident: bool | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        _check(split.images, batch_size, seed, rank, world)
        self.split, self.batch_size, self.shuffle, self.seed = split, batch_size, shuffle, seed
        self.device, self.drop_last, self.rank, self.world = torch.device(device), drop_last, rank, world
        self.mean, self.std = (per_channel(value, self.device) for value in (mean, std))
        self.augmentation = Augmentation(*split.images.shape[2:], size, crop, padding, zoom, flip, erase)
        self.channels_last = channels_last
        self.resident = self.device.type != "cpu" if resident is None else resident
        self.epoch = 0
        self._place, self._loaded = (0, 0), False
        self._images = np.asarray(split.images)  # of a memory map: the same memory, cheaper to slice
        self._on_device = None

    @property
    def settings(self) -> dict:
        """What decides which batches come, for JSON: a checkpoint keeps it, to know a run's own loader."""
        cuts = vars(self.augmentation) | {"zoom": self.augmentation.zoom and list(self.augmentation.zoom)}
        if isinstance(self.augmentation.size, Mapping):
            cuts["size"] = {str(epoch): side for epoch, side in self.augmentation.size.items()}
        return cuts | {
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "seed": self.seed,
            "drop_last": self.drop_last,
            "mean": None if self.mean is None else self.mean.flatten().tolist(),
            "std": None if self.std is None else self.std.flatten().tolist(),
            "labels_crc32": zlib.crc32(np.ascontiguousarray(self.split.labels)),
        }

    def __len__(self) -> int:
        full, rest = divmod(len(self.split), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def batch_length(self, batch: int) -> int:
        """Images in batch `batch`, 0 ... len(self) - 1, over all ranks."""
        if not 0 <= batch < len(self):
            raise ValueError(f"there is no batch {batch}: an epoch has {len(self)}")
        return min(self.batch_size, len(self.split) - batch * self.batch_size)

    def side_at(self, epoch: int) -> int:
        """Height of the images in this epoch, in pixels."""
        return self.augmentation.output_size(epoch)[0]

    def shard(self, rank: int, world: int) -> Batches:
        """A loader with the same settings for one of `world` processes, at the same place."""
        _check(self.split.images, self.batch_size, self.seed, rank, world)
        own = copy.copy(self)
        own.rank, own.world = rank, world
        return own

    def state_dict(self) -> dict[str, int]:
        """The place: the epoch, and the batch in it that comes next; len(self) before the pass has ended."""
        epoch, batch = self._place
        return {"epoch": epoch, "batch": batch}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Let the next pass begin at this place.

        Raises:
            ValueError: this loader has no such place.
        """
        epoch, batch = state["epoch"], state["batch"]
        if epoch < 0 or not 0 <= batch <= len(self):
            raise ValueError(f"no such place in a loader of {len(self)} batches an epoch: {dict(state)}")
        self.epoch, self._place, self._loaded = epoch, (epoch, batch), True

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        if not self._loaded:
            self._place = self.epoch, 0
        self._loaded = False
        epoch, first = self._place
        self.epoch = epoch + 1
        return self._pass(epoch, first)

    def _pass(self, epoch: int, first: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = np.arange(len(self.split))
        if self.shuffle:
            np.random.default_rng([self.seed, epoch]).shuffle(order)
        for batch in range(first, len(self)):
            indices = order[batch * self.batch_size :][: self.batch_size]
            made = self._batch(indices, epoch, batch)
            self._place = epoch, batch + 1
            yield made
        self._place = epoch + 1, 0

    def _batch(self, indices: np.ndarray, epoch: int, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The own part of the batch of these pictures."""
        # + 1: to a seed sequence, [seed, epoch, 0] is [seed, epoch], which draws the order.
        generator = np.random.default_rng([self.seed, epoch, batch + 1])
        draws = self.augmentation.draw(generator, len(indices), epoch).part(self.rank, self.world)
        indices = indices[self.rank :: self.world]
        images = resize(self._cut(indices, draws), self.augmentation.output_size(epoch))
        images = normalise(images, self.mean, self.std)
        order = torch.channels_last if self.channels_last else torch.contiguous_format
        images = images.contiguous(memory_format=order)
        if draws.erased is not None:
            erase = erase_by_slices if self.device.type == "cpu" else erase_by_mask
            erase(images, draws.erased)
        labels = torch.from_numpy(self.split.labels[indices].astype(np.int64, copy=False))
        return images, labels.to(self.device, non_blocking=True)

    def _cut(self, indices: np.ndarray, draws: Draws) -> torch.Tensor:
        """uint8 (n, C, h, w) on the device."""
        if self.resident:
            if self._on_device is None:
                self._on_device = torch.tensor(self._images, device=self.device)
            windows = cut_by_index(self._on_device, indices, draws)
            return windows if self.channels_last else windows.contiguous()
        # Pinned memory is sent while the host goes on; new for each batch, as the last may be on its way.
        shape = (len(indices), self._images.shape[1], draws.height, draws.width)
        windows = torch.empty(shape, dtype=torch.uint8, pin_memory=self.device.type == "cuda")
        cut_by_slices(self._images, indices, draws, windows.numpy())
        return windows.to(self.device, non_blocking=True)


def _check(images: np.ndarray, batch_size: int, seed: int, rank: int, world: int) -> None:
    if images.ndim != 4 or images.dtype != np.uint8:
        raise ValueError(f"images must be uint8 (N, C, H, W), not {images.dtype} {tuple(images.shape)}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, not {seed}")
    if not 0 <= rank < world:
        raise ValueError(f"rank must be from 0 to world - 1, not {rank} of world {world}")
    if world > batch_size:
        raise ValueError(f"batches of {batch_size} are too small to be shared by {world} processes")
