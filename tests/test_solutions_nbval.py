"""Plain `pytest` runs every solution against its stored outputs: configured so, and worth running."""

import json
import tomllib

import pytest
from lesson_files import LESSONS, ROOT

PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]


def test_plain_pytest_runs_the_solutions_and_not_the_students_notebooks():
    assert PYTEST["testpaths"] == ["tests", "solutions"]
    assert "--nbval" in PYTEST["addopts"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_solution_has_something_to_be_compared_with(lesson):
    notebook = json.loads((ROOT / "solutions" / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"]]
    unrun = [cell["id"] for cell in cells if not cell["execution_count"]]
    assert not unrun, "nbval compares nothing where a cell was not run: `course build --execute`"
    compared = [
        cell
        for cell in cells
        if cell["outputs"] and "nbval-ignore-output" not in cell["metadata"].get("tags", [])
    ]
    assert compared, "every output is marked as varying: nbval would compare nothing"


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_error_is_stored_in_a_solution(lesson):
    notebook = json.loads((ROOT / "solutions" / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        expected = {"raises-exception", "nbval-raises-exception"} & set(cell["metadata"].get("tags", []))
        errors = [out for out in cell.get("outputs", []) if out["output_type"] == "error"]
        assert not errors or expected, f"{lesson}, cell {cell['id']}: {errors[0]['evalue']}"
