"""Find what was handed in: notebooks, and folders and zips of them, nested in any way."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zipfile import ZipInfo

from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in.archives import (
    MB,
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
MOST_PROBLEMS = 2000  # lines about what was given
MOST_OF_A_ZIP = 200  # lines about what one student's zip holds
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


@dataclass
class _Room:
    """What one entry may still cost. Each entry of a class has its own, so that none takes another's."""

    name: str
    files: int
    unpacked: int  # bytes of zips within zips


class _Search:
    """`alone`, below, says that nothing of another student's lies beside a file: all may be the class's."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.found: list[Found] = []
        self.problems: list[Problem] = []
        self.room = self._new_room("what was given")
        self.of_students = 0  # submissions out of zips that lie beside others
        self.within_student = False  # in such a zip now
        self.seen: list[tuple[str, bool]] = []  # see left_over
        self.zips: set[str] = set()
        self.lines: Counter[str] = Counter()  # problems by the zip that they lie in

    def given(self, path: Path, named: bool) -> None:
        """A path of the instructor's: it may have any name, and may have been a link."""
        self.seen, self.zips, self.lines = [], set(), Counter()
        self.room = self._new_room(path.name if named else "what was given")
        if path.is_dir():
            self._folder(path, path.name if named else "", 0, alone=True)
        elif path.name.lower().endswith(".zip"):
            self._zip(Place(path), _stem(path.name) if named else "", _stem(path.name), 1, alone=True)
        else:
            self._take(_stem(path.name), Place(path))
        # Moodle has a folder for a student's files and another one for a text: they count as one.
        seen = [(OF_MOODLE.sub("", name), done) for name, done in self.seen]
        for name, text in left_over(seen, {OF_MOODLE.sub("", name) for name in self.zips}):
            self._problem(name, text)

    def _folder(self, folder: Path, name: str, depth: int, alone: bool) -> None:
        if depth > self.limits.depth:
            return self._problem(name, f"is more than {self.limits.depth} folders deep: not looked into")
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            return self._problem(name, f"cannot be looked into: {error.strerror}")
        several = sum(map(_may_hold, entries)) > 1
        for entry in entries:
            inside = f"{name}/{entry.name}" if name else entry.name
            if alone and several:
                self.room = self._new_room(inside)
            if not _ignored(entry.name) and self._may_go_on():
                self._entry(entry, inside, depth, alone and not several)
        if name and entries:
            self.seen.append((f"{name}/", False))
        return None

    def _entry(self, entry: os.DirEntry, name: str, depth: int, alone: bool) -> None:
        kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) if _is_there(entry) else 0
        if kind == stat.S_IFDIR:
            self._folder(Path(entry.path), name, depth + 1, alone)
        elif kind == stat.S_IFREG:
            self._file(Place(Path(entry.path)), name, 1, alone)
        elif kind == stat.S_IFLNK:
            self._problem(name, "is a link; links are not followed: hand in the file itself")
        else:
            self._problem(name, "is no regular file: left out")

    def _file(self, place: Place, name: str, nesting: int, alone: bool, size: int = 0) -> None:
        lower = name.lower()
        if lower.endswith(NOTEBOOKS):
            self._take(_stem(name), place)
        elif lower.endswith(".zip"):
            self._zip(place, _stem(name), _stem(name), nesting, alone, size)
        elif lower.endswith(OTHER_ARCHIVES):
            self._problem(name, "is an archive of a kind that is not opened: only zips are")
        else:
            self.seen.append((name, False))

    def _take(self, name: str, place: Place, problem: str = "") -> None:
        self.found.append(Found(name, place, self.limits, problem))
        self.seen.append((name, True))

    def _zip(self, place: Place, prefix: str, name: str, nesting: int, alone: bool, size: int = 0) -> None:
        """Look into a zip. `prefix` stands before the names of what is in it, `name` is its own.

        A zip beside others is one student's, and so is all that it holds, zips within it too.
        """
        before, others, room = len(self.found), self.of_students, self.room
        first = not alone and not self.within_student
        if first:
            self.room, self.within_student = self._new_room(name), True
        self.zips.add(name)
        try:
            self._look_into(place, prefix, nesting, alone, size)
        except Unreadable as problem:
            del self.found[before:]
            self.of_students = others
            self._take(name, place, str(problem))
        else:
            if len(self.found) == before:
                self._problem(name, "is a zip that holds no notebook")
        if first:
            self.room, self.within_student = room, False
            self.of_students += len(self.found) - before

    def _look_into(self, place: Place, prefix: str, nesting: int, alone: bool, size: int) -> None:
        if nesting > self.limits.nesting:
            raise Unreadable(f"is a zip within more than {self.limits.nesting - 1} others: not opened")
        self.room.unpacked -= size
        if self.room.unpacked < 0:
            raise Unreadable(
                f"is in a zip whose zips hold more than {_mb(self.limits.unpacked_bytes)}: not opened"
            )
        with opened_zip(place, self.limits) as archive:
            if overlapping(archive):
                raise Unreadable("is a zip whose files overlap, as in bombs: not opened")
            members = archive.infolist()
            alone = alone and sum(map(_may_hold, members)) < 2
            before = len(self.found) - self.of_students
            crowded = set() if self.within_student else _crowded(members, self.limits)
            length = max(map(len, crowded), default=0)  # all are of the same
            for folder in sorted(crowded):
                text = f"is a folder of more than {self.limits.student_notebooks:,} notebooks: none was taken"
                self._take("/".join([prefix, *folder] if prefix else folder), place, text)
            for index, member in sorted(enumerate(members), key=lambda each: each[1].filename):
                if crowded and tuple(_parts(member)[:length]) in crowded:
                    continue
                if not member.is_dir() and self._may_go_on():
                    self._member(member, Place(place.path, (*place.members, index)), prefix, nesting, alone)
                    self._count(len(self.found) - self.of_students - before)

    def _count(self, notebooks: int) -> None:
        most = self.limits.student_notebooks if self.within_student else self.limits.zip_notebooks
        if notebooks > most:
            beside = " beside others" if self.within_student else ""
            advice = " (a class's zip: give its path)" if self.within_student else ""
            raise Unreadable(f"is a zip of more than {most:,} notebooks{beside}: none was taken{advice}")

    def _member(self, member: ZipInfo, place: Place, prefix: str, nesting: int, alone: bool) -> None:
        parts = _parts(member)
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
            self._file(place, name, nesting + 1, alone, member.file_size)

    def _new_room(self, name: str) -> _Room:
        return _Room(name, self.limits.files, self.limits.unpacked_bytes)

    def _may_go_on(self) -> bool:
        self.room.files -= 1
        if self.room.files == -1:
            text = f"holds more than {self.limits.files:,} files: the rest was not looked at"
            self.problems.append(Problem(_shown(self.room.name), text))
        return self.room.files >= 0

    def _problem(self, name: str, text: str) -> None:
        self.seen.append((name, True))
        owner = self._outermost_zip(name)
        most = MOST_OF_A_ZIP if owner else MOST_PROBLEMS
        self.lines[owner] += 1
        if self.lines[owner] == most + 1:
            text = "has more such files; they are not named"
            self.problems.append(Problem(_shown(owner) or "what was given", text))
        if self.lines[owner] <= most:
            self.problems.append(Problem(_shown(name), text))

    def _outermost_zip(self, name: str) -> str:
        """The zip that the named file lies in, or ""."""
        parts = name.split("/")
        above = ("/".join(parts[:count]) for count in range(1, min(len(parts), 2 * self.limits.depth)))
        return next((each for each in above if each in self.zips), "")


