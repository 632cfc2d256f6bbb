"""Unpacking: the right form, nothing outside its folder, all or nothing."""

import errno
import hashlib
import json
import tarfile

import pytest
from data_helpers import (
    WNIDS,
    everything_under,
    make_archive,
    make_hostile_archive,
    make_imagenette,
    make_tree,
)

from course_utils.data import CourseDataError
from course_utils.data.sources import SOURCES
from course_utils.data.unpack import unpack

IMAGENETTE = SOURCES["imagenette"]


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


def test_archive_is_unpacked_with_its_own_hash(tmp_path, root):
    archive = make_imagenette(tmp_path)
    folder = unpack(IMAGENETTE, archive, official=False)
    assert folder == root / "raw" / "imagenette"
    assert len(list(folder.glob("imagenette2-160/train/*/*.JPEG"))) == 30
    recorded = json.loads((folder / "source.json").read_text())["archive"]
    assert recorded["md5"] == hashlib.md5(archive.read_bytes()).hexdigest()
    assert recorded["official"] is False
    assert everything_under(root / "raw")[0] == "imagenette"  # no temporary folder beside it


def test_same_archive_is_not_unpacked_again(tmp_path):
    archive = make_imagenette(tmp_path)
    mark = unpack(IMAGENETTE, archive, official=False) / "mark"
    mark.touch()
    unpack(IMAGENETTE, archive, official=False)
    assert mark.exists()


def test_another_archive_takes_the_place(tmp_path, root):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    unpack(IMAGENETTE, make_imagenette(tmp_path / "a"), official=False)
    folder = unpack(IMAGENETTE, make_imagenette(tmp_path / "b", train=4), official=False)
    assert len(list(folder.glob("imagenette2-160/train/*/*.JPEG"))) == 40
    assert [path.name for path in (root / "raw").iterdir()] == ["imagenette"]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999], ids=lambda share: f"{share:.1%}")
def test_truncated_archive(tmp_path, root, share):
    archive = make_imagenette(tmp_path)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CourseDataError) as failed:
        unpack(IMAGENETTE, archive, official=False)
    said = str(failed.value)
    assert f"{archive} ({int(len(whole) * share):,} bytes) is cut short or is no tar archive" in said
    assert "Fetch it again" in said
    assert everything_under(root) == ["raw"]


def test_failed_archive_leaves_the_older_one(tmp_path, root):
    folder = unpack(IMAGENETTE, make_imagenette(tmp_path), official=False)
    before = everything_under(root)
    broken = tmp_path / "broken.tgz"
    broken.write_bytes(b"<html>not an archive</html>")
    with pytest.raises(CourseDataError):
        unpack(IMAGENETTE, broken, official=False)
    assert everything_under(root) == before and folder.is_dir()


def hostile(name, kind=tarfile.REGTYPE, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        hostile("../escaped.txt"),
        hostile("imagenette2-160/../../../escaped.txt"),
        hostile("imagenette2-160/link", tarfile.SYMTYPE, "../../../../escaped.txt"),
        hostile("imagenette2-160/link", tarfile.SYMTYPE, "/etc/passwd"),
        hostile("imagenette2-160/hard", tarfile.LNKTYPE, "../../escaped.txt"),
        hostile("imagenette2-160/pipe", tarfile.FIFOTYPE),
    ],
    ids=["parent", "deep parent", "symlink out", "absolute symlink", "hard link out", "pipe"],
)
def test_hostile_members(tmp_path, root, member):
    archive = make_hostile_archive(tmp_path / "hostile.tgz", member)
    before = everything_under(tmp_path)
    with pytest.raises(CourseDataError) as failed:
        unpack(IMAGENETTE, archive, official=False)
    assert repr(member.name) in str(failed.value) and str(archive) in str(failed.value)
    assert "official place" in str(failed.value)
    assert everything_under(tmp_path) == sorted([*before, "root", "root/raw"])


def test_absolute_member_stays_inside(tmp_path, root):
    """The data filter strips the leading slash: the file lands in the folder, not at the root of the disk."""
    outside = tmp_path / "escaped.txt"
    archive = make_hostile_archive(tmp_path / "hostile.tgz", hostile(str(outside)))
    with pytest.raises(CourseDataError, match="holds no train/ and val/"):
        unpack(IMAGENETTE, archive, official=False)
    assert not outside.exists() and everything_under(root) == ["raw"]


def test_archive_of_other_classes(tmp_path, root):
    archive = make_archive(tmp_path / "woof.tgz", make_tree(tmp_path / "tree", (*WNIDS[1:], "n02086240")))
    with pytest.raises(CourseDataError) as failed:
        unpack(IMAGENETTE, archive, official=False)
    assert f"missing {WNIDS[0]}; unknown n02086240" in str(failed.value)
    assert "course data prepare FOLDER" in str(failed.value)
    assert everything_under(root) == ["raw"]


def test_archive_without_the_form_names_the_archive_not_the_temporary_folder(tmp_path, root):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "readme.txt").write_text("no pictures")
    archive = make_archive(tmp_path / "other.tgz", tmp_path / "tree")
    with pytest.raises(CourseDataError) as failed:
        unpack(IMAGENETTE, archive, official=False)
    assert "other.tgz holds no train/ and val/ folders" in str(failed.value)
    assert ".tmp" not in str(failed.value)
    assert everything_under(root) == ["raw"]


def test_full_disk_while_unpacking(tmp_path, root, monkeypatch):
    archive = make_imagenette(tmp_path)

    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "makefile", full)
    with pytest.raises(CourseDataError, match=r"The disk is full: no room to write under .*raw"):
        unpack(IMAGENETTE, archive, official=False)
    assert everything_under(root) == ["raw"]
