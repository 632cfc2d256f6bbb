"""A small class through the whole command, with the real judge: right scores, whatever the number of jobs."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from benchmarks import submissions

LESSON = "02_convolution"
ROOT = Path(__file__).parent.parent
MADE = 5


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class, and the results of grading it by one process and by two: (expected points, folders)."""
    top = tmp_path_factory.mktemp("class")
    folder = top / "submissions"
    made = submissions.whole_class(LESSON, MADE)
    for each in made[:3]:
        submissions.write(each, folder / each.name / f"{LESSON}.ipynb")
    with zipfile.ZipFile(folder / "rest.zip", "w") as packed:
        for each in made[3:]:
            packed.writestr(f"{each.name}.ipynb", json.dumps(each.notebook))
    submissions.write(made[0], folder / "copied.ipynb")
    (folder / "broken.ipynb").write_text('{"cells": [')
    expected = {
        f"{each.name}/{LESSON}" if at < 3 else f"rest/{each.name}": each for at, each in enumerate(made)
    }
    expected["copied"] = made[0]
    outs = [top / "by-1", top / "by-2"]
    for jobs, out in enumerate(outs, 1):
        done = course("grade", folder, "--out", out, "--lesson", LESSON, "--seed", "7", "--jobs", jobs)
        assert done.returncode == 0, done.stderr
    return expected, outs


def course(*words):
    command = [sys.executable, "-m", "course_utils.cli", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def plain(out):
    """A run without what differs from one time to the next."""
    run = json.loads((out / "scores.json").read_text())
    for record in run["records"]:
        record["seconds"] = 0
        for result in record["results"]:
            result["seconds"] = 0
    return {name: value for name, value in run.items() if name not in ("started", "seconds")}


def test_every_submission_gets_the_points_that_it_deserves(graded):
    expected, (out, _) = graded
    found = {record["submission"]: record for record in plain(out)["records"]}
    assert found.keys() == {*expected, "broken"}
    for name, made in expected.items():
        points = {result["exercise"]: result["points"] for result in found[name]["results"]}
        assert points == made.points, name
    assert found["broken"]["fatal"] and found["broken"]["total"] == 0 and found["broken"]["possible"] > 0


def test_one_judge_and_two_find_the_same(graded):
    _, (one, two) = graded
    assert plain(one) == plain(two)
    assert (one / "scores.csv").read_bytes() == (two / "scores.csv").read_bytes()
    assert sorted(os.listdir(one / "records")) == sorted(os.listdir(two / "records"))


def test_a_copy_has_the_same_verdict_under_its_own_name(graded):
    expected, (out, _) = graded
    found = {record["submission"]: record for record in plain(out)["records"]}
    first = next(name for name in expected if name != "copied" and expected[name] is expected["copied"])
    assert found["copied"]["results"] == found[first]["results"]
    assert found["copied"]["key"] == found[first]["key"] and found["copied"]["slug"] == "copied"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_killed_batch_leaves_no_process(tmp_path):
    """The judge, the zygote and the worker end when the batch is killed; nobody cleans up after it."""
    book = submissions.handed_in(LESSON, {"output_size": "while True:\n    pass"})
    (tmp_path / "endless.ipynb").write_text(json.dumps(book))
    words = ["grade", tmp_path / "endless.ipynb", "--out", tmp_path / "out", "--jobs", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "course_utils.cli", *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The judge process, and below it at least the zygote and the worker that runs the endless loop.
    until(lambda: any(is_judge(pid) and len(descendants(pid)) > 1 for pid in descendants(process.pid)))
    family = descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not any(started(pid) == when for pid, when in family.items()))


def until(true):
    end = time.monotonic() + 120
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    assert true()


def stat(pid):
    """The fields of /proc/PID/stat after the name, or nothing for a process that has gone or is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields


def started(pid):
    fields = stat(pid)
    return fields and fields[19]  # a number may be used again; the time at which it began is not


def is_judge(pid):
    try:
        return b"judge_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid):
    """{process: when it began} of all that `pid` started, and what those started."""
    parents = {int(each): stat(int(each)) for each in os.listdir("/proc") if each.isdigit()}
    family, found = {pid}, {}
    while True:
        more = {each for each, fields in parents.items() if fields and int(fields[1]) in family} - family
        if not more:
            return found
        family |= more
        found |= {each: started(each) for each in more}
