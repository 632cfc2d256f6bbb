"""What each interactive figure draws, against an oracle, in several states."""

import numpy as np
import pytest

from course_utils import widgets
from course_utils.plots import best_epoch, history_columns
from course_utils.widgets.convolution_stepper import draw as draw_step
from course_utils.widgets.filter_gallery import draw as draw_gallery
from course_utils.widgets.kernels import KERNELS, choose_kernels, cross_correlate, output_size
from course_utils.widgets.overfitting_explorer import describe as describe_run
from course_utils.widgets.overfitting_explorer import draw as draw_run
from course_utils.widgets.overfitting_explorer import verdict
from course_utils.widgets.photographs import cat, cat_eye
from course_utils.widgets.softmax_explorer import draw as draw_softmax
from course_utils.widgets.softmax_explorer import loss_and_gradient, signed, softmax

torch = pytest.importorskip("torch")
conv2d = torch.nn.functional.conv2d
LOPSIDED = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])


def all_texts(figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts] + [t.get_text() for t in figure.texts]


def axes_titled(figure, beginning):
    (found,) = [ax for ax in figure.axes if ax.get_title().startswith(beginning)]
    return found


def minus(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize(
    "kernel", [LOPSIDED, LOPSIDED.T, np.array([[2.0]])], ids=lambda kernel: str(kernel.shape)
)
def test_cross_correlation_is_that_of_torch(stride, padding, dilation, kernel):
    image = np.random.default_rng(0).random((11, 8))
    expected = conv2d(
        torch.tensor(image)[None, None], torch.tensor(kernel)[None, None],
        stride=stride, padding=padding, dilation=dilation,
    )[0, 0]  # fmt: skip
    np.testing.assert_allclose(
        cross_correlate(image, kernel, stride, padding, dilation), expected, atol=1e-12
    )
    sizes = [
        output_size(n, k, stride, padding, dilation) for n, k in zip(image.shape, kernel.shape, strict=True)
    ]
    assert tuple(sizes) == expected.shape


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit into a picture of \\(3, 3\\)"):
        cross_correlate(np.ones((3, 3)), np.ones((3, 3)), dilation=2)


@pytest.mark.parametrize("position", [0, 7, 41])
@pytest.mark.parametrize("kernel", [LOPSIDED, np.array(KERNELS["blur"])], ids=["lopsided", "blur"])
def test_the_stepper_shows_products_sum_and_the_output_so_far(kernel, position):
    image = np.round(np.random.default_rng(1).random((8, 9)), 2)
    output = conv2d(torch.tensor(image)[None, None], torch.tensor(kernel)[None, None])[0, 0].numpy()
    row, column = np.unravel_index(position, output.shape)
    figure = draw_step(image, kernel, position, "mine")
    window = image[row : row + kernel.shape[0], column : column + kernel.shape[1]]
    for title, values in (
        ("pixels in the frame", window), ("kernel", kernel), (f"{kernel.size} products", window * kernel)
    ):  # fmt: skip
        numbers = [minus(text.get_text()) for text in axes_titled(figure, title).texts[: kernel.size]]
        np.testing.assert_allclose(numbers, values.ravel(), atol=5.1e-4)
    (result,) = [text for text in all_texts(figure) if text.startswith(f"out[{row}")]
    assert result.startswith(f"out[{row}, {column}] = ")
    assert minus(result.split("= ")[1]) == pytest.approx(output[row, column], abs=5.1e-4)

    drawn_image = axes_titled(figure, "Image")
    assert drawn_image.patches[0].get_bbox().bounds == (column - 0.5, row - 0.5, *kernel.shape[::-1])
    drawn_output = axes_titled(figure, f"Output: pixel {position + 1} of {output.size}")
    rest_of_row, rows_below, pixel = drawn_output.patches
    assert pixel.get_bbox().bounds == (column - 0.5, row - 0.5, 1, 1)
    assert rest_of_row.get_width() == output.shape[1] - column - 1
    assert rows_below.get_height() == output.shape[0] - row - 1


def test_the_stepper_does_not_flip_the_kernel():
    kernel = np.array([[0.0, 0.0], [0.0, 1.0]])
    image = np.array([[0.1, 0.2], [0.3, 0.4]])
    assert "out[0, 0] = 0.4" in all_texts(draw_step(image, kernel, 0))


def test_a_rounded_sum_says_so():
    image = np.full((3, 3), 0.5)
    texts = all_texts(draw_step(image, np.full((3, 3), 1 / 9), 0))
    assert "out[0, 0] ≈ 0.5" in texts  # nine times 0.056 is 0.504


def test_the_stepper_multiplies_what_it_prints():
    for image in (
        None,
        torch.rand(3, 40, 30),
        np.random.default_rng(0).integers(0, 256, (9, 9), dtype=np.uint8),
    ):
        figure = widgets.convolution_stepper(image)
        drawn = figure._draw(**figure.state)
        pixels = np.asarray(axes_titled(drawn, "Image").images[0].get_array())
        assert max(pixels.shape) <= 18
        np.testing.assert_array_equal(pixels, np.round(pixels, 2))


def test_the_slider_of_the_stepper_follows_the_size_of_the_kernel():
    figure = widgets.convolution_stepper(kernel=np.ones((5, 5)) / 25)
    kernel, position = figure.controls["kernel"], figure.controls["position"]
    assert position.max == 10 * 14 - 1
    kernel.value = "blur"
    assert position.max == 12 * 16 - 1
    position.value = position.max
    kernel.value = "your kernel"
    assert position.value == position.max == 10 * 14 - 1
    assert "pixel 140 of 140" in figure.alternative


@pytest.mark.parametrize("state", [(1, 0, 1), (2, 3, 1), (3, 0, 4), (4, 12, 2)])
def test_the_gallery_shows_output_size_and_formula(state):
    image, (stride, padding, dilation) = cat(), state
    expected = conv2d(
        torch.tensor(image)[None, None], torch.tensor(LOPSIDED)[None, None],
        stride=stride, padding=padding, dilation=dilation,
    )[0, 0].numpy()  # fmt: skip
    figure = draw_gallery(image, LOPSIDED, *state)
    height, width = expected.shape
    output = axes_titled(figure, f"Output: {height} × {width} pixels")
    np.testing.assert_allclose(output.images[0].get_array(), expected, atol=1e-12)
    texts = all_texts(figure)
    for side, size, taps, result in (("height", 128, 2, height), ("width", 160, 3, width)):
        formula = f"{side} = ⌊({size} + 2 · {padding} − {dilation} · ({taps} − 1) − 1) / {stride}⌋ + 1"
        (line,) = [text for text in texts if text.startswith(formula)]
        assert line.endswith(f"= {result}")
    taps = axes_titled(figure, "Which pixels").patches
    corners = {tuple(np.round(np.add(tap.get_xy(), tap.get_width() / 2), 6)) for tap in taps}
    now = {(dilation * j, dilation * i) for i in range(2) for j in range(3)}
    assert corners == now | {(x + stride, y) for x, y in now}


def test_the_gallery_keeps_the_size_of_a_pixel():
    figure = draw_gallery(cat(), LOPSIDED, 4, 0, 1)
    widths = {
        round(abs(np.diff(ax.get_xlim())[0]), 6)
        for ax in figure.axes
        if ax.get_title()[:5] in ("Input", "Outpu")
    }
    assert len(widths) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: choose_kernels("sobel"), "no kernel is called 'sobel'; there are identity"),
        (lambda: choose_kernels(np.ones((6, 2))), "at most 5 × 5, not (6, 2)"),
        (lambda: choose_kernels(torch.ones(2, 1, 3, 3)), "one channel"),
        (lambda: widgets.filter_gallery(np.zeros((8, 80))), "too small: this figure needs 9 pixels"),
        (lambda: widgets.convolution_stepper(np.zeros((2, 8))), "does not fit into the picture (2, 8)"),
        (lambda: widgets.softmax_explorer([1, 2], ["a", "b"]), "3 or 4 logits"),
        (lambda: widgets.softmax_explorer([1, 2, 3], ["a", "b", "b"]), "different names"),
        (lambda: widgets.softmax_explorer([1, 2, 9], ["a", "b", "c"]), "between −5 and 5"),
        (lambda: widgets.softmax_explorer(true_class=4), "from 0 to 3, not 4"),
        (lambda: widgets.overfitting_explorer([]), "holds no epochs"),
        (lambda: widgets.overfitting_explorer(run([1.0], [float("nan")])), "diverged"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    assert words in str(caught.value)


def test_a_kernel_of_a_layer_is_taken_as_it_is():
    weight = torch.nn.Conv2d(1, 1, 3).weight
    kernels, first = choose_kernels(weight)
    np.testing.assert_allclose(kernels[first], weight.detach()[0, 0])
    assert choose_kernels(None)[1] in KERNELS


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("logits", [[2.0, 1.0, -1.0, 0.5], [5.0, -5.0, 4.9], [1e4, -1e4, 0.0]])
def test_loss_and_gradient_are_those_of_autograd(logits, temperature):
    for true_class in range(len(logits)):
        z = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
        expected = torch.nn.functional.cross_entropy(z[None] / temperature, torch.tensor([true_class]))
        expected.backward()
        loss, gradient = loss_and_gradient(logits, true_class, temperature)
        assert loss == pytest.approx(expected.item())
        np.testing.assert_allclose(gradient, z.grad, atol=1e-12)
        np.testing.assert_allclose(
            softmax(logits, temperature), (z / temperature).softmax(0).detach(), atol=1e-12
        )


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_softmax_explorer_draws_p_minus_y(temperature):
    logits, classes, true_class = [2.0, 1.0, -1.0], ["a", "b", "c"], 1
    p = softmax(logits, temperature)
    target = np.eye(3)[true_class]
    figure = draw_softmax(logits, classes, true_class, temperature)
    bars = axes_titled(figure, "Probabilities")
    np.testing.assert_allclose([bar.get_height() for bar in bars.patches[:3]], p)
    arrows = [(note.xyann[1], note.xy[1]) for note in bars.texts]
    np.testing.assert_allclose(
        arrows, np.stack([target, p], axis=1)
    )  # each from its target to its probability
    gradient = axes_titled(figure, "Gradient")
    np.testing.assert_allclose([note.xy[1] for note in gradient.texts], (p - target) / temperature)
    labels = [label.get_text() for label in gradient.get_xticklabels()]
    assert labels == [
        f"{name}\n{signed(g)}"
        for name, g in zip(["a", "b (true)", "c"], (p - target) / temperature, strict=True)
    ]
    assert ("/ T with T = 2.00" in gradient.get_title()) == (temperature == 2)
    loss = -np.log(p[true_class])
    (box,) = [text for text in all_texts(figure) if text.startswith("loss = ")]
    assert f"= {loss:.3f} nats" in box and f"= {loss / np.log(2):.3f} bits" in box


def test_arrows_that_are_nothing_are_not_drawn():
    figure = draw_softmax([5.0, -5.0, -5.0], ["a", "b", "c"], 0, 0.5)
    assert not axes_titled(figure, "Gradient").texts


def test_a_gradient_of_nothing_has_no_sign():
    assert [signed(x) for x in (0.0, -0.001, 0.004, -0.5, 1.0)] == ["0.00", "0.00", "0.00", "−0.50", "+1.00"]


def run(train, val):
    return [
        {"train_loss": a, "train_accuracy": 1 - a / 4, "val_loss": b, "val_accuracy": 1 - b / 4}
        for a, b in zip(train, val, strict=True)
    ]


COLUMNS = history_columns(run([2.0, 1.0, 0.6, 0.4, 0.3, 0.2], [2.2, 1.5, 1.3, 1.3, 1.6, 1.9]))


@pytest.mark.parametrize("epoch", [1, 3, 6])
def test_the_overfitting_explorer_marks_epoch_gap_and_best_epoch(epoch):
    figure = draw_run(COLUMNS, epoch)
    for ax, metric in zip(figure.axes, ("loss", "accuracy"), strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        np.testing.assert_allclose(lines["training"].get_ydata(), COLUMNS[f"train_{metric}"][:epoch])
        np.testing.assert_allclose(lines["validation"].get_ydata(), COLUMNS[f"val_{metric}"][:epoch])
        assert list(lines["lowest validation loss: epoch 3"].get_xdata()) == [3, 3]
        assert list(lines[f"epoch {epoch}"].get_xdata()) == [epoch, epoch]
        size = abs(COLUMNS[f"train_{metric}"][epoch - 1] - COLUMNS[f"val_{metric}"][epoch - 1])
        shown = f"gap {size:.2f} nats" if metric == "loss" else f"gap {100 * size:.0f} points"
        assert [text.get_text() for text in ax.texts] == [shown]
    assert describe_run(COLUMNS, epoch).endswith(verdict(COLUMNS, epoch))


def test_the_verdict_does_not_look_ahead_nor_call_noise_overfitting():
    assert verdict(COLUMNS, 2) == "So far this is the best epoch: go on."
    assert "may still be noise" in verdict(COLUMNS, 5)
    assert verdict(COLUMNS, 6) == (
        "Since epoch 3 the training loss fell by 0.40 and the validation loss rose by 0.60: "
        "the model overfits."
    )
    rising = history_columns(run([1.0, 1.5, 2.0, 3.0, 4.0], [1.0, 1.6, 2.0, 3.0, 4.0]))
    assert "not overfitting" in verdict(rising, 5)


def test_a_run_that_diverges_late_can_be_drawn():
    nan = float("nan")
    columns = history_columns(run([2.0, 1.0, nan, nan], [2.0, 1.5, float("inf"), nan]))
    for epoch in (1, 2, 3, 4):
        draw_run(columns, epoch)
    assert "diverged" in verdict(columns, 4)
    assert "lowest at epoch 2" in describe_run(columns, 4)


def test_the_best_epoch_is_the_first_of_equals():
    assert best_epoch(COLUMNS["val_loss"]) == 3


def test_the_photographs_are_those_of_scikit_image():
    assert cat_eye().shape == (14, 18)
    assert (cat_eye().min(), cat_eye().max()) == (0, 1)
    assert cat().shape == (128, 160)
    assert 0 <= cat().min() < cat().max() <= 1
