"""Whatever a learner returns or raises, a check answers with a text: no stumble, no warning, no long line."""

import collections
import fractions
import warnings

import numpy as np
import pytest
import torch
from answers import EXERCISES

from course_utils.checks import CheckFailed

pytestmark = pytest.mark.usefixtures("as_a_class_is_graded")


class NoText:
    def __repr__(self):
        raise RuntimeError("no text")


class NoComparison:
    __hash__ = object.__hash__

    def __eq__(self, other):
        raise RuntimeError("no comparison")


class Wilful(torch.Tensor):
    """A tensor that refuses every operation."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("not today")


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def nested_lists(depth=20_000):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def unusual_tensors():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "meta": torch.empty(3, 3, device="meta"),
            "sparse": (torch.eye(3) * torch.tensor([1.0, 2.0, 3.0])).to_sparse(),
            "csr": (torch.eye(3) * torch.tensor([1.0, 2.0, 3.0])).to_sparse_csr(),
            "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
            "quantised": torch.quantize_per_tensor(torch.ones(3, 3), 0.1, 0, torch.qint8),
            "complex": torch.ones(3, 3, dtype=torch.complex64),
            "bfloat16": torch.ones(2, 2, dtype=torch.bfloat16),
            "float8": torch.ones(2, 2).to(torch.float8_e4m3fn),
            "with a graph": torch.ones(2, 2, requires_grad=True) * 2,
            "wilful": torch.ones(3, 3).as_subclass(Wilful),
            "empty": torch.empty(0, 3),
        }


VALUES = {
    **unusual_tensors(),
    "None": None,
    "Ellipsis": ...,
    "text": "three",
    "bytes": b"3",
    "set": {1, 2},
    "generator": (number for number in range(3)),
    "complex number": 3 + 1j,
    "fraction": fractions.Fraction(7, 2),
    "huge int": 10**30,
    "nan": float("nan"),
    "without text": NoText(),
    "without comparison": NoComparison(),
    "deep": nested_lists(),
    "objects": np.array([object(), None]),
    "long doubles": np.ones((2, 2), dtype=np.longdouble),
    "big endian": np.ones((2, 2), dtype=">f4"),
    "64 bits unsigned": np.full((2, 2), 2**63 + 5, dtype=np.uint64),
    "records": np.zeros(3, dtype=[("a", int)]),
    "masked": np.ma.masked_equal(np.ones((2, 2)), 0),
    "exception": ValueError("returned"),
    "dictionary of anything": {"A": [1], "B": NoComparison(), "C": torch.ones(3), "D": nested_lists()},
    "default dictionary": collections.defaultdict(list),
}
ERRORS = [Speechless(), SystemExit(1), StopIteration(), AssertionError(), ValueError("x " * 5000)]
KINDS = [
    "convolution.one_pixel",
    "convolution.cross_correlate",
    "convolution.output_size",
    "convolution.count_parameters_and_macs",
    "convolution.fooling_kernel",
    "cross_entropy.softmax",
    "cross_entropy.softmax_gradient",
    "cross_entropy.per_image_loss",
    "cross_entropy.published_log",
]


def examined(name, answer):
    """The verdict, with every warning an error; a derivation gets the answer for each of its steps."""
    exercise = EXERCISES[name]
    if name.endswith("softmax_gradient") and callable(answer):
        answer = (answer,) * 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = exercise.examine(answer)
    assert verdict.text.startswith(exercise.name)
    assert max(map(len, str(CheckFailed(verdict.text)).splitlines())) <= 170  # a word may be that long
    return verdict


@pytest.mark.parametrize("value", VALUES.values(), ids=list(VALUES))
@pytest.mark.parametrize("name", KINDS)
def test_any_value_is_answered(name, value):
    assert not examined(name, value).passed
    assert not examined(name, lambda *args, **kwargs: value).passed


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", KINDS)
def test_any_exception_is_answered(name, error):
    def answer(*args, **kwargs):
        raise error

    verdict = examined(name, answer)
    assert not verdict.passed
    assert f"raised {type(error).__name__}" in verdict.text


@pytest.mark.parametrize("name", KINDS)
def test_endless_recursion_is_answered(name):
    def answer(*args, **kwargs):
        return answer(*args, **kwargs)

    assert "raised RecursionError" in examined(name, answer).text


def test_warnings_of_the_answer_stay_out_of_the_notebook():
    def warns(image, kernel):
        warnings.warn("overflow encountered in exp", RuntimeWarning, stacklevel=1)
        return EXERCISES["convolution.cross_correlate"].oracle(image, kernel)

    assert examined("convolution.cross_correlate", warns).passed


def test_gradients_switched_off_by_the_learner():
    exercise = EXERCISES["convolution.receptive_field"]

    def field(layers):
        size = jump = 1
        for kernel, stride, dilation in layers:
            size, jump = size + dilation * (kernel - 1) * jump, jump * stride
        return size

    with torch.no_grad():
        assert exercise.examine(field).passed


@pytest.mark.parametrize(
    "got, sentence",
    [
        (
            torch.ones(3, 3, dtype=torch.complex64),
            "Expected real numbers, got complex ones: take the real part.",
        ),
        (torch.empty(3, 3, device="meta"), "cannot be read: it lies on the device `meta`."),
        (np.array([None]), "Expected a tensor, got an array of the type object."),
        (np.str_("3"), "Expected a tensor, got a str_."),
        (ValueError("x"), "Your function returned a ValueError as its value: write `raise`, not `return`."),
    ],
)
def test_what_is_said_of_it(got, sentence):
    assert sentence in examined("convolution.cross_correlate", lambda image, kernel: got).text
