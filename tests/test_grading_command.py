"""`course grade` from notebooks to reports. A pretender judges, but where the real judge is the point."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from grading_pattern import pretend, write_class

from course_utils import cli
from course_utils.grading.batch.results_folder import ResultsFolder

ROOT = Path(__file__).parent.parent
REPORTS = {"class.html", "feedback", "junit.xml", "records", "run.json", "scores.csv", "scores.json"}
CLASS = {"anna": "right", "ben": "wrong", "cem": "right", "dora": "right 2"}


@pytest.fixture
def class_folder(tmp_path):
    return write_class(tmp_path / "submissions", CLASS)


def words(folder, out, *more):
    return ["grade", folder, "--out", out, "--lesson", "02", "--tier", "baseline", "--jobs", "2", *more]


def scores(out):
    with open(out / "scores.csv", newline="", encoding="utf-8") as file:
        return {row["submission"]: float(row["total"]) for row in csv.DictReader(file)}


def without_timings(out):
    run = json.loads((out / "scores.json").read_text())
    for record in run["records"]:
        del record["seconds"]
        for result in record["results"]:
            del result["seconds"]
    return {name: value for name, value in run.items() if name not in ("started", "seconds")}


def last_object(text):
    return json.loads(text.splitlines()[-1])


def test_a_class_is_graded_and_the_last_lines_say_it(tmp_path, class_folder, capsys):
    assert pretend(words(class_folder, tmp_path / "out", "--seed", "7")) == 0
    assert scores(tmp_path / "out") == {"anna": 4, "ben": 0, "cem": 4, "dora": 4}
    assert {name for name in os.listdir(tmp_path / "out") if not name.startswith(".")} == REPORTS
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "02_convolution: 4 submissions graded, median 4 of 4 points",
        "Sandbox: baseline (asked for with --tier baseline). Seed: 7.",
        f"Reports: {tmp_path / 'out'}/class.html, scores.csv, scores.json, junit.xml and feedback/",
    ]
    assert said.err == ""


def test_json_is_one_object_and_standard_output_holds_nothing_else(tmp_path, class_folder, capsys):
    assert pretend(words(class_folder, tmp_path / "out", "--json")) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert {"submissions", "seconds", "per_minute", "tier", "out"} <= found.keys()
    assert (found["submissions"], found["judged"], found["tier"]) == (4, 3, "baseline")
    assert "median 4 of 4" in said.err


def test_a_bad_submission_is_a_row_and_a_line_and_no_exit_code(tmp_path, capsys):
    texts = {"anna": "right", "bad\x1b[31m\u202e": "die", "cem": "fault"}
    assert pretend(words(write_class(tmp_path / "class", texts), tmp_path / "out", "--quiet")) == 0
    assert sorted(scores(tmp_path / "out").values()) == [0, 0, 4]
    said = capsys.readouterr().out
    assert "judge process ended" in said and "could not judge it" in said and "median" not in said
    assert "\x1b" not in said and "\u202e" not in said


def test_a_former_run_is_not_overwritten(tmp_path, class_folder, capsys):
    pretend(words(class_folder, tmp_path / "out"))
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert pretend(words(class_folder, tmp_path / "out")) == 2
    assert "--resume" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_resume_judges_what_is_new_or_changed_and_nothing_else(tmp_path, class_folder, capsys):
    pretend(words(class_folder, tmp_path / "out", "--json"))
    seed = last_object(capsys.readouterr().out)["seed"]
    (class_folder / "ben.ipynb").write_text("right at last")
    (class_folder / "eva.ipynb").write_text("right too")
    (class_folder / "cem.ipynb").unlink()
    log = tmp_path / "log"
    assert pretend(words(class_folder, tmp_path / "out", "--resume", "--json"), log=str(log)) == 0
    assert sorted(log.read_text().splitlines()) == ["right at last", "right too"]
    found = last_object(capsys.readouterr().out)
    assert (found["seed"], found["judged"], found["submissions"]) == (seed, 2, 4)
    assert scores(tmp_path / "out") == {"anna": 4, "ben": 4, "dora": 4, "eva": 4}


def test_what_had_no_verdict_is_judged_again(tmp_path, capsys):
    folder = write_class(tmp_path / "class", {"anna": "right", "ben": "die"})
    pretend(words(folder, tmp_path / "out"))
    log = tmp_path / "log"
    pretend(words(folder, tmp_path / "out", "--resume"), log=str(log))
    assert log.read_text().split() == ["die"]


def test_shards_merged_are_the_run_of_one_machine(tmp_path, class_folder, capsys):
    pretend(words(class_folder, tmp_path / "whole", "--seed", "7"))
    for part in (1, 2, 3):
        pretend(words(class_folder, tmp_path / f"r{part}", "--seed", "7", "--shard", f"{part}/3"))
    parts = [tmp_path / f"r{part}" for part in (3, 1, 2)]
    assert [len(scores(part)) for part in parts] == [1, 2, 1]
    assert pretend(["grade", "merge", *parts, "--out", tmp_path / "all", "--json"]) == 0
    assert without_timings(tmp_path / "all") == without_timings(tmp_path / "whole")
    assert (tmp_path / "all/scores.csv").read_bytes() == (tmp_path / "whole/scores.csv").read_bytes()
    assert last_object(capsys.readouterr().out)["submissions"] == 4
    assert pretend(["grade", "merge", *parts, "--out", tmp_path / "all"]) == 2


def test_a_shard_without_submissions_is_an_empty_run(tmp_path, class_folder, capsys):
    assert pretend(words(class_folder, tmp_path / "out", "--shard", "9/9")) == 0
    assert scores(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--course", "/"], "no clone of the course"),
        (["--lesson", "99"], "no lesson is called '99'"),
        (["--resume"], "leave out --resume"),
    ],
)
def test_a_mistake_of_the_instructor_ends_with_2(tmp_path, class_folder, capsys, more, says):
    assert cli.main([str(word) for word in words(class_folder, tmp_path / "out", *more)]) == 2
    assert says in capsys.readouterr().err


def test_a_folder_without_notebooks_is_named(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert cli.main(["grade", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 2
    assert "no notebook" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# ---- a run that is ended: in a process of its own, with the pretender

PRETENDING = "import sys; from grading_pattern import pretend; sys.exit(pretend(sys.argv[1:]))"


def begun(folder, out):
    """A run whose last submission hangs, when the records of the others are there."""
    process = subprocess.Popen(
        [sys.executable, "-c", PRETENDING, *map(str, words(folder, out, "--seed", "7"))],
        cwd=ROOT / "tests",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: len(ResultsFolder(out).kept()) == len(CLASS) or process.poll() is not None)
    return process


def until(true):
    """Wait, for as long as a very busy machine may need."""
    end = time.monotonic() + 120
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    assert true()


def children(pid):
    """The processes that `pid` started; [] where the system does not tell."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def is_running(pid):
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(shown.strip()) and not shown.strip().startswith("Z")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_ctrl_c_writes_what_is_there_and_says_how_to_go_on(tmp_path, class_folder, number):
    (class_folder / "zoe.ipynb").write_text("hang")
    process = begun(class_folder, tmp_path / "out")
    started = children(process.pid)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "4 of 5 submissions" in out and re.search(r"To go on:  course grade .* --resume$", out, re.M)
    assert scores(tmp_path / "out") == {"anna": 4, "ben": 0, "cem": 4, "dora": 4}
    assert not any(map(is_running, started))


def test_a_killed_run_loses_only_what_was_in_flight(tmp_path, class_folder):
    (class_folder / "zoe.ipynb").write_text("hang")
    process = begun(class_folder, tmp_path / "out")
    process.kill()
    process.communicate()
    assert not (tmp_path / "out/scores.csv").exists()
    (class_folder / "zoe.ipynb").write_text("right 3")
    log = tmp_path / "log"
    assert pretend(words(class_folder, tmp_path / "out", "--resume"), log=str(log)) == 0
    assert log.read_text().splitlines() == ["right 3"]
    pretend(words(class_folder, tmp_path / "fresh", "--seed", "7"))
    assert without_timings(tmp_path / "out") == without_timings(tmp_path / "fresh")
