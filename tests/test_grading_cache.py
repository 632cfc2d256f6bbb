"""A verdict serves again only where nothing that decides about it has changed; runs are never mixed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from grading_pattern import record, run

import course_utils
from course_utils import cli
from course_utils.grading.batch import begin as beginning
from course_utils.grading.batch import cache
from course_utils.grading.batch.begin import begin, seed_of, settings_of, tier_of
from course_utils.grading.batch.results_folder import ResultsFolder, read_json, write_json
from course_utils.grading.errors import GradingError

TAKEN = {"lesson": "02_convolution", "answers": {"conv2d": "def conv2d(): ..."}, "remarks": [], "fatal": None}
SETTINGS = {"seed": 7, "tier": "bubblewrap", "seconds": 300.0, "versions": {"checks": "abc", "torch": "2"}}


@pytest.mark.parametrize(
    ("taken", "settings"),
    [
        ({"answers": {"conv2d": "def conv2d():  ..."}}, {}),
        ({"answers": {"conv2D": "def conv2d(): ..."}}, {}),
        ({"lesson": "04_cross_entropy"}, {}),
        ({"remarks": ["the cell has moved"]}, {}),
        ({"answers": {}, "fatal": "no notebook"}, {}),
        ({}, {"seed": 8}),
        ({}, {"tier": "baseline"}),
        ({}, {"seconds": 10.0}),
        ({}, {"versions": {"checks": "abd", "torch": "2"}}),
        ({}, {"versions": {"checks": "abc", "torch": "3"}}),
    ],
)
def test_all_that_decides_is_in_the_key(taken, settings):
    before = cache.key(TAKEN, SETTINGS)
    assert cache.key(dict(TAKEN), dict(SETTINGS)) == before
    assert cache.key({**TAKEN, **taken}, {**SETTINGS, **settings}) != before


def test_the_order_of_answers_does_not_matter_and_odd_letters_do_no_harm():
    one = {"answers": {"a": "x", "b": "\ud800"}}
    assert cache.key(one, {}) == cache.key({"answers": {"b": "\ud800", "a": "x"}}, {})


def test_the_sources_that_judge_are_part_of_the_versions(tmp_path):
    package = Path(course_utils.__file__).parent
    judging = {path.relative_to(package).as_posix() for path in cache.judging_sources(package)}
    judge = {"grading/judging/judge.py", "grading/judging/verdicts.py", "grading/sandbox/tiers.py"}
    assert judge | {"checks/compare.py", "models/lenet.py"} <= judging
    assert {path.parts[0] for path in map(Path, judging)} >= {"checks", "grading", "models", "training"}
    reports = {"grading/reports/class_report.py", "grading/batch/command.py"}
    assert not (reports | {"cli.py", "plots/curves.py"}) & judging


@pytest.mark.parametrize("folder", ["lessons", "solutions"])
def test_a_changed_notebook_of_the_course_changes_the_versions(tmp_path, folder):
    for name in ("lessons", "solutions"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "02_convolution.ipynb").write_text("{}")
    before = cache.versions(tmp_path, ["02_convolution"])
    assert cache.versions(tmp_path, ["02_convolution"]) == before
    (tmp_path / folder / "02_convolution.ipynb").write_text("{ }")
    assert cache.versions(tmp_path, ["02_convolution"])["checks"] != before["checks"]
    assert {"course", "python", "torch", "numpy"} < before.keys()


def test_a_record_is_kept_and_found_again(tmp_path):
    folder = ResultsFolder(tmp_path / "results")
    folder.keep(record("a"))
    folder.keep(record("b", points=1.0))
    assert folder.kept() == {"a": record("a"), "b": record("b", points=1.0)}
    assert sorted(os.listdir(tmp_path / "results/records")) == ["a.json", "b.json"]


@pytest.mark.parametrize("damage", ["", "{", '{"format": 0}', '{"format": 1}', "[" * 100_000])
def test_a_damaged_record_is_as_good_as_none(tmp_path, damage):
    folder = ResultsFolder(tmp_path)
    folder.keep(record("a"))
    folder.keep(record("b"))
    (tmp_path / "records/b.json").write_text(damage)
    assert list(folder.kept()) == ["a"]


def test_a_failed_write_leaves_the_former_file(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_json(path, {"seed": 1})
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(GradingError, match=r"No space left.*--resume"):
        write_json(path, {"seed": 2})
    assert read_json(path, "") == {"seed": 1} and os.listdir(tmp_path) == ["run.json"]


@pytest.mark.parametrize(
    "there", ["run.json", "records/a.json", "scores.csv", "class.html", "feedback/a.html"]
)
def test_a_former_run_is_refused(tmp_path, there):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("")
    with pytest.raises(GradingError, match=r"former run .*Choose another"):
        ResultsFolder(tmp_path).refuse_former_run("Choose another --out.")


def test_a_folder_with_other_things_is_not_a_former_run(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    ResultsFolder(tmp_path).refuse_former_run("")
    ResultsFolder(tmp_path / "new").refuse_former_run("")


def test_two_commands_do_not_grade_into_one_folder(tmp_path):
    program = f"""