def _shown(name: str) -> str:
    """A name for lists: composed letters (a Mac's names come decomposed), less what Moodle adds."""
    return safe_text(OF_MOODLE.sub("", unicodedata.normalize("NFC", name)))


def _may_hold(entry: os.DirEntry | ZipInfo) -> bool:
    """Is it a notebook, a zip or a folder: something that may be a student's beside another's?"""
    if isinstance(entry, ZipInfo):
        parts = [] if entry.is_dir() else _parts(entry)
        return bool(parts) and not any(map(_ignored, parts)) and _ends_well(parts[-1])
    return not _ignored(entry.name) and (_ends_well(entry.name) or entry.is_dir(follow_symlinks=False))


def _crowded(members: Sequence[ZipInfo], limits: Limits) -> set[tuple[str, ...]]:
    """The folders that make a class's zip hold too many notebooks, each of them too many for one student."""
    notebooks = [_parts(each) for each in members if _may_hold(each) and not unsafe_name(each.filename)]
    if len(notebooks) <= limits.zip_notebooks:
        return set()
    folders = [parts[:-1] for parts in notebooks]
    first, last = min(folders), max(folders)
    same = [one == other for one, other in zip(first, last, strict=False)]
    length = 1 + [*same, False].index(False)  # inside the folder that all lie in
    count = Counter(tuple(folder[:length]) for folder in folders if len(folder) >= length)
    return {folder for folder, number in count.items() if number > limits.student_notebooks}


def _ends_well(name: str) -> bool:
    return name.lower().endswith((*NOTEBOOKS, ".zip"))


def _parts(member: ZipInfo) -> list[str]:
    return [part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".")]


def _mb(size: int) -> str:
    return f"{size / MB:g} MB"


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
