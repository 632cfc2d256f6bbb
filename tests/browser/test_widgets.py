"""Each interactive figure in a real JupyterLab: it is alive, and its picture follows the keyboard.

Set COURSE_SCREENSHOTS to a folder to get a picture of each.
"""

import os
from pathlib import Path

import pytest

from course_utils import widgets

WITH_DATA = {
    "loading_time": 'loading_time({"read": 1.0, "decode": 4.0, "resize": 2.0, "crop": 0.5})',
    "overfitting_explorer": """overfitting_explorer([
    {"train_loss": 2 / n, "train_accuracy": 1 - 0.9 / n, "val_loss": 1 / n + 0.15 * n, "val_accuracy": 0.7}
    for n in range(1, 13)
])""",
    "sick_run_explorer": """rows = [
    {"train_loss": 2 / n, "train_accuracy": 1 - 0.9 / n, "val_loss": 2.5 / n, "val_accuracy": 1 - 0.95 / n}
    for n in range(1, 9)
]
sick_run_explorer({"healthy": rows, "A": rows[::-1]})""",
}
CELLS = {name: WITH_DATA.get(name, f"{name}()") for name in widgets.__all__ if name.islower()}
AT_ITS_END = ("overfitting_explorer", "sick_run_explorer")  # where the slider begins
READY = """async () => {
    await window.jupyterapp.restored;
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""
CAPTION = ".widget-html [role=status]"
PICTURE = "img.widget-image"
SLIDER, LIST = ".widget-slider .noUi-handle, .widget-slider .ui-slider-handle", ".widget-dropdown select"
LOADED = f"() => document.querySelector('{PICTURE}')?.naturalWidth > 100"
CHANGED = f"""before => {{
    const picture = document.querySelector('{PICTURE}');
    return picture.src !== before && picture.complete && picture.naturalWidth > 100;
}}"""


def open_notebook(browser, server, name: str, cell: str):
    """A page in which a notebook of two cells has just been told to run."""
    nbformat = pytest.importorskip("nbformat")
    cells = [f"from course_utils.widgets import {name}", cell]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, Path(server.root) / f"{name}.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(f"{server.url}/lab/tree/{name}.ipynb?reset&token={server.token}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext", timeout=120_000)
    # The indicator shows 'idle' before the kernel is connected, and a 'run all' is then lost.
    page.evaluate(READY)
    page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    return page


@pytest.mark.parametrize("name", CELLS)
def test_the_picture_follows_the_keyboard(name, server, browser):
    page = open_notebook(browser, server, name, CELLS[name])
    try:
        page.wait_for_function(LOADED, timeout=120_000)
        picture, caption = page.locator(PICTURE), page.locator(CAPTION)
        assert picture.count() == 1  # the live view, without the still picture beside it
        before, said = picture.get_attribute("src"), caption.inner_text()
        assert picture.get_attribute("title") in (said, None)  # ipywidgets 7 gives pictures no title
        slides = page.locator(SLIDER).count()
        control = page.locator(SLIDER if slides else LIST).first
        control.focus()
        # In a list that is not open JupyterLab takes the arrows for itself and goes to another cell.
        control.press("End" if not slides else "ArrowLeft" if name in AT_ITS_END else "ArrowRight")
        page.wait_for_function(CHANGED, arg=before, timeout=60_000)
        page.wait_for_function(
            "([where, said]) => document.querySelector(where).innerText !== said",
            arg=[CAPTION, said],
            timeout=60_000,
        )
        if "COURSE_SCREENSHOTS" in os.environ:
            folder = Path(os.environ["COURSE_SCREENSHOTS"])
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"widget-{name}.png")
        box = picture.bounding_box()
        shape = page.evaluate(f"() => {{ const p = document.querySelector('{PICTURE}'); "
                              "return p.naturalHeight / p.naturalWidth; }")  # fmt: skip
        assert box["height"] / box["width"] == pytest.approx(shape, rel=0.02)  # not squeezed
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    finally:
        page.close()
