"""The arrays of a prepared folder: written as the pictures decode, in order, from where they are."""

from __future__ import annotations

import hashlib
import math
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import numpy as np

from .datasets import channel_statistics
from .decode import Undecodable, decode
from .errors import CourseDataError, shown
from .journal import Journal, array_header

CHUNK_BYTES = 8 * 2**20  # of pixels between two lines of the journal: what a killed process may lose
CHUNK_PICTURES = 256
NAMED = 20  # bad pictures that one error names


def cores():
    """The cores that this process may use, 16 at most: each thread holds a few pictures in memory."""
    known = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(16, known or 1)


class ArrayWriter:
    """Writes {train,val}_images.npy of a Tree into a folder, going on where a journal in it says."""

    def __init__(self, folder, tree, size, resize, key, allowed, workers):
        """`allowed`: how many pictures may be left out. `key`: see Journal."""
        self.folder, self.tree, self.size, self.resize = folder, tree, size, resize
        self.allowed, self.workers = allowed, workers
        self.journal = Journal(folder, key, size, self._still_bad)
        self.done = sum(self.journal.done(split) for split in tree.pictures)

    def write(self, advance):
        """Write both arrays; `advance(n)` is called as pictures are done. Raises CourseDataError when more
        than the allowed number do not decode: it names them."""
        for split in self.tree.pictures:
            self._write_split(split, advance)
        self._refuse_bad(self.allowed)

    def left_out(self):
        """{name: reason} of the pictures of both splits that did not decode."""
        return {
            self.tree.pictures[split][number][0]: reason
            for split in self.tree.pictures
            for number, reason in self.journal.bad(split).items()
        }

    def kept(self, split):
        """The (name, label) of the pictures in the array of `split`, in its order."""
        bad = self.journal.bad(split)
        return [picture for number, picture in enumerate(self.tree.pictures[split]) if number not in bad]

    def _write_split(self, split, advance):
        pictures, start = self.tree.pictures[split], self.journal.done(split)
        kept = start - len(self.journal.bad(split))
        step = max(1, min(CHUNK_PICTURES, CHUNK_BYTES // (3 * self.size**2)))
        path = self.folder / f"{split}_images.npy"
        path.touch()
        # Ordinary writes, not a map: on a full disk a write is an error that can be told, a map is a crash.
        with open(path, "r+b") as file:
            header = array_header(len(pictures), self.size)
            file.write(header)
            file.seek(len(header) + kept * 3 * self.size**2)
            file.truncate()
            self._refuse_bad(self.allowed + NAMED)
            with closing(self._decoded([name for name, _ in pictures[start:]])) as decoded:
                for first in range(start, len(pictures), step):
                    results = []
                    for result in islice(decoded, step):
                        results.append(result)
                        advance(1)
                    kept += self._write_chunk(file, split, first, results)
                    self._refuse_bad(self.allowed + NAMED)
            file.seek(0)
            file.write(array_header(kept, self.size))
            _to_disk(file)

    def _write_chunk(self, file, split, first, results):
        bad = {
            str(number): result.reason
            for number, result in enumerate(results, first)
            if isinstance(result, Undecodable)
        }
        pixels = b"".join(result.tobytes() for result in results if not isinstance(result, Undecodable))
        file.write(pixels)
        _to_disk(file)  # before the journal says so
        self.journal.add(split, len(results), bad, pixels)
        return len(results) - len(bad)

    def _decoded(self, names):
        """Pixels or Undecodable for each name, in order, few in memory. From threads: PIL frees Python's lock
        while it decodes and resizes, and processes would spend more on starting and on sending pixels."""
        with ThreadPoolExecutor(self.workers) as pool:
            waiting = deque()
            try:
                for name in names:
                    waiting.append(pool.submit(decode, str(self.tree.root / name), self.size, self.resize))
                    if len(waiting) > 4 * self.workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _still_bad(self, split, number):
        name, _ = self.tree.pictures[split][number]
        return isinstance(decode(str(self.tree.root / name), self.size, self.resize), Undecodable)

    def _refuse_bad(self, limit):
        bad = self.left_out()
        if len(bad) <= limit:
            return
        named = [f"{shown(self.tree.root / name)} does not decode: {shown(bad[name])}" for name in bad]
        if len(named) == 1:
            text = f"The picture {named[0]}."
        else:
            more = [f"and {len(named) - NAMED} more"] if len(named) > NAMED else []
            text = "\n    ".join([f"{len(named)} pictures do not decode:", *named[:NAMED], *more])
        allowed = f" At most {int(self.allowed)} may be left out." if self.allowed >= 1 else ""
        total = sum(map(len, self.tree.pictures.values()))
        share = math.ceil(1000 * len(bad) / total + 0.5) / 1000  # rounded up, so that the advice is enough
        allow = (
            f", or allow a share of the pictures to be left out (--allow-bad {share:g})"
            if share < 0.5
            else ""
        )
        raise CourseDataError(
            f"{text}{allowed}\n"
            f"Nothing was prepared. Replace or delete such files{allow}, and run the same command again."
        )


def facts(folder, split, labels, folders, size):
    """What the manifest says of a split, read from its files. Raises CourseDataError for an empty class."""
    counts = np.bincount(labels, minlength=len(folders))
    if not counts.all():
        empty = shown(folders[int(counts.argmin())])
        raise CourseDataError(
            f"No picture of the class folder {split}/{empty} decodes. Replace them, or remove the class."
        )
    return {
        "count": len(labels),
        "per_class": dict(zip(folders, counts.tolist(), strict=True)),
        "shape": [len(labels), 3, size, size],
        "images_sha256": sha256(folder / f"{split}_images.npy"),
        "labels_sha256": sha256(folder / f"{split}_labels.npy"),
    }


def sha256(path):
    """The sha256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def statistics_of(path):
    """Mean and standard deviation of an array file, as `channel_statistics` has them."""
    images = _ReadInParts(path)
    return channel_statistics(images, chunk=max(1, CHUNK_BYTES // images.each))


class _ReadInParts:
    """The array of a .npy file, read slice by slice: a memory map would count as this process's memory."""

    def __init__(self, path):
        images = np.load(path, mmap_mode="r", allow_pickle=False)
        self.path, self.shape, self.offset = path, images.shape, images.offset
        self.each = int(np.prod(images.shape[1:]))  # bytes of one image

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, part):
        start, stop, _ = part.indices(len(self))
        place, count = self.offset + start * self.each, (stop - start) * self.each
        return np.fromfile(self.path, np.uint8, count, offset=place).reshape(-1, *self.shape[1:])


def _to_disk(file):
    file.flush()
    os.fsync(file.fileno())
