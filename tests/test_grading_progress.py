"""How far a batch is: lines for a log, neither too many nor too few, with an estimate once there is one."""

import sys

import pytest
from grading_pattern import pretend, write_class

from course_utils.grading.batch import progress as progresses
from course_utils.grading.batch.progress import Progress, about


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def lines_after(capsys, total, steps, quiet=False):
    """The lines on standard error when a submission is done at each (second, judged so far) of `steps`."""
    clock = Clock()
    progress = Progress(total, quiet, clock)
    for second, judged in steps:
        clock.now = 100.0 + second
        progress.done("a name\nwith a line", judged)
    progress.close()
    return capsys.readouterr().err.splitlines()


def test_a_log_gets_a_line_now_and_then(capsys):
    steps = [(second, second // 2) for second in range(2, 122, 2)]  # one every two seconds
    assert lines_after(capsys, 100, steps) == [
        "5 of 100 submissions after 10 s, about 3 min to go",
        "20 of 100 submissions after 40 s, about 3 min to go",
        "35 of 100 submissions after 70 s, about 2 min to go",
        "50 of 100 submissions after 2 min, about 2 min to go",
    ]


def test_no_estimate_from_one_or_two(capsys):
    steps = [(20, 1), (60, 2), (90, 3)]
    assert lines_after(capsys, 10, steps) == [
        "1 of 10 submissions after 20 s",
        "2 of 10 submissions after 60 s",
        "3 of 10 submissions after 2 min, about 4 min to go",
    ]


def test_verdicts_at_hand_do_not_shorten_the_estimate(capsys):
    steps = [(0, 0)] * 90 + [(10, 1), (20, 2), (30, 3), (40, 4)]
    assert lines_after(capsys, 100, steps)[-1] == "94 of 100 submissions after 40 s, about 60 s to go"


def test_a_batch_that_is_done_soon_or_quiet_says_nothing(capsys):
    assert lines_after(capsys, 3, [(1, 1), (2, 2), (50, 3)]) == []
    assert lines_after(capsys, 99, [(50, 1), (90, 2)], quiet=True) == []


def test_a_terminal_gets_the_bar_alone(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert not any(" to go" in line for line in lines_after(capsys, 100, [(50, 5), (90, 9)]))


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (89, "89 s"), (91, "2 min"), (5399, "90 min"), (9000, "2.5 h")]
)
def test_a_time_is_said_shortly(seconds, said):
    assert about(seconds) == said


@pytest.mark.parametrize("more", [[], ["--quiet"]], ids=["plain", "quiet"])
def test_the_command_writes_the_lines_and_keeps_standard_output_clean(tmp_path, capsys, monkeypatch, more):
    monkeypatch.setattr(progresses, "FIRST_LINE", 0.0)
    folder = write_class(tmp_path / "class", {"anna": "right", "ben": "wrong"})
    words = ["grade", folder, "--out", tmp_path / "out", "--lesson", "02", "--tier", "baseline", "--json"]
    assert pretend([*words, "--jobs", "1", *more]) == 0
    said = capsys.readouterr()
    assert sum(line.startswith("1 of 2 submissions after") for line in said.err.splitlines()) == (not more)
    assert " after " not in said.out
