"""Zips that anybody may have made: looked into without unpacking anything to the disk."""

from __future__ import annotations

import atexit
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from course_utils.grading.errors import GradingError

MB = 1_000_000
DIRECTORY_BYTES = 8 * MB  # of a zip's own list of contents: some 50,000 files
BLOCK = 1 << 16  # bytes unpacked at a time
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack a block to any size
ENCRYPTED = 0x1
FAULTS = (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, NotImplementedError, EOFError)


@dataclass(frozen=True)
class Limits:
    """The most that is read.

    Args:
        notebook_bytes: of one notebook; zip_bytes: of a zip within a zip.
        ratio: of the unpacked to the packed size of a file larger than 1 MB.
        unpacked_bytes: of the zips within one student's zip, together.
        zip_notebooks: notebooks in one zip; student_notebooks: in a zip that lies beside other submissions.
        nesting: zips within zips; depth: folders within folders; files: entries looked at, for each student.
    """

    notebook_bytes: int = 20 * MB
    zip_bytes: int = 200 * MB
    unpacked_bytes: int = 400 * MB
    ratio: int = 200
    zip_notebooks: int = 2000
    student_notebooks: int = 50
    nesting: int = 3
    depth: int = 40
    files: int = 200_000


class Unreadable(GradingError):
    """One file cannot be read; the message says why. It concerns one submission, not the class."""


@dataclass(frozen=True)
class Place:
    """A file on the disk, or in it one inside zips: `members` are the positions in each zip's list."""

    path: Path
    members: tuple[int, ...] = ()

    def read(self, most: int, limits: Limits) -> bytes:
        """The content, of which at most one byte more than `most` is read. Raises Unreadable."""
        if not self.members:
            with opened_file(self.path) as file:
                return _read(file, most)
        with opened_zip(Place(self.path, self.members[:-1]), limits) as archive:
            return _unpacked(archive, archive.infolist()[self.members[-1]], most, limits)


@contextmanager
def opened_file(path: Path) -> Iterator[io.BufferedReader]:
    """A regular file, open to be read. Raises Unreadable for anything else: never waits for a pipe."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot be opened: {getattr(error, 'strerror', None) or error}") from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise Unreadable("is no regular file")
        yield file


@contextmanager
def opened_zip(place: Place, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """A zip, open to be read. Raises Unreadable where it cannot be, or would be read over a limit.

    It stays open until another one of the same nesting is asked for: a class's notebooks are read one by one,
    and a zip within a zip would be unpacked for each.
    """
    try:
        state = os.stat(place.path, follow_symlinks=False)
        key = (place, limits, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        known, archive, _ = _open.get(len(place.members), (None, None, None))
        if known != key or archive is None:
            archive = _kept_open(place, limits, key)
        yield archive
    except Unreadable:
        raise
    except FAULTS as error:
        raise Unreadable(f"is a broken zip ({_plainly(error)}): zip it again") from error


_open: dict[int, tuple[tuple, zipfile.ZipFile, ExitStack]] = {}  # by nesting, the last one


def _kept_open(place: Place, limits: Limits, key: tuple) -> zipfile.ZipFile:
    close_zips(len(place.members))
    with ExitStack() as stack:
        if place.members:
            file = io.BytesIO(place.read(limits.zip_bytes, limits))
            if file.getbuffer().nbytes > limits.zip_bytes:
                raise Unreadable(
                    f"is larger than {limits.zip_bytes // MB} MB, the most for a zip within a zip"
                )
        else:
            file = stack.enter_context(opened_file(place.path))
        archive = stack.enter_context(zipfile.ZipFile(_Careful(file)))
        _open[len(place.members)] = (key, archive, stack.pop_all())
    return archive


@atexit.register
def close_zips(nesting: int = 0) -> None:
    """Close the zips that are kept open, from a nesting on."""
    for each in [each for each in _open if each >= nesting]:
        _open.pop(each)[2].close()


class _Careful(io.RawIOBase):
    """A file that refuses to be read in one piece larger than a zip's list of contents may be."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        known = size is not None and 0 <= size <= DIRECTORY_BYTES
        content = self._file.read(size if known else DIRECTORY_BYTES + 1)
        if len(content) > DIRECTORY_BYTES:
            raise Unreadable(f"has a list of contents of more than {DIRECTORY_BYTES // MB} MB: not opened")
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def overlapping(archive: zipfile.ZipFile) -> bool:
    """Do its files share packed bytes? In a bomb they do, in no zip made for use."""
    ends = 0
    for each in sorted(archive.infolist(), key=lambda each: each.header_offset):
        if each.header_offset < ends:
            return True
        ends = each.header_offset + 30 + each.compress_size
    return False


def unsafe_name(name: str) -> bool:
    """Would unpacking it write outside of its folder?"""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or (len(parts[0]) == 2 and parts[0][1] == ":")


def is_link(member: zipfile.ZipInfo) -> bool:
    """A zip made on Unix holds a link as a file whose content is where it leads."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    return kind not in (0, stat.S_IFREG, stat.S_IFDIR)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, limits: Limits) -> bytes:
    if member.flag_bits & ENCRYPTED:
        raise Unreadable("is encrypted: zip it again without a password")
    if member.compress_type not in METHODS:
        raise Unreadable("is packed in an unusual way: zip it again with the usual (deflate) method")
    if member.file_size > max(MB, limits.ratio * max(1, member.compress_size)):
        raise Unreadable(f"unpacks to more than {limits.ratio} times its size, as bombs do: not unpacked")
    try:
        with archive.open(member) as file:
            return _read(file, most)
    except FAULTS as error:
        raise Unreadable(f"cannot be unpacked ({_plainly(error)}): zip it again") from error


def _read(file: io.BufferedIOBase, most: int) -> bytes:
    blocks, left = [], most + 1
    try:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            blocks.append(block)
            left -= len(block)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from error
    return b"".join(blocks)


def _plainly(error: BaseException) -> str:
    """What went wrong, less the name of the file, which others chose."""
    known = {"File is not a zip file": "it is not a zip", "Bad CRC-32": "its content is damaged"}
    return next((plain for text, plain in known.items() if text in str(error)), type(error).__name__)
