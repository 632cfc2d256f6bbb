"""What a learner sees of `pytest --nbval`: on small notebooks, each made for one thing that can happen."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.grading.cell_texts import describe_difference, plain
from course_utils.grading.nbval_plugin import score_lines

# The course's two exceptions, without the time that importing torch takes in each of these notebooks.
IMPORTS = """
class CheckFailed(AssertionError):
    def _render_traceback_(self):
        return str(self).splitlines()

class NotAttempted(CheckFailed):
    pass
"""
RIGHT = "print('{}: right')"
WRONG = "raise CheckFailed('{}: 4 of 7 cases\\n  expected   0.913\\n  yours      1.470')"
UNATTEMPTED = "raise NotAttempted('{}: not attempted yet')"
ENDLESS = "import time\nwhile True:\n    time.sleep(0.01)"


def exercise(name, check, points=2, answer="1 + 1"):
    """An answer cell and its check cell as `course build` writes them."""
    return [
        new_code_cell(answer, metadata={"course": {"exercise": name, "role": "answer"}}),
        new_code_cell(
            check.replace("{}", name),
            metadata={
                "course": {"exercise": name, "role": "check"},
                "nbgrader": {"grade_id": name, "grade": True, "points": points, "solution": False},
            },
        ),
    ]


@pytest.fixture
def lesson(pytester):
    """Write a notebook of the given cells and run it as a learner does; no flag but --nbval."""

    def run(*cells, name="02_convolution.ipynb", flags=()):
        notebook = new_notebook(cells=[new_code_cell(IMPORTS), *cells], metadata={"course": {}})
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return pytester.runpytest_inprocess("--nbval", *flags, path)

    return run


def text(result):
    return "\n".join(result.outlines + result.errlines)


def test_right_answers_pass_and_are_counted(lesson):
    result = lesson(*exercise("conv2d", RIGHT, points=3), *exercise("output_size", RIGHT), flags=["-v"])
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*::Cell 1 PASSED*",
            "*::conv2d answer PASSED*",
            "*::conv2d PASSED*",
            "*::output_size PASSED*",
            "02_convolution.ipynb: 2 of 2 exercises, 5 of 5 points",
        ]
    )


def test_a_wrong_answer_shows_the_text_of_the_check_and_nothing_else(lesson):
    result = lesson(*exercise("conv2d", WRONG, points=3), *exercise("output_size", RIGHT))
    assert result.ret == 1
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*___ 02_convolution: conv2d ___*"])
    section = text(result).split("conv2d: 4 of 7 cases")[1].split("===")[0]
    assert section.splitlines() == ["", "  expected   0.913", "  yours      1.470"]
    result.stdout.fnmatch_lines(
        ["02_convolution.ipynb: 1 of 2 exercises, 2 of 5 points", "  wrong: conv2d"], consecutive=True
    )
    for word in ("Traceback", "CheckFailed", "Cell execution", "lesson_cells.py", "raise "):
        assert word not in text(result)


def test_the_checks_of_a_lesson_speak_in_their_own_words(lesson):
    check = "import torch\nfrom course_utils.checks.cross_entropy import check\ncheck.softmax({})"
    stub = "def softmax(logits):\n    raise NotImplementedError"
    twice = "def softmax(logits):\n    return logits.softmax(-1).softmax(-1)"
    right = "def softmax(logits):\n    return logits.softmax(-1)"
    result = lesson(
        *exercise("unattempted", check.format("softmax"), answer=stub),
        *exercise("wrong", check.format("softmax"), answer=twice),
        *exercise("right", check.format("softmax"), answer=right),
    )
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        ["*1 of 3 exercises, 2 of 6 points", "  wrong: wrong", "  not attempted: unattempted"]
    )
    assert "Traceback" not in text(result)


def test_unattempted_exercises_are_named_and_do_not_pass(lesson):
    result = lesson(*exercise("conv2d", UNATTEMPTED), *exercise("output_size", RIGHT), flags=["-v"])
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*::conv2d NOT ATTEMPTED*",
            "02_convolution.ipynb: 1 of 2 exercises, 2 of 4 points",
            "  not attempted: conv2d",
            "*1 not attempted*",
        ]
    )
    assert "FAILURES" not in text(result)


def test_a_stub_that_raises_in_its_own_cell_is_unattempted_too(lesson):
    stub = "raise NotImplementedError"
    result = lesson(*exercise("value", "check.value(value)", answer=stub), flags=["-v"])
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*::value answer SKIPPED*", "*::value NOT ATTEMPTED*"])
    assert "FAILURES" not in text(result)


def test_a_check_whose_answer_cell_failed_is_wrong_not_unattempted(lesson):
    result = lesson(*exercise("value", "check.value(value)", answer="value = 1 / 0"))
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*value answer raised ZeroDivisionError*", "  wrong: value"])


def test_the_learners_own_error_is_shown_without_colours(lesson):
    result = lesson(*exercise("conv2d", "def f(x):\n    return x / 0\nf(1)"))
    result.stdout.fnmatch_lines(
        [
            "conv2d raised ZeroDivisionError",
            "In the notebook, line 3",
            "*return x / 0*",
            "ZeroDivisionError: division by zero",
        ]
    )
    assert "\x1b" not in text(result)


def test_no_escape_sequence_reaches_a_report_even_with_colours_on(lesson, pytester):
    coloured = "raise CheckFailed('\\x1b[31mred\\x1b[0m answer')"
    lesson(
        *exercise("conv2d", coloured), new_code_cell("1 / 0"), flags=["--color=yes", "--junitxml=report.xml"]
    )
    failures = [node.text for node in ElementTree.parse(pytester.path / "report.xml").iter("failure")]
    assert failures[0] == "red answer"
    assert "ZeroDivisionError" in failures[1]
    assert not any("\x1b" in failure or "#x1B" in failure for failure in failures)


def test_nothing_counts_after_a_cell_that_hangs(lesson):
    flags = ["--nbval-cell-timeout=1", "-rs"]
    result = lesson(*exercise("conv2d", ENDLESS), *exercise("output_size", RIGHT), flags=flags)
    assert result.ret == 1
    result.assert_outcomes(passed=2, failed=1, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "conv2d took longer than 1 s. Is there a loop that does not end?*",
            "SKIPPED [[]2[]] *02_convolution.ipynb: not run: conv2d took longer than 1 s",
            "02_convolution.ipynb: 0 of 2 exercises, 0 of 4 points",
            "  wrong: conv2d",
            "  not run: output_size",
        ]
    )


def test_a_cell_that_swallows_the_interrupt_does_not_pass(lesson):
    swallows = f"try:\n    {ENDLESS.replace(chr(10), chr(10) + '    ')}\nexcept KeyboardInterrupt:\n    pass"
    result = lesson(*exercise("conv2d", swallows), flags=["--nbval-cell-timeout=1"])
    result.assert_outcomes(passed=2, failed=1)


@pytest.mark.parametrize("death", ["import os; os._exit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_nothing_counts_after_a_dead_kernel(lesson, death):
    result = lesson(*exercise("conv2d", death), *exercise("output_size", RIGHT), flags=["-rs"])
    assert result.ret == 1
    result.assert_outcomes(passed=2, failed=1, skipped=2)
    result.stdout.fnmatch_lines(
        ["conv2d killed the kernel.*", "SKIPPED*not run: conv2d killed the kernel", "  not run: output_size"]
    )


def test_a_cell_may_take_two_minutes_unless_somebody_says_otherwise(pytester):
    from course_utils.grading.nbval_plugin import cell_timeout

    assert cell_timeout(pytester.parseconfig("--nbval")) == 120
    assert cell_timeout(pytester.parseconfig("--nbval", "--nbval-cell-timeout=7")) == 7
    assert cell_timeout(pytester.parseconfig("--nbval", "--nbval-cell-timeout", "2000")) == 2000
    pytester.makeini("[pytest]\naddopts = --nbval-cell-timeout=9")
    assert cell_timeout(pytester.parseconfig("--nbval")) == 9


def stored(source, output):
    """A cell that was run when it gave `output`."""
    return new_code_cell(source, execution_count=1, outputs=[output])


def printed(words):
    return new_output("stream", name="stdout", text=words)


def test_a_learners_stored_outputs_are_not_compared(lesson):
    result = lesson(stored("print('new')", printed("old\n")), new_code_cell("2", outputs=[printed("old")]))
    result.assert_outcomes(passed=3)


def test_a_solution_whose_output_changed_fails_with_both_the_right_way_round(lesson):
    one_line = stored("print('new')", printed("old\n"))
    several = stored("print('a', 'new', sep='\\n')", printed("a\nold\n"))
    result = lesson(one_line, several, name="solutions/02_convolution.ipynb")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["    expected: old", "    yours:    new"], consecutive=True)
    result.stdout.fnmatch_lines(
        ["    --- expected", "    +++ yours", "*", "     a", "    -old", "    +new"], consecutive=True
    )


def test_a_solution_may_vary_where_it_says_so(lesson):
    varies = stored("print('new')", printed("old\n"))
    varies.metadata["tags"] = ["nbval-ignore-output"]
    result = lesson(varies, name="solutions/02_convolution.ipynb")
    result.assert_outcomes(passed=2)


def test_a_solution_sees_no_data_of_this_machine_and_a_learner_does(lesson, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "/the/learners/own")
    seen = new_code_cell("import os; assert os.environ['COURSE_DATA'] == '/the/learners/own'")
    lesson(seen).assert_outcomes(passed=2)
    lesson(seen, name="solutions/02_convolution.ipynb").assert_outcomes(passed=1, failed=1)


def test_the_kernel_is_this_python_whatever_the_notebook_says(lesson, pytester):
    notebook = new_notebook(
        cells=[new_code_cell(f"import sys; assert sys.executable == {sys.executable!r}, sys.executable")],
        metadata={"course": {}, "kernelspec": {"name": "of-another-machine", "display_name": "?"}},
    )
    nbformat.write(notebook, pytester.path / "lesson.ipynb")
    pytester.runpytest_inprocess("--nbval", "lesson.ipynb").assert_outcomes(passed=1)


def test_figures_are_shown_whatever_backend_the_tests_use(lesson, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    lesson(new_code_cell("import os; assert 'inline' in os.environ['MPLBACKEND']")).assert_outcomes(passed=2)


def test_a_broken_notebook_is_named_with_the_remedy(pytester):
    (pytester.path / "lesson.ipynb").write_text('{"metadata": {"course": {}}, "cells": [<<<<<<< HEAD')
    result = pytester.runpytest_inprocess("--nbval", "lesson.ipynb")
    result.stdout.fnmatch_lines(["*lesson.ipynb is not a readable notebook*Undo the last edit*"])
    assert "Traceback" not in text(result)


def test_a_notebook_of_somebody_else_is_left_to_nbval(pytester):
    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), pytester.path / "theirs.ipynb")
    result = pytester.runpytest_inprocess("--nbval", "-v", "theirs.ipynb")
    result.stdout.fnmatch_lines(["*::Cell 0 PASSED*"])
    assert "exercises" not in text(result)


def test_without_nbval_nothing_is_collected_and_nothing_imported(pytester):
    nbformat.write(new_notebook(metadata={"course": {}}), pytester.path / "lesson.ipynb")
    assert pytester.runpytest_inprocess().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    code = (
        "import sys, course_utils.grading.nbval_plugin\n"
        "print(sorted({'torch', 'matplotlib', 'nbval', 'nbformat', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_xdist_keeps_a_notebook_together_and_carries_the_score(lesson):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    state = [new_code_cell("total = 0"), *(new_code_cell("total += 1") for _ in range(6))]
    last = exercise("conv2d", UNATTEMPTED)
    result = lesson(*state, new_code_cell("assert total == 6"), *last, flags=["-n2"])
    result.stdout.fnmatch_lines(["*0 of 1 exercises, 0 of 2 points", "*10 passed, 1 not attempted*"])


def test_quick_start_hides_the_slow_import_only_while_the_plugins_load(pytester):
    pytest.importorskip("rfc3987_syntax", reason="rfc3987_syntax is not installed: nothing to set aside")
    pytester.makepyfile(
        """
        import sys

        def test_import():
            assert "rfc3987_syntax" not in sys.modules
            import rfc3987_syntax
            assert rfc3987_syntax.is_valid_syntax
        """
    )
    pytester.runpytest_subprocess("-p", "course_utils.grading.quick_start").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("coloured", "bare"),
    [("\x1b[0;31mred\x1b[0m", "red"), ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"), ("a[0]", "a[0]")],
)
def test_plain_removes_escape_sequences_and_nothing_else(coloured, bare):
    assert plain(coloured) == bare


def test_a_difference_that_cannot_be_seen_is_made_visible():
    assert describe_difference("stdout", "same\n", "same") == [
        "  stdout",
        "    expected: 'same\\n'",
        "    yours:    'same'",
    ]


def test_the_score_names_what_is_left_and_counts_what_never_ran():
    points = {"a": 3, "b": 2, "c": 1.5, "d": 1}
    states = {"a": "right", "b": "wrong", "c": "not attempted", None: "right"}
    assert list(score_lines("02.ipynb", points, states)) == [
        "02.ipynb: 1 of 4 exercises, 3 of 7.5 points",
        "  wrong: b",
        "  not attempted: c",
        "  not run: d",
    ]
