"""What is left of a cell that did not come to its end, and that it is enough to judge the answer."""

import pytest

from course_utils.grading.judging.definitions import definitions, does_more

CELL = '''import math, time

TIMES = 3


@staticmethod
def conv2d(images):
    """Doc."""
    return images * TIMES


time.sleep(11)
conv2d(time)
class Helper:
    pass
'''


def test_what_defines_stays_on_its_line_and_the_rest_goes():
    kept = definitions(CELL)
    before, after = CELL.rstrip().split("\n"), kept.split("\n")
    assert len(after) == len(before)
    assert {b for b, a in zip(before, after, strict=True) if a != b} == {"time.sleep(11)", "conv2d(time)"}
    compile(kept, "cell", "exec")


def test_a_line_that_also_does_something_goes():
    assert definitions("import time; time.sleep(9)\nx = 1") == "\nx = 1"


@pytest.mark.parametrize("source", ["def f(:\n    pass", "", "print(1)"])
def test_nothing_is_left_of_what_defines_nothing(source):
    assert definitions(source) == ""


@pytest.mark.parametrize(
    ("source", "more"),
    [
        (CELL, True),
        ("def f():\n    return 1", False),
        ('"""Text."""\nN = 3\nimport math', False),
        ("def (", True),
    ],
)
def test_whether_a_cell_does_more_than_define(source, more):
    assert does_more(source) is more
