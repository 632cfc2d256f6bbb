"""Which values count as equal, and what is said where they do not."""

import numpy as np
import pytest
import torch

from course_utils.checks.compare import Tolerance, find_difference

CLOSE = Tolerance()


@pytest.mark.parametrize(
    "expected, got",
    [
        (4, 4),
        (4, np.int64(4)),
        (4, torch.tensor(4)),
        (0.5, 0.5),
        (0.5, np.float32(0.5)),
        (0.5, torch.tensor(0.5, dtype=torch.float64)),
        (1.0, 1),
        (True, np.True_),
        (torch.ones(2, 3), torch.ones(3, 2).T),
        (torch.ones(2, 3), np.ones((2, 3))),
        (torch.ones(2, 3), torch.ones(2, 3, dtype=torch.float64)),
        (torch.ones(2, requires_grad=True), torch.ones(2)),
        ((1, 2), [1, 2]),
        ((1, 2), torch.tensor([1, 2])),
        ((1, 2), torch.Size([1, 2])),
        ({"a": 1, "b": torch.ones(2)}, {"b": torch.ones(2), "a": 1}),
        (float("inf"), float("inf")),
        (None, None),
        ("text", "text"),
    ],
)
def test_equal(expected, got):
    assert find_difference(expected, got, CLOSE) is None


@pytest.mark.parametrize(
    "expected, got, remark",
    [
        (4, 4.0, "Expected a whole number (an int), got a float."),
        (4, 5, ""),
        (4, True, "Expected numbers, got bool."),
        (True, 1, "Expected True or False, got int64."),
        (0.5, torch.tensor([0.5]), "Expected a single number, yours has the shape (1,)."),
        (0.5, None, "Your function returned None: is there a `return` at its end?"),
        (0.5, "0.5", "Expected a number, got a str."),
        (torch.ones(3), torch.ones(3, 1), "The shape should be (3,), yours is (3, 1)."),
        (torch.ones(3), [1.0, 1.0, 1.0], "Expected a tensor, got a list."),
        (torch.ones(3), torch.tensor([1.0, float("nan"), 1.0]), ""),
        (torch.zeros(3), torch.full((3,), 1e-3), ""),
        ((1, 2), (1, 2, 3), "Expected 2 values, got 3."),
        ((1, 2), 1, "Expected 2 values, in a tuple or list."),
        ({"a": 1}, {"b": 1}, "The keys should be ['a']."),
        ({"a": 1}, 1, "Expected a dictionary: ['a']."),
        ("text", "other", ""),
    ],
)
def test_different(expected, got, remark):
    difference = find_difference(expected, got, CLOSE)
    assert difference is not None
    assert difference.remark == remark


def test_the_place_is_told():
    difference = find_difference(
        {"pair": (0, torch.zeros(2, 3))}, {"pair": (0, torch.eye(2, 3))}, Tolerance()
    )
    assert (difference.path, difference.index) == ("['pair'][1]", (0, 0))
