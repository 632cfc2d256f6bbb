"""A class full of cheats, graded as an instructor grades it: nobody gains a point, nobody else loses one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import naive
import pytest
from attacks import ATTACKS
from grading_class import (
    HONEST,
    PORT_IN_THE_NOTEBOOKS,
    ROOT,
    Listener,
    Tags,
    adopting_orphans,
    children,
    grade,
    honest,
    left_behind,
)

from course_utils.grading.sandbox.tiers import BUBBLEWRAP, best_tier

SLOW = {  # besides those that end by time
    "fills_the_disk_with_empty_files",
    "sleeps_a_little_less_than_allowed",
    "takes_all_memory",
    "takes_all_shared_memory",
}
LATE = ("finds_",)  # after those that leave something
EVERY = 12  # an honest submission after so many attacks
MARK = "COURSE-ATTACK"


def is_slow(attack):
    return attack.ends == "time" or attack.name in SLOW


def hand_in(folder, attacks, port, last=()):
    """The notebooks of these attacks, honest ones before, among and after them; the names of the honest.

    `last`: the exercises of the last honest one, all where none is named.
    """
    folder.mkdir()
    names = []
    for place, attack in enumerate(sorted(attacks, key=lambda each: each.name.startswith(LATE))):
        if place % EVERY == 0:
            names.append(f"{place:03}-honest")
            (folder / f"{names[-1]}.ipynb").write_text(honest(place, *HONEST))
        text = attack.notebook.read_text(encoding="utf-8").replace(PORT_IN_THE_NOTEBOOKS, str(port))
        (folder / f"{place:03}-{attack.name}.ipynb").write_text(text, encoding="utf-8")
    names.append("999-honest")
    (folder / "999-honest.ipynb").write_text(honest(999, *last))
    return names


@pytest.fixture(scope="module")
def bubblewrap():
    tier = best_tier()
    if tier.name != BUBBLEWRAP:
        pytest.skip(f"the attacks would run on this very machine: {tier.why}")


class Class:
    """What came of a class, and of the machine on which it was graded."""

    def __init__(self, folder):
        quick = [attack for attack in ATTACKS if not is_slow(attack)]
        slow = [attack for attack in ATTACKS if is_slow(attack)]
        (folder / "here").mkdir()
        places = [folder, Path(tempfile.gettempdir()), Path("/dev/shm"), Path.home(), ROOT]
        with adopting_orphans():
            before, left_before = children(), left_behind(places)
            with Listener() as listener:
                self.honest = [hand_in(folder / "quick", quick, listener.port)]
                self.honest += [hand_in(folder / "slow", slow, listener.port, HONEST)]
                self.graded = [
                    grade(folder / "quick", folder / "results", cwd=folder / "here"),
                    grade(
                        folder / "slow",
                        folder / "slow results",
                        "--seconds-per-submission",
                        "5",
                        cwd=folder / "here",
                    ),
                ]
                self.calls = listener.calls
            self.children = {n: words for n, words in children().items() if n not in before}
        self.left = set(left_behind(places)) - set(left_before)
        self.here = list((folder / "here").iterdir())

    def record(self, attack):
        """The record of an attack, whichever half of the class it was in."""
        graded = self.graded[is_slow(attack)]
        return next(r for name, r in graded.records.items() if name.endswith(f"-{attack.name}"))


@pytest.fixture(scope="module")
def graded(bubblewrap, tmp_path_factory):
    return Class(tmp_path_factory.mktemp("class"))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_worth_what_its_wrong_answer_is_worth(graded, attack):
    record = graded.record(attack)
    assert not record["fatal"], record["fatal"]
    assert record["total"] == attack.expected, record["results"]
    found = next(result for result in record["results"] if result["exercise"] == attack.exercise)
    assert found["state"] != "right"
    if attack.ends:
        assert found["stopped"] == attack.ends, found["text"]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_reads_reaches_and_leaves_nothing(graded, attack):
    """The attacks print this mark when they have got somewhere."""
    assert MARK not in graded.record(attack)["printed"]


def test_every_honest_submission_keeps_its_points(graded):
    for half, names in zip(graded.graded, graded.honest, strict=True):
        assert half.ended.returncode == 0, half.ended.stderr
        for name in names:
            points = {r["exercise"]: r["points"] for r in half.records[name]["results"]}
            assert [points[exercise] for exercise in HONEST] == [2, 3, 3], (name, half.records[name])
    whole = graded.graded[0].records["999-honest"]
    assert whole["total"] == whole["possible"] > 8, whole


def test_nobody_is_left_out(graded):
    total = sum(len(half.records) for half in graded.graded)
    assert total == len(ATTACKS) + sum(len(names) for names in graded.honest)


def test_no_process_outlives_the_grading(graded):
    assert not graded.children


def test_no_file_is_left_outside_the_results(graded):
    assert not graded.here
    assert not graded.left


def test_nobody_was_called(graded):
    assert not graded.calls


def test_students_read_nothing_that_their_code_made(graded):
    """Neither hidden inputs nor anything else that came out of a run is in the pages for students."""
    for half in graded.graded:
        for name, page in half.pages().items():
            if name.startswith("feedback"):
                assert "LEAKED-INPUT" not in page and "LEAKED_INPUT" not in page, name


def test_pages_hold_nothing_that_runs(graded):
    for half in graded.graded:
        for name, page in half.pages().items():
            if name.endswith(".html"):
                assert not Tags(page).active, name
                assert not any(sign in page for sign in ("\u202e", "\x1b", "\x00", "\u2028")), name


def test_the_attacks_are_alive_where_the_checker_shares_the_process():
    """Each is taken for right by a checker of the usual kind: what defends is not their clumsiness."""
    names = [attack.name for attack in ATTACKS if attack.fools]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, naive.__file__, *half], stdout=subprocess.PIPE, text=True, env=environment
        )
        for half in (names[::2], names[1::2])
    ]
    said = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
    assert said[0] | said[1] == dict.fromkeys(names, True)
