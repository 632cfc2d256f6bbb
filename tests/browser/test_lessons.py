"""Each student notebook in a real JupyterLab, run as a learner does who solves nothing.

One lesson is run there cell by cell. The others are opened with the outputs of the run at which
test_student_notebooks looks too; of their cells only the setup, the interactive figures and what these need
are run there, since no figure lives without a kernel.

Set COURSE_SCREENSHOTS to a folder to get pictures of each lesson, screen by screen.
"""

import os
import shutil
import symtable
from pathlib import Path

import nbformat
import pytest
from lesson_files import LESSONS, ROOT

WHOLE = "02_convolution"  # run here from its first cell to its last
LIVE = "application/vnd.jupyter.widget-view+json"
SECONDS_A_CELL = 300  # far above any cell: only a cell that hangs reaches it

READY = """async () => {
    await window.jupyterapp.restored;
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""

CODE_CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .map((cell, index) => cell.model.type === "code" ? index : -1).filter(index => index >= 0)"""

# As Ctrl-Enter does. 'Run all' would stop at the first exercise that is not attempted.
RUN = """async ([index, seconds]) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    const late = new Promise((_, reject) =>
        setTimeout(() => reject(new Error(`cell ${index} still runs after ${seconds} s`)), seconds * 1000));
    await Promise.race([window.jupyterapp.commands.execute("notebook:run-cell"), late]);
}"""

# A picture that has not loaded, or a widget that still says so, is given a moment by the caller.
UNSETTLED = """() =>
    [...document.querySelectorAll(".jp-Notebook img")].filter(image => !image.complete).length
    + [...document.querySelectorAll(".jp-Notebook .jp-OutputArea-output")].filter(
        node => node.textContent.startsWith("Loading widget")).length"""

STATE = """() => window.jupyterapp.shell.currentWidget.content.widgets.map((cell, index) => ({
    index,
    kind: cell.model.type,
    course: cell.model.metadata.course ?? {},
    count: cell.model.executionCount ?? null,
    outputs: cell.model.type === "code" ? cell.model.sharedModel.toJSON().outputs : [],
    widgets: cell.node.querySelectorAll(".jp-OutputArea-output > .jupyter-widgets").length,
    broken_widgets: cell.node.querySelectorAll(".jupyter-widgets-error-widget").length,
    broken_pictures: [...cell.node.querySelectorAll("img")].filter(image => !image.naturalWidth).length,
    undescribed_pictures: [...cell.node.querySelectorAll(".jp-RenderedMarkdown img:not([alt])")].length,
    bad_mathematics: cell.node.querySelectorAll("mjx-merror").length,
    mathematics: cell.node.querySelectorAll("mjx-container").length,
    text: cell.model.type === "markdown" ? cell.model.sharedModel.source : "",
}))"""


def names(source):
    """What a cell defines for other cells, and what it wants to be defined."""
    top = symtable.symtable(source, "cell", "exec")
    tables = [top]
    for table in tables:
        tables.extend(table.get_children())
    made = {each.get_name() for each in top.get_symbols() if each.is_assigned() or each.is_imported()}
    wanted = {each.get_name() for each in top.get_symbols() if each.is_referenced()}
    return made, wanted.union(*({s.get_name() for s in t.get_symbols() if s.is_global()} for t in tables))


def to_be_run(notebook):
    """The places of the setup cell, of the interactive figures, and of the code cells that these need."""
    chosen, missing = [], set()
    for index, cell in reversed(list(enumerate(notebook.cells))):
        if cell.cell_type != "code":
            continue
        made, wanted = names(cell.source)
        live = any(LIVE in output.get("data", {}) for output in cell.outputs)
        if live or made & missing or cell.metadata.get("course", {}).get("role") == "setup":
            chosen.insert(0, index)
            missing = missing - made | wanted
    return chosen


