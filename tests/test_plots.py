"""The drawing functions: what is drawn equals what was given, and wrong input is named."""

import io
from dataclasses import dataclass

import matplotlib
import numpy as np
import pytest
import skimage.data
from PIL import Image

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.plots.images import to_picture
from course_utils.plots.matrices import as_text
from course_utils.plots.picture import smaller_png, to_png

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def run_of(losses):
    return [
        {"train_loss": loss / 2, "train_accuracy": 0.9, "val_loss": loss, "val_accuracy": 0.5}
        for loss in losses
    ]


CALLS = {
    "show_image": lambda ax: plots.show_image(torch.rand(3, 8, 6), "t", ax=ax),
    "show_images": lambda ax: plots.show_images(torch.rand(5, 1, 8, 6), title="t", ax=ax),
    "compare_images": lambda ax: plots.compare_images({"a": torch.rand(4, 5)}, title="t", ax=ax),
    "show_filters": lambda ax: plots.show_filters(torch.eye(9).view(9, 1, 3, 3), title="t", ax=ax),
    "show_matrix": lambda ax: plots.show_matrix(torch.rand(2, 3), "t", ax=ax),
    "plot_confusion": lambda ax: plots.plot_confusion([[3, 1], [0, 2]], ["a", "b"], ax=ax),
    "plot_curves": lambda ax: plots.plot_curves(run_of([2, 1]), ax=ax),
}


@pytest.mark.parametrize("name", CALLS)
def test_draws_on_the_axes_it_is_given_and_on_new_ones_otherwise(name):
    mine = Figure().subplots()
    assert CALLS[name](mine) is mine
    assert not plt.get_fignums()
    new = CALLS[name](None)
    assert plt.get_fignums() and new.figure.number in plt.get_fignums()
    assert mine.get_title() == new.get_title() != ""


@pytest.mark.parametrize("name", CALLS)
def test_all_text_is_at_least_8_points(name):
    ax = CALLS[name](None)
    ax.figure.canvas.draw()
    shown = [
        text for text in ax.figure.findobj(matplotlib.text.Text) if text.get_text() and text.get_visible()
    ]
    assert shown
    assert min(text.get_fontsize() for text in shown) >= 8


def test_a_photograph_is_the_same_in_every_form():
    colour = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    expected = colour / 255
    tensor = torch.from_numpy(colour).permute(2, 0, 1)
    for form in (colour, tensor, tensor / 255, expected, (tensor / 255).bfloat16().requires_grad_()):
        np.testing.assert_allclose(to_picture(form), expected, atol=0.01)
    grey = torch.rand(1, 4, 5)
    np.testing.assert_allclose(to_picture(grey), grey[0].numpy())
    mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.1])
    normalised = (tensor / 255 - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(to_picture(normalised, mean, std), expected, atol=1e-5)
    np.testing.assert_allclose(to_picture((grey - 0.4) / 0.2, [0.4], [0.2]), grey[0].numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plots.show_image(torch.randn(3, 8, 8) * 9), "pass mean= and std="),
        (lambda: plots.show_image(torch.full((8, 8), torch.nan)), "pixel values run from nan"),
        (lambda: plots.show_image(torch.rand(2, 3, 8, 8)), "use show_images"),
        (lambda: plots.show_images(torch.rand(3, 8, 8)), "for one picture use show_image"),
        (lambda: plots.show_images([]), "no pictures"),
        (lambda: plots.show_images(torch.rand(2, 1, 4, 4), ["one"]), "1 titles for 2 pictures"),
        (lambda: plots.compare_images({"edges": -torch.rand(3, 4, 4)}), "'edges' has three channels"),
        (lambda: plots.show_filters(torch.rand(3, 3)), "out_channels, in_channels"),
        (lambda: plots.show_matrix(torch.rand(2, 2, 2)), "choose one channel"),
        (lambda: plots.plot_confusion(np.eye(3), ["a", "b"]), "2 classes need a 2 × 2 matrix"),
        (lambda: plots.plot_confusion(np.zeros((2, 2)), ["a", "b"]), "at least one image"),
        (lambda: plots.plot_curves([]), "holds no epochs"),
        (lambda: plots.plot_curves(run_of([1]), "f1"), "not 'f1'"),
        (lambda: plots.plot_curves([{"train_loss": 1.0}]), "epoch 1 of the history has no 'train_accuracy'"),
        (lambda: plots.best_epoch([float("nan")]), "the run diverged"),
    ],
)
def test_wrong_input_is_named_with_the_remedy(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    assert words in str(caught.value)


def test_show_images_draws_each_picture_once_with_its_title_and_frame():
    pictures = [torch.rand(3, 4, 6), torch.rand(1, 9, 5), torch.rand(7, 7)]
    ax = plots.show_images(pictures, ["a", "b", "c"], columns=2, wrong=[False, True, False])
    assert texts(ax) == ["a", "b", "c"]
    for drawn, given in zip(ax.images, pictures, strict=True):
        np.testing.assert_allclose(np.asarray(drawn.get_array()), to_picture(given), atol=1e-6)
        left, right, bottom, top = drawn.get_extent()
        assert (bottom - top) / (right - left) == pytest.approx(given.shape[-2] / given.shape[-1])
    assert len(ax.patches) == 1
    left, right, bottom, top = ax.images[1].get_extent()
    assert ax.patches[0].get_xy() == pytest.approx((left, top))
    extents = [image.get_extent() for image in ax.images]
    assert extents[0][1] <= extents[1][0] and max(extents[0][2], extents[1][2]) <= extents[2][3]


def test_compare_images_names_the_scale_of_a_signed_picture():
    ax = plots.compare_images({"photo": torch.rand(4, 4), "edges": torch.tensor([[-2.0, 0.0, 2.0]])})
    assert texts(ax) == ["photo", "edges (±2)"]
    low, zero, high = np.asarray(ax.images[1].get_array())[0]
    np.testing.assert_allclose(zero, 1, atol=0.01)
    assert low[2] > low[0] and high[0] > high[2]  # blue below zero, vermillion above


@pytest.mark.parametrize(("channels", "pictures"), [(1, 5), (3, 5), (4, 20)])
def test_show_filters_shows_every_filter_of_every_depth(channels, pictures):
    weight = torch.randn(5, channels, 3, 2)
    ax = plots.show_filters(weight)
    assert len(ax.images) == pictures
    assert f"{weight.abs().max():.2g}" in ax.get_title()


def test_show_matrix_writes_the_numbers_and_frames_the_window():
    values = torch.tensor([[0.5, -1.0, float("nan")], [0.125, 2.0, -0.001]])
    ax = plots.show_matrix(values, highlight=[(0, 1, 2, 2)])
    assert texts(ax) == ["0.5", "−1", "0.12", "2", "0"]
    assert ax.patches[0].get_bbox().bounds == (0.5, -0.5, 2, 2)
    assert texts(plots.show_matrix(values, annotate=False)) == []


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.10, 2, "0.1"), (100, 2, "100"), (-0.004, 2, "0"), (20, 0, "20"), (-3.14159, 3, "−3.142")],
)
def test_numbers_are_short_but_whole(value, digits, text):
    assert as_text(value, digits) == text


