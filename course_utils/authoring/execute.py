"""Run a solution notebook as a learner would and keep only outputs that may be committed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from course_utils.authoring.errors import AuthoringError
from course_utils.authoring.source import LessonSource

CELL_SECONDS = 600  # for the author's run; a learner's own limit is nbval's
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(lesson: LessonSource, notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run all cells in place, offline data only, so that every author gets the same outputs.

    Raises:
        AuthoringError: a cell raised, ran too long, wrote to stderr or printed a path of this machine.
    """
    with tempfile.TemporaryDirectory() as empty:
        environment = {"COURSE_PROGRESS": "off", **os.environ, "COURSE_DATA": empty}
        client = NotebookClient(
            notebook, timeout=CELL_SECONDS, kernel_name="python3", record_timing=False,
            resources={"metadata": {"path": str(lesson.path.parent)}},
        )  # fmt: skip
        try:
            client.execute(env=environment)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise AuthoringError(
                lesson.path, _line_reached(lesson, notebook), f"the lesson does not run.\n{error}"
            ) from None
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel adds this machine's Python version
    for cell in notebook.cells:
        if cell.cell_type == "code":
            _keep_presentable(lesson, cell)
    return notebook


def carry_outputs(old: nbformat.NotebookNode, new: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Outputs of an earlier run set under cells whose code has not changed since."""
    ran = [cell for cell in old.cells if cell.cell_type == "code"]
    waiting = [cell for cell in new.cells if cell.cell_type == "code"]
    for before, after in zip(ran, waiting, strict=True):
        after.outputs, after.execution_count = before.outputs, before.execution_count
    return new


def _keep_presentable(lesson: LessonSource, cell: nbformat.NotebookNode) -> None:
    cell.metadata.pop("execution", None)
    line = _line_of(lesson, cell.id)
    for output in cell.outputs:
        if output.get("name") == "stderr":
            raise AuthoringError(lesson.path, line, f"the cell writes to stderr:\n{output.text}")
        data = output.get("data", {})
        data.pop(WIDGET_VIEW, None)  # without its model a view shows an error where the picture should be
        output.pop("transient", None)
        text = str(output.get("text", "")) + str(data.get("text/plain", ""))
        for machine in {str(lesson.path.parent.parent), str(Path.home())} - {"/"}:
            if machine + os.sep in text:
                raise AuthoringError(lesson.path, line, f"the output names a path of this machine: {machine}")


def _line_reached(lesson: LessonSource, notebook: nbformat.NotebookNode) -> int:
    ran = [
        cell for cell in notebook.cells if cell.cell_type == "code" and (cell.execution_count or cell.outputs)
    ]
    return _line_of(lesson, ran[-1].id) if ran else 1


def _line_of(lesson: LessonSource, identity: str) -> int:
    place = identity.rpartition("-")[2]
    return lesson.cells[int(place)].line if place.isdigit() else 1
