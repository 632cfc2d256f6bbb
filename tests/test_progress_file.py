"""The record of progress as a file: several notebooks, damage, newer versions, a full disk; all is kept."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from progress_course import a_check, answer, double

from course_utils.progress import book, entries
from course_utils.progress.errors import DamagedRecord, ProgressError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "mine" / "progress.json"))
    return tmp_path / "mine" / "progress.json"


MANY = """
import sys
from course_utils.progress.record import note
for number in range(int(sys.argv[1]), 40, 4):
    note(f"{number:02d}_lesson", "double", None, attempted=True, passed=True)
"""


def test_notebooks_that_write_at_once_lose_nothing(path):
    running = [subprocess.Popen([sys.executable, "-c", MANY, str(start)]) for start in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    assert len(book.read(path)) == 40
    assert not list(path.parent.glob("*.tmp"))


@pytest.mark.parametrize(
    "damage",
    [
        b'{"version": 1, "exerc',
        b"\xff\xfe",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "exercises": {"02_convolution/double": {}}}',
        b'{"version": "1", "exercises": {}}',
    ],
)
def test_a_damaged_record_is_set_aside_whole_and_said(path, damage):
    path.parent.mkdir()
    path.write_bytes(damage)
    with pytest.raises(DamagedRecord) as told:
        book.read(path)
    assert str(told.value).startswith(f"{path} is not a record of progress: ")
    assert str(told.value).endswith(
        "Nothing in it was changed. Mend it in a text editor, or keep it under another name and begin a new "
        "one:  course progress --reset"
    )
    answer(double)
    assert book.read(path).keys() == {"02_convolution/double"}
    assert path.with_name("progress-damaged.json").read_bytes() == damage


def test_a_second_damaged_record_does_not_replace_the_first(path):
    path.parent.mkdir()
    for number in (1, 2):
        path.write_text(f"damage {number}")
        answer(double)
    assert path.with_name("progress-damaged.json").read_text() == "damage 1"
    assert path.with_name("progress-damaged-2.json").read_text() == "damage 2"


def test_a_record_that_was_mended_counts_again(path):
    answer(double)
    mended = path.with_name("progress-damaged.json")
    other = entries.after_right(entries.new_entry(), "x", NOW)
    both = {"04_cross_entropy/nll": other, "02_convolution/double": {**other, "wrong": 3}}
    mended.write_text(json.dumps({"version": 1, "exercises": both}))
    found, unreadable = book.read_all(path)
    assert unreadable == []
    assert found["04_cross_entropy/nll"] == other
    assert (len(found["02_convolution/double"]["solved"]), found["02_convolution/double"]["wrong"]) == (2, 3)


def test_a_record_of_a_newer_version_is_left_alone(path):
    path.parent.mkdir()
    path.write_text('{"version": 2, "everything": "else"}')
    answer(double)
    assert path.read_text() == '{"version": 2, "everything": "else"}'
    with pytest.raises(ProgressError, match="newer version of the course"):
        book.read(path)


def test_a_write_that_fails_leaves_the_old_record_and_the_check_unharmed(path, monkeypatch, capsys):
    answer(double)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer(double, a_check("04_cross_entropy"))
    assert capsys.readouterr().out.count("all 2 cases right") == 2
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".tmp"] == []
