"""What is wrong with the form of an answer, in sentences of ours that hold nothing which the code gave.

A check says "the shape should be (3, 4), yours is (3, 5)". That shows values, so the sentences here are
chosen from a fixed list, by the types of what was expected and of what came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch

from course_utils.checks import Verdict
from course_utils.checks.compare import Tolerance, as_tensor, find_difference, is_array
from course_utils.checks.diagnosis import Failure
from course_utils.grading.records import ON_SOME

NONE = "Your code returned None: is there a `return` at its end?"
NONE_WITHIN = "One of the values that it gives is None."
NOT_RAISED = "Some calls should raise {}: see the exercise's text."
RETURNED_ERROR = "It returns an exception as its value: write `raise`, not `return`."
CHANGED = "It changes its inputs in place: work on a copy."
WHOLE = "A whole number (an int) is asked for, and your code gives a float."
WHOLES = "Whole numbers (ints) are asked for, and your code gives floats."
TRUTH = "True or False is asked for, and your code gives numbers."
NO_TRUTH = "Numbers are asked for, and your code gives True or False."
COMPLEX = "Real numbers are asked for, and your code gives complex ones: take the real part."
DICTIONARY = "A dictionary is asked for."
KEYS = "The dictionary does not have the keys that are asked for."
SEVERAL = "Several values are asked for, in a tuple or a list."
HOW_MANY = "It gives more values, or fewer, than are asked for."
TENSOR, NUMBER = "A tensor is asked for{}.", "A number is asked for{}."
SINGLE = "A single number is asked for, and your code gives a whole array of them."
SHAPE = "The result has the wrong shape{}."
WRONG_KIND = "What the cell defines is not what is asked for: keep the first line of the stub."

KINDS = {list: "a list", tuple: "a tuple", str: "a text", dict: "a dictionary", set: "a set"}


def form(verdict: Verdict) -> str:
    """The sentence about the form of a wrong answer, or nothing where its form is right.

    Where the wrong cases differ in form, the sentence that fits most of them says that it is about some.
    """
    if not verdict.failures:
        return WRONG_KIND if verdict.attempted and not verdict.passed else ""
    found = Counter(form_of(failure) for failure in verdict.failures)
    said, _ = max(((each, count) for each, count in found.items() if each), key=_often, default=("", 0))
    return said if len(found) == 1 or not said else f"{ON_SOME}{said[0].lower()}{said[1:]}"


def form_of(failure: Failure) -> str:
    """The sentence about the form of one wrong response, or nothing."""
    response, difference = failure.response, failure.difference
    if isinstance(response.value, BaseException):
        return RETURNED_ERROR
    if response.error is not None:
        return ""
    if response.value is None:
        return NONE
    if difference.got is None and difference.remark.startswith("Your function returned None"):
        return NONE_WITHIN
    if failure.expected.error is not None:
        return NOT_RAISED.format(f"`{type(failure.expected.error).__name__}`")
    if difference.got is None and "in place: work on a copy" in difference.remark:
        return CHANGED
    if _remark(difference.expected, difference.got) not in ("", difference.remark):
        return ""  # the exercise compares in a way of its own
    return _form(difference.expected, difference.got) if difference.remark else ""


def _often(found: tuple[str, int]) -> int:
    return found[1]


def _remark(expected: Any, got: Any) -> str:
    """What the comparison of values says of these two."""
    found = find_difference(expected, got, Tolerance())
    return found.remark if found else ""


def _form(expected: Any, got: Any) -> str:
    if isinstance(expected, Mapping):
        return KEYS if isinstance(got, Mapping) else DICTIONARY
    if isinstance(expected, (tuple, list)):
        return HOW_MANY if isinstance(got, (tuple, list)) or is_array(got) else SEVERAL
    want = as_tensor(expected)
    return _form_of_numbers(want, got) if want is not None else ""


def _form_of_numbers(want: torch.Tensor, got: Any) -> str:
    have = as_tensor(got)
    if have is None:
        return _no_numbers(want, got)
    if want.shape != have.shape:
        return _shape(want, have)
    if (want.dtype == torch.bool) != (have.dtype == torch.bool):
        return TRUTH if want.dtype == torch.bool else NO_TRUTH
    if have.is_floating_point() and not want.is_floating_point():
        return WHOLES if want.ndim else WHOLE
    return ""


def _no_numbers(want: torch.Tensor, got: Any) -> str:
    if isinstance(got, int):
        return ""
    if isinstance(got, complex) or (isinstance(got, torch.Tensor) and got.is_complex()):
        return COMPLEX
    kind = KINDS.get(type(got), "")
    return (TENSOR if want.ndim else NUMBER).format(f", and your code gives {kind}" if kind else "")


def _shape(want: torch.Tensor, have: torch.Tensor) -> str:
    if not want.ndim:
        return SINGLE
    if want.ndim == have.ndim:
        return SHAPE.format(", though the right number of dimensions")
    return SHAPE.format(
        ": it has too many dimensions" if have.ndim > want.ndim else ": a dimension is missing"
    )
