"""The pictures of a benchmark: one path, a tree of files for the usual way and arrays for ours."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.data import ImageDataset, load_photo_patches, prepare_tree
from course_utils.data.datasets import is_prepared, open_prepared
from course_utils.data.sources import SOURCES
from course_utils.data.unpack import unpack
from tests.benchmarks.measure import say

QUICK_CLASSES, QUICK_PICTURES = 3, {"train": 24, "val": 8}  # a class


def tree_of(args: argparse.Namespace) -> Path | None:
    """The folder that holds train/ and val/ with the class folders; None where `--data` is only prepared."""
    if args.data is None:
        return quick_tree(args.work / "quick")
    if args.data.is_file():
        return root_of(unpack(SOURCES["imagenette"], args.data, official=False))
    return None if is_prepared(args.data) else root_of(args.data)


def dataset_of(args: argparse.Namespace, size: int) -> ImageDataset:
    """The same pictures as arrays at `size` pixels, prepared in the working folder where need be."""
    tree = tree_of(args)
    if tree is None:
        dataset = open_prepared(args.data)
        if dataset.size != size:
            raise SystemExit(
                f"{args.data} is prepared at {dataset.size} pixels; this needs {size} or the tree"
            )
        return dataset
    say(f"preparing {tree.name} at {size} pixels")
    return open_prepared(prepare_tree(tree, size, progress=False))


def need_tree(args: argparse.Namespace) -> Path:
    """As tree_of, and an error where there are no picture files for the usual way to read."""
    tree = tree_of(args)
    if tree is None:
        raise SystemExit(
            f"{args.data} holds arrays; the usual way needs the tree or archive of picture files"
        )
    return tree


def root_of(folder: Path) -> Path:
    """`folder`, or the one inside it that holds train/ and val/."""
    found = [place for place in (folder, *sorted(folder.glob("*/"))) if (place / "train").is_dir()]
    if not found:
        raise SystemExit(f"{folder} holds no train/ folder with class folders")
    return found[0]


def quick_tree(folder: Path, size: int = 64) -> Path:
    """A few patches of the embedded photographs as JPEG files in class folders."""
    patches = load_photo_patches(size=size, grey=False)
    for split, each in QUICK_PICTURES.items():
        part = getattr(patches, split)
        for label in range(QUICK_CLASSES):
            place = folder / split / f"class{label}"
            place.mkdir(parents=True, exist_ok=True)
            for number, index in enumerate(np.flatnonzero(part.labels == label)[:each]):
                picture = Image.fromarray(part.images[index].transpose(1, 2, 0))
                picture.save(place / f"{number}.jpg", quality=95)
    return folder
