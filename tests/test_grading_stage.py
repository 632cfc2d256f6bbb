"""Cells run one after another as in the notebook: what one defines, the next ones find."""

from grading_files import lessons

from course_utils.grading.handed_in.transplant import Transplant
from course_utils.grading.judging.judge import Rules, judge_submission

pytest_plugins = ["sandbox_fixtures"]
HELPER = """
def window(planes, top, left, rows, columns):
    return planes[..., top : top + rows, left : left + columns]


"""


def test_a_helper_may_have_the_name_of_a_variable_of_the_lesson(bare):
    """`window` is a tensor of the lesson above the cell of cross_correlate; conv2d stands below that."""
    lesson = lessons()["02_convolution"]
    by_slices = lesson.answers["conv2d"].solution
    by_helper = by_slices.replace(
        "window = x[:, :, top : top + rows, left : left + columns]",
        "part = window(x, top, left, rows, columns)",
    ).replace('no", window,', 'no", part,')
    assert by_helper.count("part") == 2
    answers = {"cross_correlate": HELPER + lesson.answers["cross_correlate"].solution, "conv2d": by_helper}
    record = judge_submission(Transplant(lesson, answers), bare, Rules(seed=1), "one", "one")
    assert {each.exercise for each in record.results if each.state == "right"} == set(answers)
