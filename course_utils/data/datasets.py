"""A data set as the lessons use it: two splits of uint8 images with labels, from any source."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .errors import CourseDataError
from .roots import NAME, data_root, prepared_folder
from .sources import SOURCES


@dataclass(frozen=True)
class Split:
    """Images uint8 (N, C, S, S), an array or a read-only memory map, with labels int64 (N,).

    `files` names the picture behind each image, where there is one.
    """

    images: np.ndarray
    labels: np.ndarray
    files: tuple = field(default=(), repr=False)

    def __post_init__(self):
        if len(self.images) != len(self.labels):
            raise ValueError(f"{len(self.images)} images but {len(self.labels)} labels")

    def __len__(self):
        return len(self.labels)

    def subset(self, indices):
        """The Split of these indices (integers, a slice or a mask), in their order; copies the images."""
        indices = np.arange(len(self))[np.asarray(indices) if not isinstance(indices, slice) else indices]
        files = tuple(self.files[i] for i in indices) if self.files else ()
        return Split(np.asarray(self.images[indices]), self.labels[indices], files)

    def __repr__(self):
        return (
            f"Split(images {self.images.dtype} {tuple(self.images.shape)}, labels {tuple(self.labels.shape)})"
        )


@dataclass(frozen=True)
class ImageDataset:
    """`mean`, `std` float32 (C,) of the training images scaled to [0, 1]; `classes[label]` is a name."""

    name: str
    classes: tuple
    train: Split
    val: Split
    mean: np.ndarray
    std: np.ndarray

    @property
    def num_classes(self):
        return len(self.classes)

    @property
    def in_channels(self):
        return self.train.images.shape[1]

    @property
    def size(self):
        return self.train.images.shape[-1]

    def __repr__(self):
        return (
            f"ImageDataset({self.name!r}: {len(self.train):,} training and "
            f"{len(self.val):,} validation images of {self.num_classes} classes, "
            f"{self.in_channels} x {self.size} x {self.size})"
        )


def channel_statistics(images, chunk=1024):
    """Mean and standard deviation float32 (C,) of uint8 images (N, C, H, W) scaled to [0, 1]."""
    channels = images.shape[1]
    levels = np.zeros((channels, 256), dtype=np.int64)
    for start in range(0, len(images), chunk):
        part = np.asarray(images[start : start + chunk])
        for channel in range(channels):
            levels[channel] += np.bincount(part[:, channel].ravel(), minlength=256)
    value, share = np.arange(256) / 255, levels / levels.sum(axis=1, keepdims=True)
    mean = share @ value
    variance = np.maximum(share @ value**2 - mean**2, 0)
    return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)


def load_dataset(name="auto", size=64, grey=None):
    """An ImageDataset at `size` pixels.

    `name`: "photo_patches" (always there), "imagenette" or another source once `course data get` has prepared
    it, the path of a folder of class folders once `course data prepare` has, or the name that it was given
    with `--name`. "auto" is imagenette where it
    is prepared at this size, else the photo patches. `grey`: True or False decides the channels; None keeps
    the source's own way: grey for photo_patches, colour for the others.

    Raises CourseDataError with the command that brings what is missing.
    """
    if name == "auto":
        name = "imagenette" if is_prepared(prepared_folder("imagenette", size)) else "photo_patches"
    if name == "photo_patches":
        from .photo_patches import load_photo_patches

        return load_photo_patches(size=size, grey=grey is not False)
    if name in SOURCES:
        folder = prepared_folder(name, size)
        if not is_prepared(folder):
            raise CourseDataError(
                f"{name} is not prepared at {size} pixels: no {folder / 'manifest.json'}.\n"
                f"Remedy: course data get {name} --size {size}"
            )
    else:
        folder = _folder_of_path(name, size)
    dataset = open_prepared(folder)
    return as_grey(dataset) if grey else dataset


def is_prepared(folder):
    return (Path(folder) / "manifest.json").is_file()


def open_prepared(folder):
    """The ImageDataset in a prepared folder, memory-mapped. Raises CourseDataError for a damaged one."""
    folder = Path(folder)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        files = json.loads((folder / "files.json").read_text(encoding="utf-8"))
        splits = {}
        for split in ("train", "val"):
            images = np.load(folder / f"{split}_images.npy", mmap_mode="r", allow_pickle=False)
            labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
            if list(images.shape) != manifest["splits"][split]["shape"] or len(labels) != len(images):
                raise ValueError(f"{split}_images.npy is {images.shape}, not as manifest.json says")
            splits[split] = Split(images, labels, tuple(files[split]))
        mean, std = (np.asarray(manifest[key], dtype=np.float32) for key in ("mean", "std"))
        return ImageDataset(manifest["name"], tuple(manifest["classes"]), **splits, mean=mean, std=std)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseDataError(
            f"The prepared data in {folder} is damaged or incomplete ({error}).\n"
            "Remedy: delete that folder and run the `course data get` or `prepare` that made it again."
        ) from error


def as_grey(dataset):
    """The same data with one channel (luma: 0.299 R + 0.587 G + 0.114 B), in memory."""
    if dataset.in_channels == 1:
        return dataset
    train, val = (replace(split, images=_luma(split.images)) for split in (dataset.train, dataset.val))
    mean, std = channel_statistics(train.images)
    return replace(dataset, train=train, val=val, mean=mean, std=std)


def _luma(images, chunk=1024):
    grey = np.empty((len(images), 1, *images.shape[2:]), dtype=np.uint8)
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    for start in range(0, len(images), chunk):
        part = images[start : start + chunk].astype(np.float32)
        grey[start : start + chunk, 0] = np.rint(np.einsum("nchw,c->nhw", part, weights))
    return grey


def _folder_of_path(name, size):
    """The prepared folder that belongs to a path: itself, or what was prepared of the tree there."""
    from .trees import fingerprint, prepared_name, scan_tree

    path = Path(name).expanduser()
    if is_prepared(path):
        return path
    if not path.is_dir() and NAME.fullmatch(str(name)) and (data_root() / "prepared" / str(name)).is_dir():
        folder = prepared_folder(str(name), size)
        if is_prepared(folder):
            return folder
        raise CourseDataError(
            f"{name} is not prepared at {size} pixels.\n"
            f"Remedy: course data prepare FOLDER --name {name} --size {size}"
        )
    if not path.is_dir():
        raise CourseDataError(
            f"There is no data set {str(name)!r}: it is neither a source "
            f"({', '.join(SOURCES)}) nor a folder.\nSee `course data list`."
        )
    folder = prepared_folder(prepared_name(path), size)
    remedy = f'Remedy: course data prepare "{path}" --size {size}'
    if not is_prepared(folder):
        raise CourseDataError(f"The pictures in {path} are not prepared at {size} pixels.\n{remedy}")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    tree = scan_tree(path, **manifest.get("selection", {}))
    if manifest["source"]["fingerprint"] != fingerprint(tree):
        raise CourseDataError(f"The pictures in {path} have changed since they were prepared.\n{remedy}")
    return folder
