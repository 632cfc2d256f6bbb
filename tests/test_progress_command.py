"""`course progress`: what it tells of the real lessons, where the record is, and how to begin anew."""

import io
import json

import pytest

from course_utils import cli
from course_utils.progress import command
from course_utils.progress.entries import new_entry

LONG_AGO = "2025-01-01T12:00:00+00:00"
SOLVED = {**new_entry(), "solved": [LONG_AGO], "last": LONG_AGO}


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The record of a learner who has solved one exercise of the real course."""
    path = tmp_path / "progress.json"
    path.write_text(json.dumps({"version": 1, "exercises": {"02_convolution/conv2d": SOLVED}}))
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return path


def say(capsys, *words):
    code = cli.main(["progress", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_it_tells_of_the_real_lessons(path, capsys):
    code, said, _ = say(capsys)
    assert code == 0
    assert "\n02 Convolution                       1 of 10   3 of 23  " in said
    assert "  02_convolution · conv2d (about 25 minutes)\n    Solved once, last " in said
    assert max(map(len, said.splitlines()[:-1])) < 80
    assert said.endswith(f"\nKept on this machine only, in {path}\n")


def test_it_speaks_json(path, capsys):
    told = json.loads(say(capsys, "--json")[1])
    (row,) = [each for each in told["lessons"] if each["lesson"] == "02_convolution"]
    assert (row["solved"], row["exercises"], row["points"], row["of_points"]) == (1, 10, 3, 23)
    assert (row["next"], told["current"], told["file"]) == ("one_pixel", "02_convolution", str(path))
    assert told["again"][0]["exercise"] == "conv2d"


def test_whoever_has_not_begun_is_told_how(path, capsys):
    path.unlink()
    assert "No answer has been checked yet. The first lesson opens with:  course lab\n" in say(capsys)[1]
    assert not path.exists()


def test_it_says_where_it_is_and_shows_another(path, capsys, tmp_path):
    assert say(capsys, "--file") == (0, f"{path}\n", "")
    other = tmp_path / "other.json"
    other.write_text('{"version": 1, "exercises": {}}')
    assert "0 of 10" in say(capsys, "--file", str(other))[1]
    assert say(capsys, "--file", "nowhere.json")[0] == 2


def test_off_is_said(path, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    assert say(capsys) == (2, "", f"course: {command.SWITCHED_OFF}\n")


def test_a_damaged_record_is_named_with_its_remedy(path, capsys):
    path.write_text("{")
    code, _, said = say(capsys)
    assert code == 2
    assert said.startswith(f"course: {path} is not a record of progress: ")
    assert "course progress --reset" in said


def test_a_record_that_was_set_aside_is_named(path, capsys):
    aside = path.with_name("progress-damaged.json")
    aside.write_text("{")
    assert say(capsys)[1].endswith(
        f"{aside} could not be read and was set aside.\nMend it in a text editor, and it counts again.\n"
    )


@pytest.mark.parametrize(("typed", "begun"), [("y\n", True), ("yes\n", True), ("n\n", False), ("", False)])
def test_a_reset_asks_and_keeps_the_old_record(path, capsys, monkeypatch, typed, begun):
    before = path.read_bytes()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    code, said, _ = say(capsys, "--reset")
    assert (code, path.exists()) == ((0, False) if begun else (1, True))
    assert f"Begin anew? What is in {path} is kept under another name. [y/N] " in said
    (kept,) = path.parent.glob("progress*.json")
    assert kept.read_bytes() == before
    assert not begun or said.endswith(f"The old record is now {kept}\n")


def test_a_reset_may_be_told_not_to_ask_and_mends_what_is_damaged(path, capsys):
    path.write_text("{")
    assert say(capsys, "--reset", "--yes")[0] == 0
    assert say(capsys, "--reset", "--yes") == (0, f"Nothing is recorded in {path}.\n", "")
    assert "No answer has been checked yet" in say(capsys)[1]
