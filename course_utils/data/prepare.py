"""From a tree of pictures to arrays that load at once: one uint8 array a split, with a manifest."""

import hashlib
import json
import os
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from .datasets import channel_statistics, is_prepared
from .decode import RULE, Undecodable, decode
from .errors import CourseDataError
from .roots import prepared_folder, require_room, whole_folder
from .trees import fingerprint, prepared_name, scan_tree
from .unpack import read_source
from .wordnet import class_name

OWN_PICTURES = "your own pictures: their terms are yours to know"


def prepare_tree(folder, size=64, name=None, allow_bad=0.0, progress=True):
    """Prepare the tree at `folder` at `size` pixels and return the folder with the arrays.

    Writes {train,val}_images.npy uint8 (N, 3, size, size), {train,val}_labels.npy int64 (N,), files.json and
    manifest.json, all of them or none. A picture that does not decode is an error that names it, unless at
    most the share `allow_bad` (0 to 1) of all pictures is so: then they are left out and listed in the
    manifest. Where the same pictures are prepared already, nothing is done. Raises CourseDataError.
    """
    if not 8 <= size <= 1024:
        raise CourseDataError(
            f"Pictures can be prepared at 8 to 1024 pixels, not {size}. Usual sizes: 64, 128, 224."
        )
    if not 0 <= allow_bad < 1:
        raise CourseDataError(
            f"The share of pictures that may be left out must be from 0 to below 1, not {allow_bad}."
        )
    tree = scan_tree(folder)
    target = prepared_folder(name or prepared_name(folder), size)
    source = read_source(folder) or {"name": str(tree.root.name), "licence": OWN_PICTURES}
    source["fingerprint"] = fingerprint(tree)
    if _is_current(target, source):
        return target
    require_room(target, sum(map(len, tree.pictures.values())) * (3 * size * size + 200))
    with whole_folder(target) as temporary:
        splits, files, bad = _write_arrays(temporary, tree, size, allow_bad, target.parent.name, progress)
        images = np.load(temporary / "train_images.npy", mmap_mode="r")
        mean, std = (statistic.tolist() for statistic in channel_statistics(images))
        del images  # Windows cannot rename a folder with an open map in it
        manifest = {
            "format": 1,
            "name": name or target.parent.name,
            "source": source,
            "classes": [class_name(folder) for folder in tree.folders],
            "folders": list(tree.folders),
            "wnids": [folder for folder in tree.folders if re.fullmatch(r"n\d{8}", folder)],
            "size": size,
            "rule": RULE,
            "mean": mean,
            "std": std,
            "splits": splits,
            "left_out": bad,
            "ignored_files": tree.ignored,
        }
        (temporary / "files.json").write_text(json.dumps(files), encoding="utf-8")
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return target


def _write_arrays(folder, tree, size, allow_bad, title, progress):
    """Both splits of `tree` as arrays in `folder`: facts and file names of each, and what was left out."""
    total, bad, splits, files = sum(map(len, tree.pictures.values())), [], {}, {}
    # disable=None: tqdm stays silent where nobody watches, as in a log file
    silent = None if progress else True
    with tqdm(total=total, desc=f"{title} {size} px", unit="picture", disable=silent) as bar:
        for split, pictures in tree.pictures.items():
            path = folder / f"{split}_images.npy"
            kept = _write_images(path, pictures, size, bad, allow_bad * total, bar)
            labels = np.array([label for _, label in kept], dtype=np.int64)
            np.save(folder / f"{split}_labels.npy", labels)
            files[split] = [path.relative_to(tree.root).as_posix() for path, _ in kept]
            splits[split] = _facts(folder, split, labels, tree.folders, size)
    return splits, files, [path.relative_to(tree.root).as_posix() for path in bad]


def _write_images(path, pictures, size, bad, allowed, bar):
    """Decode `pictures` into the array file `path`, in order; return those that decoded. Appends the others
    to `bad`.

    Ordinary writes, not a map: on a full disk a write is an error that can be told, a map is a crash.
    """
    kept = []
    with open(path, "wb") as file:
        _write_header(file, len(pictures), size)
        for picture, pixels in zip(pictures, _decoded([path for path, _ in pictures], size), strict=True):
            if isinstance(pixels, Undecodable):
                bad.append(picture[0])
                if len(bad) > allowed:
                    raise _bad_picture(pixels, bad, allowed)
            else:
                file.write(pixels.tobytes())
                kept.append(picture)
            bar.update()
        file.seek(0)
        _write_header(file, len(kept), size)  # NumPy leaves room for the count to change
        file.flush()
        os.fsync(file.fileno())
    return kept


def _write_header(file, count, size):
    description = {"descr": "|u1", "fortran_order": False, "shape": (count, 3, size, size)}
    np.lib.format.write_array_header_1_0(file, description)


def _decoded(paths, size):
    """Pixels or Undecodable for each path, in order; from threads, for PIL frees the lock; few in memory."""
    workers = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque()
        try:
            for path in paths:
                waiting.append(pool.submit(decode, path, size))
                if len(waiting) > 16 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _bad_picture(undecodable, bad, allowed):
    left_out = f" It is number {len(bad)}; at most {int(allowed)} may be left out." if allowed >= 1 else ""
    return CourseDataError(
        f"The picture {undecodable.path} does not decode: {undecodable.reason}.{left_out}\n"
        "Nothing was prepared. Replace or delete the file, or allow a share of such pictures to be left out "
        "(--allow-bad 0.01), and run the same command again."
    )


def _facts(folder, split, labels, folders, size):
    counts = np.bincount(labels, minlength=len(folders))
    if not counts.all():
        empty = folders[int(counts.argmin())]
        raise CourseDataError(
            f"No picture of the class folder {split}/{empty} decodes. Replace them, or remove the class."
        )
    return {
        "count": len(labels),
        "per_class": dict(zip(folders, counts.tolist(), strict=True)),
        "shape": [len(labels), 3, size, size],
        "images_sha256": _sha256(folder / f"{split}_images.npy"),
        "labels_sha256": _sha256(folder / f"{split}_labels.npy"),
    }


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_current(target, source):
    """Whether `target` holds these very pictures from this very archive."""
    if not is_prepared(target):
        return False
    try:
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        intact = all(
            _sha256(target / f"{split}_{part}.npy") == manifest["splits"][split][f"{part}_sha256"]
            for split in ("train", "val")
            for part in ("images", "labels")
        )
        return intact and manifest["source"] == source and manifest["rule"] == RULE
    except (OSError, ValueError, KeyError):
        return False
