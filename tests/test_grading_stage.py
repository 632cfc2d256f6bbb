"""Cells run one after another as in the notebook: what one defines, the next ones find."""

from grading_files import lessons

from course_utils.grading.handed_in.transplant import Transplant
from course_utils.grading.judging.judge import Rules, judge_submission
from course_utils.grading.judging.remote import place_of

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


def states(record):
    return {each.exercise: each.state for each in record.results if each.state != "missing"}


def judged(bare, answers, **rules):
    lesson = lessons()["02_convolution"]
    return judge_submission(Transplant(lesson, answers), bare, Rules(seed=1, **rules), "one", "one")


def test_scratch_work_that_takes_too_long_does_not_cost_the_function_above_it(bare):
    solution = lessons()["02_convolution"].answers["output_size"].solution
    answers = {"output_size": solution + "\nimport time\ntime.sleep(600)\n"}
    assert states(judged(bare, answers, call_seconds=2.0)) == {"output_size": "right"}


def test_a_cell_that_is_worth_nothing_without_its_statements_stays_stopped(bare):
    """Not "name 'asked' is not defined": that is the doing of the second try."""
    ends = "import os\nasked = []\n\ndef output_size(*sizes, **more):\n    asked.append(1)\n    os._exit(0)\n"
    assert states(judged(bare, {"output_size": ends})) == {"output_size": "stopped"}


def test_an_import_of_a_cell_that_was_stopped_is_there_for_the_next(bare):
    cells = lessons()["02_convolution"].answers
    stopped = "import math as m\n\ndef output_size(*sizes, **more):\n    while True:\n        pass\n"
    product = cells["count_parameters_and_macs"].solution.replace("height * width", "m.prod((height, width))")
    assert "m.prod" in product
    answers = {"output_size": stopped, "count_parameters_and_macs": product}
    found = states(judged(bare, answers, call_seconds=1.0))
    assert found == {"output_size": "stopped", "count_parameters_and_macs": "right"}


def test_a_later_answer_is_not_dragged_down_by_the_one_that_it_calls(bare):
    """The reference stands in for it, and the record says so."""
    cells = lessons()["02_convolution"].answers
    wrong = cells["output_size"].solution.replace("// stride + 1", "// stride")
    calls = cells["conv2d"].solution.replace(
        "(x.shape[2] - rows) // stride + 1", "output_size(x.shape[2], rows, stride)"
    )
    assert wrong != cells["output_size"].solution and "output_size" in calls
    record = judged(bare, {"output_size": wrong, "conv2d": calls})
    assert states(record) == {"output_size": "wrong", "conv2d": "right"}
    assert next(each for each in record.results if each.exercise == "conv2d").with_reference == (
        "output_size",
    )


def test_a_fault_of_the_course_costs_one_exercise_and_is_for_a_person(bare, monkeypatch):
    from course_utils.checks import FunctionExercise

    cells = lessons()["02_convolution"].answers
    whole = FunctionExercise.examine

    def broken(self, answer, seed=0):
        if self.name == "output_size":
            raise ZeroDivisionError
        return whole(self, answer, seed)

    monkeypatch.setattr(FunctionExercise, "examine", broken)
    record = judged(bare, {name: cells[name].solution for name in ("output_size", "conv2d")})
    assert states(record) == {"output_size": "refused", "conv2d": "right"}


def test_the_line_that_is_shown_is_of_the_cell_whose_text_is_at_hand():
    """The innermost frame may be that of a helper in another cell: its number says nothing here."""
    error = ValueError("text")
    error.course_frames = (("conv2d", 2, "conv2d"), ("pad", 1, "cross_correlate"))
    source = "def conv2d(images):\n    return pad(images)"
    assert place_of(error, "conv2d", source) == ("conv2d", 2, "return pad(images)")
    assert place_of(error, "cross_correlate", "def pad(x): raise ValueError")[0] == "pad"
    assert place_of(error, "output_size", source) is None
