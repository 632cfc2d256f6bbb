"""From a tree of pictures to arrays that load at once: one uint8 array a split, with a manifest."""

from __future__ import annotations

import hashlib
import json
import os
from functools import partial as bind

import numpy as np
from tqdm import tqdm

from .arrays import ArrayWriter, cores, facts, sha256, statistics_of
from .datasets import is_prepared
from .decode import RULES, decoder, quiet_pillow
from .errors import CourseDataError, explain_disk_errors
from .roots import NAME, one_at_a_time, prepared_folder, require_room, swap_in
from .trees import fingerprint, prepared_name, scan_tree
from .unpack import read_source
from .wordnet import WNID, class_names

OWN_PICTURES = "your own pictures: their terms are yours to know"
MIN_SIZE, MAX_SIZE = 8, 1024


def prepare_tree(
    folder,
    size=64,
    name=None,
    allow_bad=0.0,
    progress=True,
    *,
    resize="crop",
    classes=None,
    val_share=None,
    seed=0,
    workers=None,
):
    """Prepare the tree at `folder` at `size` pixels and return the folder with the arrays.

    Writes {train,val}_images.npy uint8 (N, 3, size, size), {train,val}_labels.npy int64 (N,), files.json and
    manifest.json, all of them or none. One tree has one prepared folder a size, unless it is given a `name`.

    resize: "crop" (shorter side to `size`, then the centre square) or "squeeze" (both sides to `size`).
    classes: names of class folders; None for all. val_share, seed: for a tree without a split, see scan_tree.
    allow_bad: share (0 to 1) of the pictures that may not decode; they are left out and listed in the
    manifest. One more is an error that names them. workers: threads; None for one a core.

    Where the same pictures are prepared already by the same rule, nothing is done. Interrupted or killed, the
    next call goes on where this one was and ends with the same bytes. Where another process prepares the
    same, this one waits for it. Raises CourseDataError.
    """
    _require_arguments(size, name, allow_bad, resize, workers)
    tree = scan_tree(folder, classes, val_share, seed)
    target = prepared_folder(name or prepared_name(folder), size)
    source = read_source(folder) or {"name": str(tree.root.name), "licence": OWN_PICTURES}
    source["fingerprint"] = fingerprint(tree)
    total = sum(map(len, tree.pictures.values()))
    is_current = bind(_is_current, source=source, rule=RULES[resize], most_left_out=allow_bad * total)
    if is_current(target):
        return target
    with one_at_a_time(target):
        if is_current(target):  # the process that was waited for has made it
            return target
        growing = target.parent / f".{target.name}.part"
        with explain_disk_errors(
            target.parent, kept=f"What is prepared so far is kept in {growing}; it goes on from there."
        ):
            if not is_current(growing):  # else all but its last step was done
                done = sum(file.stat().st_size for file in growing.glob("*_images.npy"))
                require_room(target, total * (3 * size * size + 200) - done)
                key = _key(source["fingerprint"], RULES[resize], size)
                with quiet_pillow():
                    writer = ArrayWriter(
                        growing, tree, size, resize, key, allow_bad * total, workers or cores()
                    )
                    _write_images(writer, total, f"{target.parent.name} {size} px", progress)
                _write_the_rest(growing, writer, name or target.parent.name, source)
            (growing / "journal.jsonl").unlink(missing_ok=True)
            swap_in(growing, target)
    return target


def _require_arguments(size, name, allow_bad, resize, workers):
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise CourseDataError(
            f"Pictures can be prepared at {MIN_SIZE} to {MAX_SIZE} pixels, not {size}. "
            "Usual sizes: 64, 128, 224."
        )
    if not 0 <= allow_bad < 1:
        raise CourseDataError(
            f"The share of pictures that may be left out must be from 0 to below 1, not {allow_bad}."
        )
    if name is not None and not NAME.fullmatch(name):
        raise CourseDataError(f"A name is made of letters, digits, - and _, unlike {name!r}.")
    if resize not in RULES:
        raise CourseDataError(f"resize must be one of {', '.join(RULES)}, not {resize!r}.")
    if workers is not None and workers < 1:
        raise CourseDataError(f"workers must be at least 1, not {workers}.")


def _key(tree, rule, size):
    """What decides about every byte of the arrays: what was begun with another key is begun again."""
    return hashlib.sha256(json.dumps([1, tree, rule, size, decoder()]).encode()).hexdigest()


def _write_images(writer, total, title, progress):
    # disable=None: tqdm stays silent where nobody watches, as in a log file
    silent = None if progress else True
    with tqdm(total=total, initial=writer.done, desc=title, unit="picture", disable=silent) as bar:
        writer.write(bar.update)


def _write_the_rest(folder, writer, name, source):
    """Labels, file names and, last, the manifest."""
    tree, size, files, splits = writer.tree, writer.size, {}, {}
    for split in tree.pictures:
        kept = writer.kept(split)
        labels = np.array([label for _, label in kept], dtype=np.int64)
        np.save(folder / f"{split}_labels.npy", labels)
        files[split] = [name for name, _ in kept]
        splits[split] = facts(folder, split, labels, tree.folders, size)
    mean, std = (statistic.tolist() for statistic in statistics_of(folder / "train_images.npy"))
    left_out = writer.left_out()
    manifest = {
        "format": 1,
        "name": name,
        "source": source,
        "selection": tree.selection,
        "classes": class_names(tree.folders, tree.root),
        "folders": list(tree.folders),
        "wnids": [folder for folder in tree.folders if WNID.fullmatch(folder)],
        "size": size,
        "resize": writer.resize,
        "rule": RULES[writer.resize],
        "decoder": decoder(),
        "mean": mean,
        "std": std,
        "splits": splits,
        "left_out": list(left_out),
        "left_out_reasons": left_out,
        "ignored_files": tree.ignored,
    }
    _write_text(folder / "files.json", json.dumps(files))
    _write_text(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")


def _write_text(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _is_current(folder, source, rule, most_left_out):
    """Whether `folder` holds these very pictures from this very archive, made by this rule, all whole."""
    if not is_prepared(folder):
        return False
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return (
            manifest["source"] == source
            and manifest["rule"] == rule
            and len(manifest["left_out"]) <= most_left_out
            and all(
                sha256(folder / f"{split}_{part}.npy") == manifest["splits"][split][f"{part}_sha256"]
                for split in ("train", "val")
                for part in ("images", "labels")
            )
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False
