"""Find what was handed in: notebooks, and folders and zips of them, nested in any way."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zipfile import ZipInfo

from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in.archives import (
    Limits,
    Place,
    Unreadable,
    is_link,
    opened_zip,
    overlapping,
    unsafe_name,
)
from course_utils.grading.handed_in.left_over import left_over
from course_utils.grading.naming import safe_text, unique

NOTEBOOKS = (".ipynb", ".ipynb.json", ".ipynb.txt")  # browsers add the second ending
OTHER_ARCHIVES = (".7z", ".gz", ".rar", ".tar", ".tgz", ".xz", ".bz2", ".zst")
IGNORED = ("__MACOSX", "__pycache__", "Thumbs.db")  # besides all that begins with a dot
MOST_PROBLEMS = 200
OF_MOODLE = re.compile(r"_assignsubmission_[a-z]+_(?=/|$)")  # behind each student's name


@dataclass(frozen=True)
class Found:
    """A submission. `name` is unique in the class: where it lay, without its ending.

    `problem` says why it cannot be read, where that is known already.
    """

    name: str
    place: Place
    limits: Limits = field(default_factory=Limits)
    problem: str = ""

    def read(self) -> bytes:
        """The notebook's bytes, no more than the limit and one. Raises Unreadable, which says why not."""
        if self.problem:
            raise Unreadable(self.problem)
        return self.place.read(self.limits.notebook_bytes, self.limits)


