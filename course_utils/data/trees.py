"""Trees of pictures: train/ and val/, each with one folder a class."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import CourseDataError

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
LAYOUT = (
    "Wanted: FOLDER/train/CLASS/picture.jpg and FOLDER/val/CLASS/picture.jpg, the same class folders in both."
)


@dataclass(frozen=True)
class Tree:
    """`pictures[split]` is a list of (path, label) in a fixed order: by class folder, then by file name."""

    root: Path
    folders: tuple
    pictures: dict
    ignored: int


def find_root(folder):
    """`folder`, or its only sub-folder, whichever holds train/ and val/. Raises CourseDataError."""
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise CourseDataError(f"There is no folder {folder}. {LAYOUT}")
    inside = [child for child in _visible(folder) if child.is_dir()]
    for candidate in (folder, *(inside if len(inside) == 1 else ())):
        if (candidate / "train").is_dir() and (candidate / "val").is_dir():
            return candidate
    found = ", ".join(child.name for child in _visible(folder)[:8]) or "nothing"
    raise CourseDataError(f"{folder} holds no train/ and val/ folders; it holds {found}.\n{LAYOUT}")


def scan_tree(folder):
    """The Tree of a folder. Raises CourseDataError for a missing split and missing or empty class folders."""
    root = find_root(folder)
    folders = {split: _class_folders(root / split) for split in ("train", "val")}
    for split, other in (("train", "val"), ("val", "train")):
        missing = [name for name in folders[split] if name not in folders[other]]
        if missing:
            raise CourseDataError(
                f"{root / other} lacks the class folder{'s' * (len(missing) > 1)} {', '.join(missing[:8])} "
                f"that {root / split} has.\n{LAYOUT}"
            )
    if len(folders["train"]) == 1:
        only = folders["train"][0]
        raise CourseDataError(
            f"{root / 'train'} has one class folder only, {only}: a classifier needs two.\n{LAYOUT}"
        )
    pictures, ignored = {}, 0
    for split in ("train", "val"):
        pictures[split] = []
        for label, name in enumerate(folders["train"]):
            files = [file for file in _visible(root / split / name) if file.is_file()]
            wanted = [file for file in files if file.suffix.lower() in SUFFIXES]
            if not wanted:
                raise CourseDataError(
                    f"The class folder {root / split / name} holds no pictures "
                    f"({', '.join(sorted(SUFFIXES))}).\n"
                    "Put pictures there, or remove the folder from both splits."
                )
            ignored += len(files) - len(wanted)
            pictures[split] += [(file, label) for file in wanted]
    return Tree(root, tuple(folders["train"]), pictures, ignored)


def fingerprint(tree):
    """sha256 of the names and sizes in bytes of a Tree's pictures: tells whether the tree has changed."""
    digest = hashlib.sha256()
    for split in ("train", "val"):
        for path, _ in tree.pictures[split]:
            digest.update(f"{path.relative_to(tree.root).as_posix()} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


def prepared_name(folder):
    """The name under which a learner's own folder is prepared: readable, and its own for each folder."""
    folder = Path(folder).expanduser().resolve()
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.name).strip("-") or "pictures"
    return f"{readable}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def _class_folders(split):
    names = [child.name for child in _visible(split) if child.is_dir()]
    if not names:
        raise CourseDataError(
            f"{split} has no class folders in it, only {len(_visible(split))} files.\n{LAYOUT}"
        )
    return names


def _visible(folder):
    return sorted(child for child in folder.iterdir() if not child.name.startswith("."))