from course_utils.grading.batch.results_folder import ResultsFolder
with ResultsFolder({str(tmp_path)!r}).one_writer():
    print("got it")
"""
    with ResultsFolder(tmp_path).one_writer():
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "another process is grading into" in done.stderr and not done.stdout
    with ResultsFolder(tmp_path).one_writer():
        pass


def options(tmp_path, *more):
    return cli.parse(["grade", "x", "--out", str(tmp_path), "--tier", "baseline", *more])


def begun(tmp_path, *more, lessons=("02_convolution",)):
    return begin(options(tmp_path, *more), ResultsFolder(tmp_path), tmp_path, lessons)


def test_the_seed_is_drawn_and_recorded_and_goes_on(tmp_path):
    first, known = begun(tmp_path)
    assert first.seed > 0 and known == {}
    ResultsFolder(tmp_path).keep(record("a", key="k"))
    ResultsFolder(tmp_path).keep(record("b", key=""))
    again, known = begun(tmp_path, "--resume")
    assert again == first and known == {"k": record("a", key="k")}


def test_seeds_are_not_the_same_each_time():
    assert len({seed_of(None, {}) for _ in range(20)}) > 10
    assert seed_of(5, {}) == 5 and seed_of(5, {"seed": 5}) == 5 and seed_of(None, {"seed": 0}) == 0


@pytest.mark.parametrize(
    ("more", "lessons", "says"),
    [
        ([], ["02_convolution"], "--resume"),
        (["--resume", "--seed", "8"], ["02_convolution"], "leave out --seed 8"),
        (["--resume", "--shard", "1/2"], ["02_convolution"], "shard"),
        (["--resume"], ["04_cross_entropy"], "lessons"),
    ],
)
def test_another_run_is_not_mixed_with_the_one_here(tmp_path, more, lessons, says):
    begun(tmp_path, "--seed", "7")
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(GradingError, match=says):
        begun(tmp_path, *more, lessons=lessons)
    assert (tmp_path / "run.json").read_bytes() == before


def test_there_must_be_something_to_go_on_with(tmp_path):
    with pytest.raises(GradingError, match=r"run\.json is not there: to begin a run, leave out --resume"):
        begun(tmp_path, "--resume")


def test_settings_are_plain_json():
    found = settings_of(run([], shard=(2, 3)))
    assert "records" not in found and found["shard"] == [2, 3] and found["lessons"] == ["02_convolution"]


def test_a_tier_that_is_not_here_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr(beginning, "best_tier", lambda: beginning.Tier("baseline", "bwrap is not installed"))
    with pytest.raises(GradingError, match=r"bwrap is not installed.*--tier baseline"):
        tier_of("bubblewrap")
    assert tier_of("auto").name == tier_of("baseline").name == "baseline"