@dataclass(frozen=True)
class Problem:
    """A file that holds no submission and should perhaps have held one."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def find_submissions(
    paths: Sequence[Path | str], limits: Limits | None = None
) -> tuple[list[Found], list[Problem]]:
    """All notebooks under `paths` in a stable order, and lines about what was left out.

    A zip that cannot be opened is a submission, too: somebody handed it in. Links inside folders and zips are
    not followed. Names begin with the given folder's own only where several paths are given.

    Raises:
        GradingError: one of `paths` does not exist.
    """
    search = _Search(limits or Limits())
    for path in map(Path, paths):
        if not os.path.exists(path):
            raise GradingError(f"{path} does not exist: give notebooks, folders or zips of them")
        search.given(path.resolve(), named=len(paths) > 1)
    names = unique(_shown(each.name) for each in search.found)
    found = [replace(each, name=name) for each, name in zip(search.found, names, strict=True)]
    return found, search.problems


class _Search:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.found: list[Found] = []
        self.problems: list[Problem] = []
        self.looked_at = 0
        self.seen: list[tuple[str, bool]] = []  # see left_over
        self.zips: set[str] = set()

    def given(self, path: Path, named: bool) -> None:
        """A path of the instructor's: it may have any name, and may have been a link."""
        self.seen, self.zips = [], set()
        if path.is_dir():
            self._folder(path, path.name if named else "", 0)
        elif path.name.lower().endswith(".zip"):
            self._zip(Place(path), _stem(path.name) if named else "", _stem(path.name), 1)
        else:
            self._take(_stem(path.name), Place(path))
        # Moodle has a folder for a student's files and another one for a text: they count as one.
        seen = [(OF_MOODLE.sub("", name), done) for name, done in self.seen]
        for name, text in left_over(seen, {OF_MOODLE.sub("", name) for name in self.zips}):
            self._problem(name, text)

    def _folder(self, folder: Path, name: str, depth: int) -> None:
        if depth > self.limits.depth:
            return self._problem(name, f"is more than {self.limits.depth} folders deep: not looked into")
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            return self._problem(name, f"cannot be looked into: {error.strerror}")
        for entry in entries:
            if not _ignored(entry.name) and self._may_go_on():
                self._entry(entry, f"{name}/{entry.name}" if name else entry.name, depth)
        if name and entries:
            self.seen.append((f"{name}/", False))
        return None

    def _entry(self, entry: os.DirEntry, name: str, depth: int) -> None:
        kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) if _is_there(entry) else 0
        if kind == stat.S_IFDIR:
            self._folder(Path(entry.path), name, depth + 1)
        elif kind == stat.S_IFREG:
            self._file(Place(Path(entry.path)), name, 1)
        elif kind == stat.S_IFLNK:
            self._problem(name, "is a link; links are not followed: hand in the file itself")
        else:
            self._problem(name, "is no regular file: left out")

    def _file(self, place: Place, name: str, nesting: int) -> None:
        lower = name.lower()
        if lower.endswith(NOTEBOOKS):
            self._take(_stem(name), place)
        elif lower.endswith(".zip"):
            self._zip(place, _stem(name), _stem(name), nesting)
        elif lower.endswith(OTHER_ARCHIVES):
            self._problem(name, "is an archive of a kind that is not opened: only zips are")
        else:
            self.seen.append((name, False))

    def _take(self, name: str, place: Place, problem: str = "") -> None:
        self.found.append(Found(name, place, self.limits, problem))
        self.seen.append((name, True))

    def _zip(self, place: Place, prefix: str, name: str, nesting: int) -> None:
        """Look into a zip. `prefix` stands before the names of what is in it, `name` is its own."""
        before = len(self.found)
        self.zips.add(name)
        try:
            if nesting > self.limits.nesting:
                raise Unreadable(f"is a zip within more than {self.limits.nesting - 1} others: not opened")
            with opened_zip(place, self.limits) as archive:
                if overlapping(archive):
                    raise Unreadable("is a zip whose files overlap, as in bombs: not opened")
                for index, member in sorted(enumerate(archive.infolist()), key=lambda each: each[1].filename):
                    if not member.is_dir() and self._may_go_on():
                        inside = Place(place.path, (*place.members, index))
                        self._member(member, inside, prefix, nesting)
            if len(self.found) - before > self.limits.zip_notebooks:
                raise Unreadable(
                    f"is a zip of more than {self.limits.zip_notebooks:,} notebooks: none was taken"
                )
        except Unreadable as problem:
            del self.found[before:]
            self._take(name, place, str(problem))
            return
        if len(self.found) == before:
            self._problem(name, "is a zip that holds no notebook")

    def _member(self, member: ZipInfo, place: Place, prefix: str, nesting: int) -> None:
        parts = [part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".")]
        name = "/".join([prefix, *parts] if prefix else parts)
        if any(map(_ignored, parts)) and ".." not in parts:
            return
        if unsafe_name(member.filename):
            self._problem(name, "has a name that leads out of its zip: left out")
        elif is_link(member):
            self._problem(name, "is a link; links are not followed: hand in the file itself")
        elif len(parts) > self.limits.depth:
            self._problem(name, f"is more than {self.limits.depth} folders deep: left out")
        else:
            self._file(place, name, nesting + 1)

    def _may_go_on(self) -> bool:
        self.looked_at += 1
        if self.looked_at == self.limits.files + 1:
            text = f"holds more than {self.limits.files:,} files: the rest was not looked at"
            self.problems.append(Problem("what was given", text))
        return self.looked_at <= self.limits.files

    def _problem(self, name: str, text: str) -> None:
        self.seen.append((name, True))
        if len(self.problems) == MOST_PROBLEMS:
            self.problems.append(Problem("what was given", "has more such files; they are not named"))
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(_shown(name), text))


def _shown(name: str) -> str:
    """A name for lists: composed letters (a Mac's names come decomposed), less what Moodle adds."""
    return safe_text(OF_MOODLE.sub("", unicodedata.normalize("NFC", name)))


def _is_there(entry: os.DirEntry) -> bool:
    try:
        entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return True


def _ignored(name: str) -> bool:
    return name in IGNORED or name.startswith(".")


def _stem(name: str) -> str:
    """The name without its ending; a name that is nothing but an ending stays."""
    lower = name.lower()
    ending = next((e for e in (*NOTEBOOKS, ".zip") if lower.endswith(e)), "")
    return name[: len(name) - len(ending)].rstrip("/") or name
