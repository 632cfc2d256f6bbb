"""The simple loader of the lessons: slice, move to the device, normalise there."""

import numpy as np
import torch


class Batches:
    """Batches of a Split: (images float32 (N, C, H, W), labels int64 (N,)) on `device`.

    Images are scaled to [0, 1], then `mean` is taken away and the result divided by `std` (numbers or (C,)
    each; None leaves them out). With `shuffle`, every pass has its own order, the same for the same `seed`.
    `drop_last` leaves out a last batch that is not full. Built in lesson 06.
    """

    def __init__(
        self, split, batch_size=64, shuffle=False, seed=0, mean=None, std=None, device="cpu", drop_last=False
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self.split, self.batch_size, self.shuffle, self.seed = split, batch_size, shuffle, seed
        self.device, self.drop_last, self.epoch = torch.device(device), drop_last, 0
        self.mean, self.std = (_per_channel(value, self.device) for value in (mean, std))

    def __len__(self):
        full, rest = divmod(len(self.split), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self):
        order = np.arange(len(self.split))
        if self.shuffle:
            np.random.default_rng([self.seed, self.epoch]).shuffle(order)
            self.epoch += 1
        return (self._batch(order[i * self.batch_size : (i + 1) * self.batch_size]) for i in range(len(self)))

    def _batch(self, indices):
        images = torch.from_numpy(np.asarray(self.split.images[indices])).to(self.device).float() / 255
        if self.mean is not None:
            images -= self.mean
        if self.std is not None:
            images /= self.std
        return images, torch.from_numpy(self.split.labels[indices]).to(self.device)


def _per_channel(value, device):
    """(C, 1, 1), to go with images (N, C, H, W); a single number serves all channels."""
    return (
        None
        if value is None
        else torch.as_tensor(value, dtype=torch.float32, device=device).reshape(-1, 1, 1)
    )
