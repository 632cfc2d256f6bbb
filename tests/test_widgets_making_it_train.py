"""The figures of lesson 08: first weights through depth, and sick runs before a healthy one."""

import numpy as np
import pytest

from course_utils.widgets.depth_explorer import (
    DEPTH,
    WIDTH,
    depth_explorer,
    describe,
    draw,
    known_as,
    sizes,
)
from course_utils.widgets.sick_run_explorer import draw as draw_run
from course_utils.widgets.sick_run_explorer import sick_run_explorer

torch = pytest.importorskip("torch")
KEYS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


def through_torch(variance, nonlinearity):
    """The same layers by PyTorch, with autograd for the way back."""
    from course_utils.widgets.depth_explorer import _noise

    weights, x, gradient = (torch.from_numpy(part) for part in _noise())
    function = {"relu": torch.relu, "tanh": torch.tanh, "none": lambda y: y}[nonlinearity]
    values = []
    x = x.requires_grad_()
    for weight in weights * (variance / WIDTH) ** 0.5:
        values.append(x @ weight.T)
        x = function(values[-1])
    gradients = torch.autograd.grad(x, values, gradient)
    return ([part.square().mean().sqrt().item() for part in parts] for parts in (values, gradients))


@pytest.mark.parametrize("nonlinearity", ["relu", "tanh", "none"])
@pytest.mark.parametrize("variance", [0.25, 2.0, 128.0])
def test_sizes_are_those_of_autograd(variance, nonlinearity):
    for got, expected in zip(
        sizes(variance, nonlinearity), through_torch(variance, nonlinearity), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_each_layer_multiplies_by_the_predicted_factor_on_average():
    forward, _ = sizes(8.0, "relu")
    assert (forward[-1] / forward[0]) ** (2 / (DEPTH - 1)) == pytest.approx(8 / 2, rel=0.15)


def test_the_rules_are_named():
    assert [known_as(value) for value in (1.0, 2.0, 128.0, 3.0)] == ["Xavier", "He", "N(0, 1)", "no rule's"]
    assert "He value" in describe(2.0, "relu")


def test_the_picture_holds_what_was_computed():
    figure = draw(1.0, "relu")
    for ax, expected in zip(figure.axes, sizes(1.0, "relu"), strict=True):
        np.testing.assert_allclose(ax.lines[0].get_ydata(), expected)
        assert f"{expected[0]:.2g}" in ax.texts[0].get_text()


@pytest.mark.parametrize("wrong", [{"variance": 1000.0}, {"nonlinearity": "sigmoid"}])
def test_what_the_sliders_cannot_show_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        depth_explorer(**wrong)


def run(first, last, epochs=4):
    return [dict.fromkeys(KEYS, value) for value in np.linspace(first, last, epochs + 1)]


def test_a_run_is_drawn_before_the_healthy_one():
    runs = {"healthy": run(1.8, 0.2), "X": run(50.0, 3.0)}
    widget = sick_run_explorer(runs, num_classes=6)
    assert widget.state == {"name": "X", "epoch": 4}
    assert "Run X, epoch 4: training loss 3.00 (healthy 0.20)" in widget.alternative
    widget.controls["epoch"].value = 0
    assert "training loss 50.00 (healthy 1.80)" in widget.alternative


def test_a_loss_that_starts_high_gets_a_logarithmic_axis():
    columns = {
        name: {key: np.array([first, 1.0]) for key in KEYS} for name, first in (("healthy", 1.8), ("X", 60.0))
    }
    assert draw_run(columns, "X", 1, 6).axes[0].get_yscale() == "log"
    assert draw_run(columns, "healthy", 1, 6).axes[0].get_yscale() == "linear"


def test_a_run_that_diverged_can_still_be_drawn():
    columns = {
        name: {key: np.array([1.8, last]) for key in KEYS} for name, last in (("healthy", 1.0), ("X", np.nan))
    }
    assert draw_run(columns, "X", 1, 6).axes[0].get_ylim()[1] > 1.8


def test_without_a_healthy_run_there_is_nothing_to_compare():
    with pytest.raises(ValueError, match="healthy"):
        sick_run_explorer({"X": run(1.8, 0.2)})
