"""A part of a tree: some of its classes; and of each class, some pictures held out for validation."""

from __future__ import annotations

import difflib
import hashlib
import os
from pathlib import Path

from .errors import CourseDataError, shown
from .wordnet import WNID, class_names


def read_class_list(words):
    """The class names of a command line: the words themselves, or the lines of the one text file they name.

    In a file, empty lines and those that begin with # are passed over, and of a line that begins with a
    WordNet id the rest is a remark. Raises CourseDataError.
    """
    if len(words) != 1 or not Path(words[0]).expanduser().is_file():
        return list(words)
    path = Path(words[0]).expanduser()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise CourseDataError(f"Cannot read the list of classes {shown(path)}: {error}.") from error
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise CourseDataError(f"The list of classes {shown(path)} is empty: write one class folder a line.")
    return [line.split()[0] if WNID.fullmatch(line.split()[0]) else line for line in lines]


def choose_classes(by_class, chosen, root):
    """`by_class` ({split: {class: pictures}}) with the classes `chosen` only, in the order of the tree.

    Raises CourseDataError for a class that no split has, with the names near it.
    """
    if chosen is None:
        return by_class
    known = list(dict.fromkeys(name for found in by_class.values() for name in found))
    unknown = [name for name in dict.fromkeys(chosen) if name not in known]
    if unknown:
        listed = "; ".join(f"{shown(name)} ({_near(name, known, root)})" for name in unknown[:5])
        more = f"; and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise CourseDataError(
            f"{shown(root)} has no such class folder{'s' * (len(unknown) > 1)}: {listed}{more}.\n"
            f"It has {len(known)} classes; name some of their folders."
        )
    wanted = set(chosen)
    return {
        split: {name: pictures for name, pictures in found.items() if name in wanted}
        for split, found in by_class.items()
    }


def hold_out(classes, val_share, seed, root):
    """{"train": …, "val": …} of {class: pictures}: the share `val_share` of each class for validation.

    Of a class, those pictures whose sha256 of seed and name is smallest: the choice depends on nothing but
    these, neither on other classes nor on any library's random numbers. At least one stays on either side.
    """
    if not 0 < val_share < 1:
        raise CourseDataError(
            f"The share for validation (--val-share) must be between 0 and 1, not {val_share}."
        )
    splits = {"train": {}, "val": {}}
    for name, pictures in classes.items():
        if len(pictures) < 2:
            raise CourseDataError(
                f"The class folder {shown(root / name)} holds one picture: it needs two, one to train on and "
                "one to validate. Put more there, or remove the folder."
            )
        count = min(len(pictures) - 1, max(1, int(val_share * len(pictures) + 0.5)))
        held = set(sorted(pictures, key=lambda picture: _draw(seed, picture))[:count])
        splits["train"][name] = [picture for picture in pictures if picture not in held]
        splits["val"][name] = [picture for picture in pictures if picture in held]
    return splits


def _draw(seed, picture):
    return hashlib.sha256(os.fsencode(f"{seed}/{picture}")).digest()


def _near(name, known, root):
    """What the learner may have meant: folders spelt like it, and those whose class has that name."""
    spoken = dict(zip(class_names(known, root), known, strict=True))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    words = {word.lower(): folder for word, folder in spoken.items()}
    near += [words[word] for word in difflib.get_close_matches(name.lower(), list(words), n=2, cutoff=0.6)]
    names = {folder: word for word, folder in spoken.items()}
    listed = [shown(f if names[f] == f else f"{f} {names[f]}") for f in dict.fromkeys(near)]
    return f"near: {', '.join(listed)}" if listed else "nothing near it"
