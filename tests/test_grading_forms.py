"""What feedback says of the form of an answer: helpful, and nothing that the code gave."""

import math

import numpy as np
import pytest
import torch

from course_utils.checks.case import Case
from course_utils.checks.convolution import check
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.values import ValueExercise
from course_utils.grading.judging import forms, verdicts
from course_utils.grading.judging.forms import form
from course_utils.grading.records import Record, Result
from course_utils.grading.reports.sentences import explanation
from tests.grading_records import record

PLANTED = "4711"


def exercise(right, inputs=((1,), (2,)), **more):
    cases = [Case(each) for each in inputs]
    return FunctionExercise(name="f", points=1, minutes=1, oracle=right, cases=lambda _: cases, **more)


def raises(x):
    raise ValueError


@pytest.mark.parametrize(
    ("right", "given", "says"),
    [
        (lambda x: x, lambda x: None, forms.NONE),
        (lambda x: (x, x), lambda x: (x, None), forms.NONE_WITHIN),
        (lambda x: x, lambda x: float(x), forms.WHOLE),
        (lambda x: torch.arange(x), lambda x: torch.arange(x) + 0.5, forms.WHOLES),
        (lambda x: x > 1, lambda x: 4711, forms.TRUTH),
        (lambda x: x, lambda x: True, forms.NO_TRUTH),
        (lambda x: float(x), lambda x: 4711j, forms.COMPLEX),
        (lambda x: torch.ones(x), lambda x: torch.ones(x) * 4711j, forms.COMPLEX),
        (
            lambda x: torch.ones(x),
            lambda x: [4711.0] * x,
            "A tensor is asked for, and your code gives a list.",
        ),
        (lambda x: x, lambda x: PLANTED, "A number is asked for, and your code gives a text."),
        (lambda x: x, lambda x: type("4711", (), {})(), "A number is asked for."),
        (lambda x: (x, x), lambda x: x, forms.SEVERAL),
        (lambda x: (x, x), lambda x: (4711,) * 3, forms.HOW_MANY),
        (lambda x: {"a": x}, lambda x: 4711, forms.DICTIONARY),
        (lambda x: {"a": x}, lambda x: {PLANTED: x}, forms.KEYS),
        (lambda x: x, lambda x: torch.ones(4711), forms.SINGLE),
        (lambda x: torch.ones(2, x), lambda x: torch.ones(2), "has the wrong shape: a dimension is missing."),
        (lambda x: torch.ones(x), lambda x: torch.ones(1, x, 4711), "it has too many dimensions."),
        (lambda x: torch.ones(x), lambda x: np.ones(4711), "though the right number of dimensions."),
        (raises, lambda x: 4711, "Some calls should raise `ValueError`"),
        (lambda x: x, lambda x: ValueError(PLANTED), forms.RETURNED_ERROR),
        (lambda x: x, lambda x: x + 4711, ""),
        (lambda x: x, raises, ""),
    ],
)
def test_each_form_has_its_sentence_and_no_sentence_a_value(right, given, says):
    asked = exercise(right)
    verdict = asked.examine(given)
    found = verdicts.result(asked, verdict, "")
    assert found.state == "wrong" and found.form == form(verdict)
    assert says in found.form and bool(says) == bool(found.form)
    told = " ".join(explanation(found))
    assert found.form in told and PLANTED not in told


def test_changed_inputs_are_told_without_their_name():
    asked = exercise(lambda x: x.sum(), inputs=((torch.ones(2),), (torch.ones(3),)), keeps_inputs=True)
    assert form(asked.examine(lambda planted: planted.add_(1).sum())) == forms.CHANGED


def test_what_is_said_of_some_cases_only_says_so():
    asked = exercise(lambda x: x, inputs=((1,), (2,), (3,)))
    mixed = asked.examine(lambda x: None if x < 3 else x + 1)
    assert form(mixed) == "On some cases: your code returned None: is there a `return` at its end?"


def test_a_value_instead_of_a_function_is_told():
    asked = exercise(lambda x: x)
    assert form(asked.examine(4711)) == forms.WRONG_KIND


def test_a_value_exercise_tells_its_form():
    asked = ValueExercise(name="v", points=1, minutes=1, expected=2.5)
    assert form(asked.examine(None)) == forms.NONE
    assert "gives a list" in form(asked.examine([2.5]))
    assert form(asked.examine(4711.0)) == ""


@pytest.mark.parametrize("name", ["output_size", "conv2d", "one_pixel", "fooling_kernel"])
def test_the_commonest_slip_is_told_in_the_lesson(name):
    asked = check.exercises[name]
    found = verdicts.result(asked, asked.examine(lambda *args, **kwargs: None), "")
    assert forms.NONE in explanation(found)


def test_a_float_for_a_size_is_told_in_the_lesson():
    asked = check.exercises["output_size"]
    answer = asked.right_answer()
    found = verdicts.result(asked, asked.examine(lambda *a, **k: float(math.floor(answer(*a, **k)))), "")
    assert forms.WHOLE in explanation(found)


def test_a_right_answer_and_a_named_mistake_need_no_form():
    asked = check.exercises["output_size"]
    assert verdicts.result(asked, asked.examine(asked.right_answer()), "").form == ""


def test_results_written_before_there_were_forms_can_be_read():
    old = record().to_json()
    for each in old["results"]:
        del each["form"]
    assert Record.from_json(old) == record()


@pytest.mark.parametrize(
    ("source", "says", "line"),
    [
        ("def f(x)\n    return x", "expected ':'", "line 1: def f(x)"),
        ("def f(x):\nreturn x", "expected an indented block", "line 2: return x"),
        ("return 1", "'return' outside function", "line 1: return 1"),
    ],
)
def test_a_cell_that_is_no_python_is_told_in_the_parsers_words_once(source, says, line):
    asked = exercise(lambda x: x)
    found = verdicts.cell_failed(asked, SyntaxError(PLANTED), source)
    told = explanation(found)
    assert says in told[0] and "SyntaxError" not in " ".join(told) and PLANTED not in " ".join(told)
    assert (found.error_line, found.see, found.error_type) == (line, "", "")


def test_a_syntax_error_that_the_code_makes_up_is_not_quoted():
    found = verdicts.cell_failed(exercise(lambda x: x), SyntaxError(PLANTED), "raise SyntaxError('4711')")
    assert isinstance(found, Result) and PLANTED not in " ".join(explanation(found))
    assert found.says == "The cell itself could not be run." and found.error_type == "SyntaxError"
