"""Where trees of pictures keep their classes: in folders, in a table beside the pictures, in file names."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from .errors import CourseDataError, shown
from .wordnet import WNID

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
VALIDATION_FOLDERS = ("val", "valid", "validation")
IMAGES = "images"  # Tiny ImageNet puts such a folder between a class or a split and its pictures
TABLES = ("val_annotations.txt", "LOC_val_solution.csv")  # of Tiny ImageNet and of ImageNet at Kaggle
LAYOUT = (
    "Wanted: FOLDER/train/CLASS/picture.jpg and FOLDER/val/CLASS/picture.jpg, the same class folders in both,"
    " or FOLDER/CLASS/picture.jpg, to be split for you."
)


@dataclass
class Listing:
    """What lies in one folder, sorted. A folder named like a picture is among both."""

    folders: list = field(default_factory=list)
    pictures: list = field(default_factory=list)
    others: int = 0


def look(folder):
    """The Listing of a folder without what is hidden. Raises CourseDataError where it cannot be read."""
    found = Listing()
    try:
        with os.scandir(folder) as entries:
            visible = sorted(
                (entry.name, _is_folder(entry)) for entry in entries if not entry.name.startswith(".")
            )
    except OSError as error:
        raise CourseDataError(f"Cannot read the folder {shown(folder)}: {error.strerror}.") from error
    for name, is_folder in visible:
        is_picture = Path(name).suffix.lower() in SUFFIXES
        if is_folder:
            found.folders.append(name)
        if is_picture:  # whatever it is: decoding it tells a broken link or a pipe from a picture
            found.pictures.append(name)
        found.others += not is_folder and not is_picture
    return found


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def find_splits(folder):
    """(root, {"train": folder name, "val": folder name}) of a tree, the second empty for a tree of class
    folders alone. The root is `folder` or its only sub-folder. Raises CourseDataError."""
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise CourseDataError(f"There is no folder {shown(folder)}. {LAYOUT}")
    top = look(folder)
    candidates = (folder, folder / top.folders[0]) if len(top.folders) == 1 else (folder,)
    for root in candidates:
        inside = look(root).folders
        val = [name for name in VALIDATION_FOLDERS if name in inside]
        if "train" in inside and val:
            return root, {"train": "train", "val": val[0]}
    for root in candidates:
        if root.name in ("train", "test", *VALIDATION_FOLDERS) and root != folder:
            continue  # half of a split: only its owner knows what became of the other half
        inside = look(root).folders
        if "train" not in inside and any(_class_listing(root / name)[1].pictures for name in inside):
            return root, {}
    names = ", ".join(shown(name) for name in [*top.folders, *top.pictures][:8]) or "nothing"
    train = (
        f'\nTo split a train folder, name it: course data prepare "{shown(folder / "train")}"'
        if "train" in top.folders
        else ""
    )
    raise CourseDataError(
        f"{shown(folder)} holds no train/ and val/ folders; it holds {names}.\n{LAYOUT}{train}"
    )


def find_classes(root, split=""):
    """({class: [names of its pictures, relative to `root`, sorted]}, number of files that are no pictures).

    Looks into the folder `split` of `root`, or into `root` itself. A class that has a folder and no picture
    is there, with an empty list. Raises CourseDataError where no class can be told.
    """
    prefix = f"{split}/" if split else ""
    place = root / split if split else root
    found = look(place)
    folders = [name for name in found.folders if name != IMAGES]
    if folders:
        classes, ignored = {}, found.others + len(set(found.pictures) - set(found.folders))
        for name in folders:
            inner, listing = _class_listing(place / name)
            classes[name] = [f"{prefix}{name}/{inner}{picture}" for picture in listing.pictures]
            ignored += listing.others
        return classes, ignored
    inner, listing = _class_listing(place)
    table = next((path for path in _tables(root, place) if path.is_file()), None)
    class_of = _read_table(table) if table else _names_with_ids(listing.pictures)
    if not class_of:
        count = len(found.pictures) + found.others
        raise CourseDataError(f"{shown(place)} has no class folders in it, only {count} files.\n{LAYOUT}")
    unknown = [name for name in listing.pictures if name not in class_of]
    if unknown:
        where = shown(table) if table else "their names, as the others have it (n01440764_18.JPEG)"
        raise CourseDataError(
            f"{len(unknown)} of the pictures in {shown(place)} have no class, {shown(unknown[0])} the first: "
            f"nothing is said of it in {where}.\n"
            "Remove these pictures, or put each into a folder of its class."
        )
    classes = {}
    for picture, name in sorted(class_of.items()):
        classes.setdefault(name, []).append(f"{prefix}{inner}{picture}")
    return dict(sorted(classes.items())), listing.others


def _class_listing(folder):
    """("images/", its listing) where a folder holds its pictures in there, else ("", its own)."""
    found = look(folder)
    if IMAGES in found.folders and not found.pictures:
        inner = look(folder / IMAGES)
        inner.others += found.others
        return f"{IMAGES}/", inner
    return "", found


def _tables(root, place):
    return [folder / name for folder in (place, root) for name in TABLES]


def _read_table(path):
    """{file name: class} of a table: `val_0.JPEG<tab>n03444034<tab>…` or `name,n03444034 0 0 …`."""
    class_of = {}
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(text.splitlines(), 1):
        name, _, rest = line.partition("," if path.suffix == ".csv" else "\t")
        wnid = (rest.split() or [""])[0]
        if not line.strip() or (number == 1 and name == "ImageId"):
            continue
        # A name with a folder in it could lead anywhere on this disk.
        if not WNID.fullmatch(wnid) or name != os.path.basename(name) or name in ("", ".", ".."):
            raise CourseDataError(
                f"Line {number} of {shown(path)} is not the name of a picture and its WordNet id: "
                f"{shown(line[:80])!r}. Get the table from where the pictures come from."
            )
        class_of[name if Path(name).suffix else f"{name}.JPEG"] = wnid
    return class_of


def _names_with_ids(pictures):
    """{file name: WordNet id} of those names that hold one, as n01440764_18.JPEG does."""
    return {name: found[0] for name in pictures if (found := WNID.search(name))}
