"""The two figures of lesson 05 against PyTorch's optimizers and against the roots of the recursion."""

import numpy as np
import pytest
import torch

from course_utils import widgets
from course_utils.widgets import stability_map, valley_race
from course_utils.widgets.stability_map import behaviour, keeps, walk
from course_utils.widgets.stability_map import describe as describe_map
from course_utils.widgets.stability_map import draw as draw_map
from course_utils.widgets.valley_race import describe as describe_race
from course_utils.widgets.valley_race import draw as draw_race
from course_utils.widgets.valley_race import hessian, losses, paths

VALLEY = {"kappa": 30, "angle": 25, "lr": 1.1, "momentum": 0.7, "adam_lr": 0.3}


def by_torch(make, start, matrix, steps):
    w = torch.nn.Parameter(torch.tensor(start))
    optimizer, matrix = make([w]), torch.tensor(matrix)
    places = [w.detach().clone()]
    for _ in range(steps):
        w.grad = matrix @ w.detach()
        optimizer.step()
        places.append(w.detach().clone())
    return torch.stack(places).numpy()


def test_the_racers_step_as_pytorch_does():
    found, matrix = paths(**VALLEY, steps=50), hessian(30, 25)
    makers = {
        "SGD": lambda w: torch.optim.SGD(w, lr=1.1),
        "momentum": lambda w: torch.optim.SGD(w, lr=1.1, momentum=0.7),
        "Adam": lambda w: torch.optim.Adam(w, lr=0.3),
    }
    assert set(found) == set(makers)
    for name, make in makers.items():
        np.testing.assert_allclose(found[name], by_torch(make, found[name][0], matrix, 50), atol=1e-10)


def test_the_valley_has_the_curvatures_it_claims():
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian(100, 40)), [0.01, 1.0])
    np.testing.assert_allclose(losses(np.array([[2.0, 3.0]]), np.eye(2)), [6.5])


def test_who_flies_out_is_said_and_not_drawn_for_ever():
    text = describe_race(kappa=30, angle=0, lr=2.2, momentum=0.5, adam_lr=0.3)
    assert "SGD has flown out" in text and "momentum has flown out" not in text
    figure = draw_race(kappa=30, angle=0, lr=2.2, momentum=0.5, adam_lr=0.3)
    drawn = next(line for line in figure.axes[0].lines if line.get_label() == "SGD")
    assert np.abs(drawn.get_xydata()).max() < 60
    assert figure.axes[1].get_title() == "The limit: η < 2 without, 3.0 with momentum"


@pytest.mark.parametrize("lr", [0.1, 0.9, 1.9, 2.1, 3.1, 4.2])
@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
def test_the_map_shows_the_size_of_the_largest_root(lr, momentum):
    largest = np.abs(np.roots([1, -(1 + momentum - lr), momentum])).max()
    assert float(keeps(lr, momentum)) == pytest.approx(largest, abs=1e-9)
    assert (largest > 1) == (behaviour(lr, momentum) == "it flies out") == (lr > 2 * (1 + momentum))


def test_the_walk_is_that_of_pytorch():
    expected = by_torch(lambda w: torch.optim.SGD(w, lr=0.6, momentum=0.9), np.array([1.0]), np.eye(1), 30)
    np.testing.assert_allclose(walk(0.6, 0.9, 30), expected[:, 0], atol=1e-12)


def test_what_the_map_says_and_draws():
    assert "The limit for this momentum is ηλ = 3.80." in describe_map(0.6, 0.9)
    figure = draw_map(3.9, 0.9)
    assert figure.axes[1].get_title() == "It flies out"
    assert any(line.get_label() == "beyond ±3" for line in figure.axes[1].lines)
    assert draw_map(1.0, 0.0).axes[1].get_title() == "It dies out without swinging"


@pytest.mark.parametrize("make", [stability_map, valley_race], ids=["stability_map", "valley_race"])
def test_they_are_interactive_figures(make):
    figure = make()
    assert isinstance(figure, widgets.InteractiveFigure)
    before = figure.alternative
    figure.controls["momentum"].value = 0.5
    assert figure.alternative != before
