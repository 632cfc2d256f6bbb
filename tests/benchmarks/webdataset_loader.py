"""The same picture files in tar shards, as webdataset reads them: one file after the other, no seeking."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torchvision.datasets import ImageFolder

A_SHARD = 1000  # pictures; webdataset mixes the order of the shards, and of the pictures in a buffer


def webdataset_loader(dataset: ImageFolder, batch_size: int, folder: Path) -> Iterable:
    """Batches (images, labels) of the pictures of an ImageFolder, with its own transform, from shards.

    The shards hold the very bytes of the picture files; they are written to `folder` when they are not there.
    """
    import webdataset

    shards = write_shards(dataset, folder / "webdataset")
    return (
        webdataset.WebDataset([str(shard) for shard in shards], shardshuffle=len(shards), seed=0)
        .shuffle(A_SHARD)
        .decode("pil")
        .to_tuple("jpg", "cls")
        .map_tuple(dataset.transform, int)
        .batched(batch_size, collation_fn=_collate)
    )


def _collate(samples: list) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = zip(*samples, strict=True)
    return torch.stack(images), torch.tensor(labels)


def write_shards(dataset: ImageFolder, folder: Path) -> list[Path]:
    """Tar files with the pictures in a mixed order, `A_SHARD` each: 000123.jpg and 000123.cls."""
    order = np.random.default_rng(0).permutation(len(dataset.samples)).tolist()
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for start in range(0, len(order), A_SHARD):
        shards.append(folder / f"{start:06d}.tar")
        if shards[-1].exists():
            continue
        partial, text = shards[-1].with_suffix(".part"), folder / "label"
        with tarfile.open(partial, "w") as tar:
            for number in order[start : start + A_SHARD]:
                path, label = dataset.samples[number]
                text.write_text(str(label), encoding="utf-8")
                tar.add(path, arcname=f"{number:06d}.jpg")
                tar.add(text, arcname=f"{number:06d}.cls")
        partial.replace(shards[-1])
    return shards
