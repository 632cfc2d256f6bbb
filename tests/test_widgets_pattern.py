"""The pattern of the interactive figures, with whichever ipywidgets (7.7 or 8) is installed."""

import json
import os
import subprocess
import sys
import textwrap

import ipywidgets
import matplotlib.pyplot as plt
import matplotlib.text
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_utils import widgets
from course_utils.widgets.pattern import WIDGET_VIEW, InteractiveFigure, slider

HISTORY = [
    {"train_loss": a, "train_accuracy": 1 - a / 3, "val_loss": b, "val_accuracy": 1 - b / 3}
    for a, b in [(2.0, 2.1), (1.2, 1.5), (0.7, 1.4), (0.3, 1.6)]
]
WITH_DATA = {
    "loading_time": lambda: widgets.loading_time({"read": 1.0, "decode": 4.0, "resize": 2.0, "crop": 0.5}),
    "overfitting_explorer": lambda: widgets.overfitting_explorer(HISTORY),
    "sick_run_explorer": lambda: widgets.sick_run_explorer(
        {"healthy": HISTORY, "A": HISTORY[::-1], "B": [HISTORY[0]] * 4}
    ),
}
MAKE = {name: WITH_DATA.get(name) or getattr(widgets, name) for name in widgets.__all__ if name.islower()}


def another_value(control):
    """A value of this control that it does not have now."""
    if hasattr(control, "options"):
        return next(
            option
            for option in control.options
            if option not in (control.value, control.label, (control.label, control.value))
        )
    if isinstance(control, ipywidgets.FloatLogSlider):
        return control.value * 2
    return control.value + control.step if control.value < control.max else control.value - control.step


@pytest.mark.parametrize("name", MAKE)
def test_every_control_changes_picture_and_text_alternative(name):
    figure = MAKE[name]()
    for label, control in figure.controls.items():
        picture, text = bytes(figure.image.value), figure.alternative
        value = another_value(control)
        control.value = value[1] if isinstance(value, tuple) else value
        assert bytes(figure.image.value).startswith(b"\x89PNG"), label
        assert bytes(figure.image.value) != picture, label
        assert figure.alternative != text, label
        assert figure.alternative[:40] in figure._caption.value.replace("&#x27;", "'"), label


@pytest.mark.parametrize("name", MAKE)
def test_the_bundle_has_the_live_view_the_still_picture_and_the_text(name):
    figure = MAKE[name]()
    data, metadata = figure._repr_mimebundle_()
    assert set(data) == {WIDGET_VIEW, "image/png", "text/plain"}
    assert data[WIDGET_VIEW]["model_id"] == figure.view.model_id
    assert data["image/png"].startswith(b"\x89PNG") and len(data["image/png"]) < 100_000
    assert data["text/plain"] == metadata["image/png"]["alt"] == figure.alternative
    json.dumps(data[WIDGET_VIEW])


@pytest.mark.parametrize("name", MAKE)
def test_the_text_alternative_is_the_same_every_time_and_one_line(name):
    first, second = MAKE[name](), MAKE[name]()
    assert first.view.model_id != second.view.model_id
    assert repr(first) == repr(second)
    assert "\n" not in repr(first) and repr(first).endswith(".") and "object at" not in repr(first)


@pytest.mark.parametrize("name", MAKE)
def test_all_text_is_at_least_8_points(name):
    figure = MAKE[name]()
    drawn = figure._draw(**figure.state)
    FigureCanvasAgg(drawn).draw()
    shown = [
        text for text in drawn.findobj(matplotlib.text.Text) if text.get_text().strip() and text.get_visible()
    ]
    assert min(text.get_fontsize() for text in shown) >= 8
    assert all(ax.get_title() or not ax.axison or ax.get_label() == "<colorbar>" for ax in drawn.axes)


@pytest.mark.parametrize("name", MAKE)
def test_nothing_that_is_drawn_leaves_the_figure(name):
    figure = MAKE[name]()
    for position in ("start", "end"):
        for control in figure.controls.values():
            if hasattr(control, "max") and not isinstance(control, ipywidgets.FloatLogSlider):
                control.value = control.min if position == "start" else control.max
        drawn = figure._draw(**figure.state)
        FigureCanvasAgg(drawn).draw()
        box = drawn.get_tightbbox()  # in inches
        width, height = drawn.get_size_inches()
        assert min(box.x0, box.y0) >= 0 and box.x1 <= width and box.y1 <= height, (position, box)


def test_figures_of_pyplot_are_closed():
    def draw(x):
        figure, ax = plt.subplots()
        ax.set_title(str(x))
        return figure

    open_before = plt.get_fignums()
    figure = InteractiveFigure(draw, lambda x: f"x is {x}.", {"x": slider("x", 1, 0, 9)})
    for value in (2, 3, 4):
        figure.controls["x"].value = value
    assert plt.get_fignums() == open_before


def test_the_picture_is_described_without_being_taken_for_html():
    figure = InteractiveFigure(
        lambda x: Figure(), lambda x: f"<b>{x}</b> & so on.", {"x": slider("x", 1, 0, 9)}
    )
    assert "&lt;b&gt;1&lt;/b&gt; &amp; so on." in figure._caption.value
    assert repr(figure) == "<b>1</b> & so on."


def test_the_picture_has_no_tooltip_because_jupyterlab_fails_to_show_one():
    figure = MAKE["softmax_explorer"]()
    figure.controls["z0"].value = -1.0
    assert getattr(figure.image, "tooltip", None) is None


def test_the_frame_of_the_package_needs_no_torch():
    code = """
        import sys
        from course_utils import widgets
        widgets.convolution_stepper(), widgets.softmax_explorer()
        data = {name for name in sys.modules if name.startswith("course_utils.data.")}
        assert data <= {"course_utils.data.hierarchy", "course_utils.data.wordnet"}
        assert "torch" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=120)


NOTEBOOK_CELLS = {
    "convolution_stepper": "widgets.convolution_stepper()",
    "filter_gallery": "widgets.filter_gallery()",
    "softmax_explorer": "widgets.softmax_explorer()",
    "overfitting_explorer": f"widgets.overfitting_explorer({HISTORY!r})",
}


@pytest.fixture(scope="module")
def executed_notebook(tmp_path_factory):
    """A notebook with every figure, executed; its path."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    cells = ["from course_utils import widgets", *NOTEBOOK_CELLS.values()]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    notebook.metadata.pop("widgets", None)  # as in a committed notebook
    path = tmp_path_factory.mktemp("widgets") / "figures.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.mark.parametrize("live_view", ["stored", "left out"])
def test_nbval_accepts_the_figures_again(executed_notebook, tmp_path, live_view):
    """Also without the live view, which a notebook that is only read does better without."""
    pytest.importorskip("nbval")
    notebook = json.loads(executed_notebook.read_text(encoding="utf-8"))
    if live_view == "left out":
        for cell in notebook["cells"][1:]:
            del cell["outputs"][0]["data"][WIDGET_VIEW]
    path = tmp_path / "figures.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
         "--rootdir", str(tmp_path), str(path)],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


def test_static_html_shows_the_still_pictures_with_their_sentences(executed_notebook):
    nbconvert = pytest.importorskip("nbconvert")
    for template in ("lab", "classic"):
        page, _ = nbconvert.HTMLExporter(template_name=template).from_filename(str(executed_notebook))
        assert page.count("data:image/png;base64,") >= len(NOTEBOOK_CELLS)
    assert "loss 0.495 nats" in page  # as the alt text: only the classic template of nbconvert uses it
    assert "No description has been provided" not in page
