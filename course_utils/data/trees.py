"""Trees of pictures: which classes, which pictures, which of them to train on and which to validate."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import CourseDataError, shown
from .layouts import LAYOUT, SUFFIXES, find_classes, find_splits
from .selection import choose_classes, hold_out

VAL_SHARE = 0.2  # of each class, where a tree has no validation pictures of its own


@dataclass(frozen=True)
class Tree:
    """`pictures[split]` is a list of (name, label) in a fixed order: by class folder, then by file name.

    `name` is relative to `root`, with "/" on every system. `selection` repeats what was asked for, as
    keyword arguments of `scan_tree`; its `val_share` is None where the tree has a split of its own.
    """

    root: Path
    folders: tuple
    pictures: dict
    ignored: int
    selection: dict


def scan_tree(folder, classes=None, val_share=None, seed=0):
    """The Tree of a folder with train/ and val/, or with class folders alone; see `layouts` for the forms.

    `classes` chooses class folders by name. Of a tree without a split, the share `val_share` (VAL_SHARE when
    None) of each class is held out for validation, chosen by `seed`; for a tree that has one, `val_share`
    must be None. Raises CourseDataError: no classes, one class, an empty class, splits that disagree.
    """
    root, splits = find_splits(folder)
    if splits:
        if val_share is not None:
            raise CourseDataError(
                f"{shown(root)} has validation pictures of its own in {splits['val']}/: leave the share for "
                f'validation (--val-share) out, or name "{shown(root / "train")}" to split that folder.'
            )
        found = {split: find_classes(root, name) for split, name in splits.items()}
        ignored = sum(count for _, count in found.values())
        by_class = {split: pictures for split, (pictures, _) in found.items()}
        by_class = choose_classes(by_class, classes, root)
        _require_agreement(by_class, {split: root / name for split, name in splits.items()})
    else:
        val_share = VAL_SHARE if val_share is None else val_share
        pictures, ignored = find_classes(root)
        chosen = choose_classes({"train": pictures}, classes, root)["train"]
        _require_classes(chosen, root)
        by_class = hold_out(chosen, val_share, seed, root)
    folders = tuple(by_class["train"])
    labelled = {
        split: [(name, label) for label, folder in enumerate(folders) for name in found[folder]]
        for split, found in by_class.items()
    }
    selection = {"classes": list(classes) if classes else None, "val_share": val_share, "seed": seed}
    return Tree(root, folders, labelled, ignored, selection)


def fingerprint(tree):
    """sha256 of split, class, name and size in bytes of a Tree's pictures: tells whether the tree changed."""
    digest = hashlib.sha256()
    for split in ("train", "val"):
        for name, label in tree.pictures[split]:
            try:
                size = os.stat(tree.root / name).st_size
            except OSError:  # a broken link: it will be named when it is decoded
                size = -1
            digest.update(os.fsencode(f"{split} {tree.folders[label]} {name} {size}\n"))
    return digest.hexdigest()


def prepared_name(folder):
    """The name under which a learner's own folder is prepared: readable, and its own for each folder."""
    folder = Path(folder).expanduser().resolve()
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.name)[:60].strip("-") or "pictures"
    return f"{readable}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"


def _require_agreement(by_class, places):
    for split, other in (("train", "val"), ("val", "train")):
        missing = [name for name in by_class[split] if name not in by_class[other]]
        if missing:
            raise CourseDataError(
                f"{shown(places[other])} lacks the class folder{'s' * (len(missing) > 1)} "
                f"{', '.join(map(shown, missing[:8]))} that {shown(places[split])} has.\n{LAYOUT}"
            )
    for split, place in places.items():
        _require_classes(by_class[split], place)


def _require_classes(classes, place):
    if len(classes) == 1:
        raise CourseDataError(
            f"{shown(place)} has one class folder only, {shown(next(iter(classes)))}: a classifier needs two."
            f"\n{LAYOUT}"
        )
    for name, pictures in classes.items():
        if not pictures:
            raise CourseDataError(
                f"The class folder {shown(place / name)} holds no pictures ({', '.join(sorted(SUFFIXES))}).\n"
                "Put pictures there, or remove the folder, from both splits where there are two."
            )
