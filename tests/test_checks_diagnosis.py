"""What is said of a wrong answer: nothing false by coincidence, and something where numbers tell it."""

import math
import statistics

import pytest
import torch
from answers import EXERCISES

from course_utils.checks import Case, FunctionExercise, Misconception
from course_utils.checks.compare import Difference
from course_utils.checks.patterns import pattern
from course_utils.checks.showing import LINE, two_rows


def exercise(oracle, inputs, misconceptions=(), **options):
    """A small exercise with one case for each input."""
    cases = [Case((each,), label=f"number {number}") for number, each in enumerate(inputs)]
    known = [Misconception(name, answer, f"You did {name}.") for name, answer in misconceptions]
    return FunctionExercise(
        name="f", points=1, minutes=1, oracle=oracle, cases=lambda rng: cases, misconceptions=known, **options
    )


def test_a_count_that_agrees_by_luck_names_nothing():
    known = [("add one", lambda n: n + 1)]
    twice = exercise(lambda n: 2 * n, range(2, 8), [("forget to double", lambda n: n), *known])
    assert twice.examine(lambda n: n).misconception.name == "forget to double"
    assert twice.examine(lambda n: n + 1).misconception.name == "add one"
    assert twice.examine(lambda n: n + 1 if n < 4 else 0).misconception is None
    assert twice.examine(lambda n: 2 * n if n < 7 else 8).misconception is None  # 8 = 7 + 1


def test_an_equal_exception_alone_names_nothing():
    def broken(x):
        raise ValueError("sizes")

    inputs = [torch.full((5,), float(n)) for n in range(4)]
    root = exercise(torch.sqrt, inputs, [("break it", lambda x: broken(x) if x[0] else x + 1)])

    def other(x):
        return broken(x) if x[0] == 2 else torch.sqrt(x)

    assert root.examine(other).misconception is None


def test_nan_alone_names_nothing():
    inputs = [torch.full((5,), float(n)) for n in range(1, 4)]
    root = exercise(torch.sqrt, inputs, [("go below zero", lambda x: (1 - x).sqrt())])
    assert root.examine(lambda x: x * math.nan).misconception is None
    assert root.examine(lambda x: (1 - x).sqrt()).misconception is not None


@pytest.mark.parametrize(
    "got, sentence",
    [
        (lambda e: e.half(), "Every number is right but too coarse: float16 keeps about three digits."),
        (lambda e: e.int(), "Your numbers are whole, as if the fractions had been cut off"),
        (lambda e: e * 1.0004, "Every number agrees with the right one to about 3 digits"),
        (
            lambda e: e / math.log(2),
            "is 1.443 times the right one: is that a logarithm to base 2?",
        ),
        (lambda e: e * 3, "Every number is 3 times the right one."),
        (lambda e: e.T, "Your result is the right one transposed"),
        (lambda e: e * 1j, ""),
        (lambda e: e + torch.tensor([0.0, 0.4, 0.0]), ""),
        (lambda e: e * math.nan, ""),
    ],
)
def test_what_numbers_tell(got, sentence):
    expected = torch.tensor([[1.2345, 2.3456, 3.4567], [4.5678, 5.6789, 6.7891], [7.8912, 8.9123, 9.1234]])
    said = pattern([(expected, got(expected))])
    assert sentence in said if sentence else said == ""


def test_a_part_of_the_answer_is_not_called_every_number():
    pair = exercise(lambda x: (x, x + 1), [1.5, 2.5, 3.5, 4.5])
    assert "The value [1] is 3 times the right one." in pair.examine(lambda x: (x, 3 * x + 3)).text


def test_an_input_changed_in_place_is_no_matter_of_digits():
    def spoils(x):
        x += 1
        return x

    plus = exercise(lambda x: x + 1, [torch.ones(6)], keeps_inputs=True)
    text = plus.examine(spoils).text
    assert "changed its input `x` in place" in text and "digits" not in text


def test_some_calls_end_at_the_stub():
    def f(x):
        if x > 2:
            raise NotImplementedError
        return 2 * x

    verdict = exercise(lambda x: 2 * x, range(5)).examine(f)
    assert not verdict.attempted
    assert "not finished yet; 2 of 5 calls end at `raise NotImplementedError`.\n  f(x=3)" in verdict.text


def test_another_exception_than_the_one_asked_for():
    text = EXERCISES["cross_entropy.per_image_loss"].examine(_type_error).text
    assert "raised TypeError: no\n" in text
    assert "This call should raise ValueError." in text


def _type_error(logits, labels):
    if labels.shape not in {(len(logits),), (len(logits), 1)}:
        raise TypeError("no")
    return torch.nn.functional.cross_entropy(logits, labels.reshape(-1).long(), reduction="none")


def test_arguments_that_do_not_fit():
    sentence = "The check calls it as above: keep the stub's arguments, names and defaults."
    double = exercise(lambda x: 2 * x, [1.0])
    for wrong in (lambda: 2, lambda *, x: x, lambda x, y: x + y):
        assert sentence in double.examine(wrong).text
    inside = double.examine(lambda x: torch.zeros(2, colour="red")).text
    assert "raised TypeError" in inside and sentence not in inside


def test_the_learners_own_line_is_shown_where_the_library_raised():
    text = exercise(lambda x: x, [1.0]).examine(lambda x: statistics.mean([])).text
    assert "raised StatisticsError" in text
    assert "statistics.mean([])" in text


def test_a_label_that_does_not_fit_stands_on_a_line_of_its_own():
    text = EXERCISES["convolution.count_parameters_and_macs"].examine(lambda *a, **k: (1, 2)).text
    assert "\n  # the first layer of ResNet\n" in text


@pytest.mark.parametrize("scale", [1.0, 1e-7, 1e30, -1e-30, math.inf])
def test_rows_fit_a_line_and_are_aligned(scale):
    expected = scale * torch.linspace(1, 2, 60, dtype=torch.float64).reshape(2, 3, 10)
    for got in (expected * 1.0000001, expected + 1, torch.full_like(expected, math.nan)):
        rows = two_rows(Difference(expected, got, "['a long key']", (1, 2, 9)))
        assert len({len(row) for row in rows}) == 1
        assert len(rows[0]) + 4 <= LINE
        assert "[1, 2, " in rows[0]
