"""What the instructor's guide says of the code is so: its numbers, its columns, its example of an appeal."""

import re
import textwrap

from grading_pattern import record, run
from lesson_files import ROOT

from course_utils.grading.batch import progress
from course_utils.grading.reports import similarity
from course_utils.grading.reports.tables import scores_csv

TEXT = (ROOT / "docs/grading.md").read_text(encoding="utf-8")
GUIDE = " ".join(TEXT.split())
APPEAL = r"^    from course_utils\.checks(?:.*\n)(?:(?:    .*)?\n)+"  # a block of code


def test_the_exceptions_of_the_list_of_alike_answers_are_those_of_the_code():
    assert f"fewer than {similarity.TRIVIAL} words of syntax" in GUIDE
    assert f"more than {similarity.FEW} students share and more than {100 * similarity.COMMON:g} %" in GUIDE
    assert f"from {similarity.WORTH_A_LOOK} words in common" in GUIDE


def test_a_log_gets_its_lines_as_often_as_promised():
    assert progress.EVERY == 30 and "a line about every half minute" in GUIDE


def test_the_appeal_by_hand_runs_and_shows_inputs(capsys):
    source = textwrap.dedent(re.search(APPEAL, TEXT, re.MULTILINE)[0])
    exec(compile(source, "grading.md", "exec"), {"conv2d": lambda *inputs, **options: None})
    shown = capsys.readouterr().out
    assert shown.count("tensor([[") > 8  # the numbers, not only the shapes
    assert "Your function returned None" in shown


def test_the_grade_book_has_the_columns_that_the_guide_names():
    header = scores_csv(run([record("anna")])).splitlines()[0]
    assert header.split(",")[-3:] == ["total", "possible", "feedback"]
    assert "then `total`, `possible` and the page in `feedback`" in GUIDE