def test_plot_confusion_has_true_classes_in_rows():
    ax = plots.plot_confusion([[3, 1], [0, 2]], ["cat", "dog"])
    assert {(t.get_position(), t.get_text()) for t in ax.texts} == {
        ((0, 0), "3"),
        ((1, 0), "1"),
        ((1, 1), "2"),
    }
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert ax.get_title() == "5 of 6 images right (83%)"


def test_plot_curves_draws_the_history_and_marks_the_lowest_validation_loss():
    losses = [3.0, float("nan"), 1.0, 1.0, 2.0]
    ax = plots.plot_curves(run_of(losses))
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["validation"].get_ydata(), losses)
    np.testing.assert_allclose(lines["training"].get_ydata(), np.array(losses) / 2)
    np.testing.assert_allclose(lines["training"].get_xdata(), [1, 2, 3, 4, 5])
    best = lines["lowest validation loss: epoch 3"]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (3, 1.0)
    assert ax.get_ylabel() == "loss (nats per image)"


def test_plot_curves_compares_runs_and_takes_objects():
    @dataclass
    class Epoch:
        train_loss: float = 1.0
        train_accuracy: float = 0.5
        val_loss: float = 1.2
        val_accuracy: float = 0.4

    ax = plots.plot_curves({"linear": [Epoch()], "CNN": [Epoch(), Epoch(val_accuracy=0.8)]}, "accuracy")
    assert [line.get_label() for line in ax.lines] == [
        "linear, training", "linear, validation", "CNN, training", "CNN, validation",
    ]  # fmt: skip
    np.testing.assert_allclose(ax.lines[3].get_ydata(), [0.4, 0.8])
    assert ax.lines[2].get_color() == ax.lines[3].get_color() != ax.lines[1].get_color()


def test_with_text_shows_the_picture_and_the_sentence_and_closes_the_figure():
    picture = plots.with_text(plots.show_image(torch.rand(3, 8, 8), "noise"), "  Coloured\n noise. ")
    assert not plt.get_fignums()
    data, metadata = picture._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == repr(picture) == metadata["image/png"]["alt"] == "Coloured noise."
    with pytest.raises(ValueError, match="text alternative is empty"):
        plots.with_text(Figure(), " ")


def test_a_smaller_png_shows_the_same():
    ax = plots.show_image(skimage.data.chelsea(), "a cat")
    ax.plot([20, 400], [20, 250], color=plots.OKABE_ITO["green"], linewidth=4)
    png = to_png(ax.figure)
    small = smaller_png(png)
    assert len(small) < 0.7 * len(png)
    before, after = (
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float) for data in (png, small)
    )
    assert np.abs(before - after).mean() < 4
    np.testing.assert_array_equal(after[0, 0], 255)  # the ground stays white
    green = np.all(before == [0x00, 0x9E, 0x73], axis=-1)
    assert green.any()
    assert np.abs(before - after)[green].mean() < 12
