"""Unpack an archive of pictures: nothing outside its folder, the whole of it or nothing."""

import json
import lzma
import os
import tarfile
import zlib
from pathlib import Path

from .download import file_hashes
from .errors import CourseDataError, explain_disk_errors
from .roots import raw_folder, whole_folder
from .trees import scan_tree

SOURCE_FILE = "source.json"
MOST_GROWTH = 10  # times the size of the archive: pictures are compressed already and hardly grow
SMALL = 2**28  # bytes that any archive may hold
LONGEST_HEADER = 2**20  # bytes


def unpack(source, archive, official):
    """Unpack `archive` of `source` and return the folder with its pictures and its `source.json`.

    The form is checked before the folder appears: train/ and val/ with the classes of the source. The
    archive's own md5 and sha256 are recorded; `official` says whether the md5 was held to the one of the
    source. Nothing is unpacked again where the same archive lies there already. Raises CourseDataError.
    """
    target, hashes = raw_folder(source.name), file_hashes(archive)
    known = read_source(target)
    if known and known["archive"]["sha256"] == hashes["sha256"]:
        return target
    facts = {
        "name": source.name,
        "what": source.what,
        "licence": source.licence,
        "homepage": source.homepage,
        "url": source.url,
        "archive": {
            "file": Path(archive).name,
            "bytes": Path(archive).stat().st_size,
            **hashes,
            "official": official or hashes["md5"] == source.md5,
        },
    }
    with whole_folder(target) as folder:
        extract(archive, folder)
        _check_form(source, folder, archive)
        (folder / SOURCE_FILE).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return target


def read_source(folder):
    """What `source.json` in an unpacked folder says; None where there is none."""
    try:
        return json.loads((Path(folder) / SOURCE_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def extract(archive, folder):
    """Extract a tar archive into `folder` with tarfile's data filter. Raises CourseDataError."""
    if not hasattr(tarfile, "data_filter"):
        raise CourseDataError(
            "This Python cannot unpack archives safely (tarfile has no data filter).\n"
            "Remedy: Python 3.11.4 or newer."
        )
    try:
        with explain_disk_errors(folder.parent), tarfile.open(archive, tarinfo=_ShortHeader) as tar:
            _extract_members(tar, folder, archive)
            while tar.fileobj.read(1 << 20):
                pass  # the last member is not the end: only there does gzip compare its checksum
    except tarfile.FilterError as error:
        raise CourseDataError(
            f"The archive {archive} was not unpacked: its member {error.tarinfo.name!r} would leave the data "
            f"folder or is no ordinary file ({type(error).__name__}).\n"
            "Get the archive from its official place."
        ) from error
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        size = os.path.getsize(archive)
        raise CourseDataError(
            f"The archive {archive} ({size:,} bytes) is cut short or is no tar archive: "
            f"{error or type(error).__name__}.\n"
            "Nothing of it was kept. Fetch it again and compare its size with the one at its source."
        ) from error


class _ShortHeader(tarfile.TarInfo):
    """A member whose long name or other attributes are not too long: tarfile reads these into memory."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        found = super().frombuf(buf, encoding, errors)
        if not (found.isreg() or found.isdir()) and found.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {found.size:,} bytes")
        return found


def _extract_members(tar, folder, archive):
    """Folders and ordinary files alone: pictures need no links, and links are how archives reach outside."""
    total, most = 0, MOST_GROWTH * os.path.getsize(archive) + SMALL
    for member in tar:
        if not (member.isreg() or member.isdir()):
            raise tarfile.SpecialFileError(member)
        total += member.size
        if total > most:
            raise CourseDataError(
                f"The archive {archive} was not unpacked: it holds more than {most:,} bytes, far more than "
                f"pictures in a file of {os.path.getsize(archive):,} bytes.\n"
                "Get the archive from its official place."
            )
        tar.extract(member, folder, filter="data")


def _check_form(source, folder, archive):
    try:
        tree = scan_tree(folder)
    except CourseDataError as error:
        text = str(error).replace(str(folder), Path(archive).name)  # the temporary folder would mean nothing
        raise CourseDataError(
            f"The archive {archive} does not have the form of {source.name}: {text}"
        ) from error
    if source.classes and set(tree.folders) != set(source.classes):
        missing = ", ".join(sorted(set(source.classes) - set(tree.folders))) or "none"
        others = ", ".join(sorted(set(tree.folders) - set(source.classes))[:12]) or "none"
        raise CourseDataError(
            f"The archive {archive} does not hold the classes of {source.name}: "
            f"missing {missing}; unknown {others}.\n"
            "For pictures of your own, unpack them and use `course data prepare FOLDER`."
        )
