"""What is prepared so far: a journal beside the growing arrays, so that a killed process loses little."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from io import BytesIO

import numpy as np


def array_header(count, size):
    """The first bytes of a .npy file of uint8 (count, 3, size, size): as many for each count."""
    file = BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": (count, 3, size, size)}
    np.lib.format.write_array_header_1_0(file, description)  # NumPy leaves room for the count to change
    return file.getvalue()


class Journal:
    """One line of JSON for each chunk of pictures whose pixels are on the disk:

        {"split": "train", "pictures": 256, "bad": {"17": "reason"}, "crc32": …}

    `pictures` counts those looked at, `bad` those of them that did not decode by their number in the split;
    `crc32` is that of the pixels of the others. The first line holds the key of all that decides about the
    pixels: a folder with another key is emptied.
    """

    def __init__(self, folder, key, size, still_bad):
        """Go on in `folder`. What is on the disk is held against the journal; from the first chunk on that
        differs, or that has a bad picture for which `still_bad(split, number)` is false, it is forgotten."""
        self.folder, self.size = folder, size
        self.path = folder / "journal.jsonl"
        lines = self._lines()
        if not lines or lines[0] != {"key": key}:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            lines = [{"key": key}]
        self.chunks = self._intact(lines[1:], still_bad)
        self._rewrite([{"key": key}, *self.chunks])

    def add(self, split, pictures, bad, pixels):
        """Note a chunk whose `pixels` (bytes) are on the disk."""
        chunk = {"split": split, "pictures": pictures, "bad": bad, "crc32": zlib.crc32(pixels)}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(chunk) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.chunks.append(chunk)

    def done(self, split):
        """How many pictures of `split` were looked at."""
        return sum(chunk["pictures"] for chunk in self.chunks if chunk["split"] == split)

    def bad(self, split):
        """{number: reason} of the pictures of `split` that did not decode."""
        found = {}
        for chunk in self.chunks:
            if chunk["split"] == split:
                found |= {int(number): reason for number, reason in chunk["bad"].items()}
        return found

    def _lines(self):
        try:
            text = self.path.read_text(encoding="utf-8")
            return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        except (OSError, ValueError):
            return []

    def _intact(self, chunks, still_bad):
        files, good = {}, []
        try:
            for chunk in chunks:
                split = chunk["split"]
                if split not in files:
                    files[split] = open(self.folder / f"{split}_images.npy", "rb")  # noqa: SIM115
                    files[split].seek(len(array_header(0, self.size)))
                count = chunk["pictures"] - len(chunk["bad"])
                pixels = files[split].read(count * 3 * self.size**2)
                if len(pixels) != count * 3 * self.size**2 or zlib.crc32(pixels) != chunk["crc32"]:
                    break
                if not all(still_bad(split, int(number)) for number in chunk["bad"]):
                    break
                good.append(chunk)
        except (OSError, KeyError, TypeError, ValueError, IndexError, AttributeError):
            pass  # a missing file or a line of another form: what stands before it is good
        finally:
            for file in files.values():
                file.close()
        return good

    def _rewrite(self, lines):
        temporary = self.path.with_suffix(".tmp")
        with open(temporary, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)
