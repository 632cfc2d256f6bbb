"""What the checks of lesson 04 say to answers that no fixed wrong answer could stand for."""

import pytest
import torch
import torch.nn.functional as F

from course_utils.checks.cross_entropy import check

FRESH = 20261121
ENDS = "the end of your search range"
COARSE = "right valley, but too coarse"


def best_of(temperatures):
    def answer(logits, labels):
        losses = [F.cross_entropy(logits.double() / t, labels).item() for t in temperatures]
        return temperatures[losses.index(min(losses))]

    return answer


def says(name, answer, seed):
    return check.exercises[name].examine(answer, seed).text


@pytest.mark.parametrize("seed", [0, FRESH])
class TestTemperature:
    @pytest.mark.parametrize("steps", [100, 400])
    def test_a_coarse_grid_is_told_so(self, seed, steps):
        text = says("fit_temperature", best_of(torch.linspace(0.05, 20, steps).tolist()), seed)
        assert COARSE in text
        assert "best factor" not in text

    @pytest.mark.parametrize("low,high", [(1, 20), (0.5, 20), (0.05, 10), (0.05, 5)])
    def test_the_end_of_the_range_is_told(self, seed, low, high):
        grid = torch.logspace(0, 1, 500, dtype=torch.float64)
        text = says("fit_temperature", best_of((low * (high / low) ** grid.log10()).tolist()), seed)
        assert ENDS in text
        assert "Accuracy" not in text

    def test_a_constant_is_told_so(self, seed):
        assert "whatever the logits" in says("fit_temperature", lambda z, y: 2.0, seed)


@pytest.mark.parametrize("given", ["impossible", ["possible"], None, 3])
def test_four_logs_want_a_dictionary(given):
    assert "Return a dictionary" in says("published_log", lambda: given, 0)
