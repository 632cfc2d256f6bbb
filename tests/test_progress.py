"""What a check notes down of progress: when, where, and never to the learner's disadvantage."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import nbformat
import pytest
from lesson_files import ROOT
from nbformat.v4 import new_code_cell, new_notebook
from progress_course import a_check, answer, double, double_by_addition, stub, triple

from course_utils.authoring import execute
from course_utils.checks import NotAttempted
from course_utils.progress import book, entries, place
from course_utils.progress.fingerprint import fingerprint

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LESSON_02 = {"02_convolution.ipynb", "02_convolution.py"}


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "mine" / "progress.json"))
    return tmp_path / "mine" / "progress.json"


def test_a_check_notes_what_was_tried_and_solved(path, capsys):
    answer(triple)
    answer(lambda number: 7)
    answer(double)
    (entry,) = book.read(path).values()
    assert (entry["wrong"], entry["before"], len(entry["solved"]), entry["again"]) == (
        2,
        ["trebled"],
        1,
        False,
    )
    assert book.read(path).keys() == {"02_convolution/double"}
    assert capsys.readouterr() == ("double: all 2 cases right, 1 point\n", "")


def test_no_answer_is_kept(path):
    answer(double_by_addition)
    told = path.read_text()
    assert "number" not in told
    assert "double_by_addition" not in told


def test_a_stub_that_was_never_more_leaves_no_trace(path):
    with pytest.raises(NotAttempted):
        a_check().double(stub)
    assert not path.exists()


def test_the_same_answer_run_again_is_no_new_effort_and_one_written_anew_is():
    entry = entries.after_right(entries.new_entry(), fingerprint(double), NOW)
    rerun = entries.after_right(entry, fingerprint(double), NOW + 3 * DAY)
    assert rerun["solved"] == entry["solved"]
    assert rerun["last"] > entry["last"]
    anew = entries.after_right(entry, fingerprint(double_by_addition), NOW + 3 * DAY)
    assert len(anew["solved"]) == 2
    emptied = entries.after_right(entries.after_stub(entry), fingerprint(double), NOW + 3 * DAY)
    assert len(emptied["solved"]) == 2


def test_two_solutions_of_one_sitting_are_one_and_keep_their_mistakes():
    entry = entries.after_wrong(entries.new_entry(), "trebled", NOW)
    entry = entries.after_right(entry, "a", NOW)
    entry = entries.after_right(entry, "b", NOW + timedelta(hours=1))
    assert entry["solved"] == ["2026-03-01T13:00:00+00:00"]
    assert entry["before"] == ["trebled"]
    assert entries.after_right(entry, "c", NOW + 5 * DAY)["before"] == []


def test_the_mark_of_an_answer_knows_code_and_not_its_layout():
    def laid_out(number):
        # a comment

        return 2 * number

    class Net:
        def forward(self):
            return 1

    class OtherNet:
        def forward(self):
            return 2

    assert fingerprint(laid_out) == fingerprint(double) != fingerprint(double_by_addition)
    assert fingerprint(Net) != fingerprint(OtherNet)
    assert fingerprint((double, triple)) != fingerprint((triple, double))
    assert len(fingerprint(object())) == 16


def test_a_folder_that_cannot_be_made_does_not_disturb_the_check(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.json"))
    a_check().double(double)
    assert capsys.readouterr() == ("double: all 2 cases right, 1 point\n", "")


def test_off_is_off(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "Off")
    assert place.progress_file() is None
    assert place.file_for_checks() is None


def test_data_may_be_shared_and_progress_is_not(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_PROGRESS")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert tmp_path not in place.progress_file().parents
    assert place.progress_file().name == "progress.json"


NOTED = """
from course_utils.progress.record import note
note("02_convolution", "output_size", 1, attempted=True, passed=True)
"""
CHECKED = """
from course_utils.checks.convolution import check
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
check.output_size(output_size)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A learner's home in which nothing has been chosen; the record's place in it."""
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("COURSE_PROGRESS")
    return place.progress_file()


def test_a_script_leaves_no_trace(home):
    subprocess.run([sys.executable, "-c", NOTED], check=True)
    assert not home.exists()


@pytest.mark.parametrize(("folder", "program"), [("lessons", CHECKED), ("solutions", NOTED)])
def test_a_learners_own_run_of_pytest_counts_and_a_solutions_does_not(home, tmp_path, folder, program):
    path = tmp_path / folder / "mine.ipynb"
    path.parent.mkdir()
    cell = new_code_cell(program, metadata={"tags": ["nbval-ignore-output"]})
    nbformat.write(new_notebook(cells=[cell], metadata={"course": {"lesson": "02_convolution"}}), path)
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "-p", "no:cacheprovider", str(path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in ran.stdout, ran.stdout
    assert list(book.read(home)) == (["02_convolution/output_size"] if folder == "lessons" else [])


@pytest.mark.parametrize(("chosen", "given"), [(None, "off"), ("asked.json", "asked.json")])
def test_an_authors_build_is_nobodys_progress_unless_asked(monkeypatch, chosen, given):
    monkeypatch.delenv("COURSE_PROGRESS")
    if chosen:
        monkeypatch.setenv("COURSE_PROGRESS", chosen)
    seen = {}

    class Client:
        def __init__(self, notebook, **options):
            pass

        def execute(self, env):
            seen.update(env)

    monkeypatch.setattr(execute, "NotebookClient", Client)
    execute.execute(SimpleNamespace(path=ROOT / "solutions" / "02_convolution.py"), new_notebook())
    assert seen["COURSE_PROGRESS"] == given


def test_a_class_that_is_graded_leaves_no_trace(path, tmp_path):
    """Not even where a file is named: what is judged there is not the work of whoever runs it."""
    clone = tmp_path / "clone"
    for name in ("pyproject.toml", "solutions/02_convolution.ipynb", "solutions/02_convolution.py"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    shutil.copytree(ROOT / "lessons", clone / "lessons", ignore=lambda _, names: set(names) - LESSON_02)
    words = ["grade", "solutions/02_convolution.ipynb", "--tier", "baseline", "--out", "out"]
    command = [sys.executable, "-m", "course_utils.cli", *words]
    ran = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "median 23 of 23 points" in ran.stdout
    assert not path.exists()