@pytest.fixture(scope="module", params=LESSONS)
def cells(request, server, browser, student_run):
    """What JupyterLab shows of one lesson after a run, cell by cell."""
    copy = Path(server.root) / "lessons" / f"{request.param}.ipynb"
    copy.parent.mkdir(exist_ok=True)
    if request.param == WHOLE:
        shutil.copyfile(ROOT / "lessons" / copy.name, copy)
    else:
        shutil.copyfile(student_run(request.param).executed, copy)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"{server.url}/lab/tree/lessons/{copy.name}?reset&token={server.token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext", timeout=120_000)
        page.evaluate(READY)
        whole = request.param == WHOLE
        for index in page.evaluate(CODE_CELLS) if whole else to_be_run(nbformat.read(copy, as_version=4)):
            page.evaluate(RUN, [index, SECONDS_A_CELL])
        page.wait_for_function(f"({UNSETTLED})() === 0", timeout=60_000)
        state = page.evaluate(STATE)
        if "COURSE_SCREENSHOTS" in os.environ:
            take_pictures(page, Path(os.environ["COURSE_SCREENSHOTS"]), request.param)
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        yield state
    finally:
        page.close()


def take_pictures(page, folder, lesson):
    """The lesson from top to bottom, one file a screen: folder/02_convolution-00.png, -01, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    pane = page.locator(".jp-Notebook .jp-WindowedPanel-outer")
    height, screen = pane.evaluate("pane => [pane.scrollHeight, pane.clientHeight]")
    for number, top in enumerate(range(0, height, screen)):
        pane.evaluate("(pane, top) => pane.scrollTo(0, top)", top)
        page.screenshot(path=folder / f"{lesson}-{number:02d}.png")


def errors(cell):
    return [output for output in cell["outputs"] if output["output_type"] == "error"]


def test_every_code_cell_ran(cells):
    code = [cell for cell in cells if cell["kind"] == "code" and cell["count"] is None]
    assert not [cell["index"] for cell in code]


def test_only_exercises_that_are_not_attempted_show_an_error(cells):
    for cell in cells:
        for error in errors(cell):
            role = cell["course"].get("role")
            expected = {"check": "NotAttempted", "answer": "NotImplementedError"}.get(role)
            assert error["ename"] == expected, f"cell {cell['index']}: {error['ename']}: {error['evalue']}"


def test_every_check_says_that_its_exercise_is_not_attempted(cells):
    checks = [cell for cell in cells if cell["course"].get("role") == "check"]
    assert checks
    for cell in checks:
        (error,) = errors(cell)
        assert f"{cell['course']['exercise']}: not attempted" in "\n".join(error["traceback"])
        assert "Traceback" not in "\n".join(error["traceback"])


def test_the_setup_cell_runs_without_a_word(cells):
    (setup,) = [cell for cell in cells if cell["course"].get("role") == "setup"]
    assert setup["outputs"] == []


def test_nothing_warns(cells):
    warned = {
        cell["index"]: output["text"]
        for cell in cells
        for output in cell["outputs"]
        if output["output_type"] == "stream" and output["name"] == "stderr"
    }
    assert warned == {}


def test_every_interactive_figure_is_alive(cells):
    figures = [cell for cell in cells if any(LIVE in output.get("data", {}) for output in cell["outputs"])]
    assert figures, "a lesson has at least one interactive figure"
    for cell in figures:
        assert cell["widgets"] == 1, f"cell {cell['index']} shows {cell['widgets']} live figures, not one"
        assert cell["broken_widgets"] == 0, f"cell {cell['index']}"


def test_every_picture_is_shown(cells):
    assert not {cell["index"]: cell["broken_pictures"] for cell in cells if cell["broken_pictures"]}
    assert not [cell["index"] for cell in cells if cell["undescribed_pictures"]]


def test_all_mathematics_is_typeset(cells):
    assert not [cell["index"] for cell in cells if cell["bad_mathematics"]]
    plain = [cell for cell in cells if cell["text"].count("$") >= 2 and "`$" not in cell["text"]]
    assert plain
    assert not [cell["index"] for cell in plain if not cell["mathematics"]]
