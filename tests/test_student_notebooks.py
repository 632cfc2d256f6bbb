"""Each lesson as it is handed out: it runs from top to bottom, and nothing counts as solved."""

import json
import re

import nbformat
import pytest
from lesson_files import LESSONS, ROOT, grade
from nbformat.v4 import new_code_cell, new_notebook

BUILD = "run `course build`"


def test_every_source_has_its_notebooks_and_every_notebook_its_source():
    for folder in ("lessons", "solutions"):
        notebooks = sorted(path.stem for path in (ROOT / folder).glob("[0-9][0-9]_*.ipynb"))
        assert notebooks == LESSONS, f"{folder}/ and the sources in solutions/ differ: {BUILD}"


def test_there_are_lessons():
    assert LESSONS, "no lesson in solutions/"


@pytest.mark.parametrize("lesson", LESSONS)
def test_nothing_but_not_attempted_fails(lesson, student_run):
    run = student_run(lesson)
    assert run.outcomes, run.output
    answers_with_a_bare_stub = {
        name for name, word in run.outcomes.items() if word == "SKIPPED" and name.endswith(" answer")
    }
    failed = {
        name: word
        for name, word in run.outcomes.items()
        if word not in ("PASSED", "NOT ATTEMPTED") and name not in answers_with_a_bare_stub
    }
    assert not failed, run.output


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_exercise_is_solved_by_its_stub(lesson, student_run):
    output = student_run(lesson).output
    score = re.search(r"(\d+) of (\d+) exercises, (\S+) of (\S+) points", output)
    assert score, output
    solved, exercises, earned, points = map(float, score.groups())
    assert solved == earned == 0, output
    assert exercises > 0 and points > 0, output


@pytest.mark.parametrize("lesson", LESSONS)
def test_it_is_handed_out_without_outputs(lesson):
    notebook = json.loads((ROOT / "lessons" / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"]], BUILD


def test_a_lesson_that_breaks_would_be_seen(tmp_path):
    cells = [new_code_cell("fine = 1"), new_code_cell("missing")]
    nbformat.write(new_notebook(cells=cells, metadata={"course": {}}), tmp_path / "lesson.ipynb")
    run = grade("lesson.ipynb", tmp_path / "executed.ipynb", tmp_path)
    assert run.outcomes == {"Cell 1": "PASSED", "Cell 2": "FAILED"}
