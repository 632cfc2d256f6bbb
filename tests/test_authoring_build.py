"""`course build`: what it writes, that the same source gives the same bytes, and what `--check` says."""

import json
from argparse import Namespace

import nbformat
import pytest
from authoring_course import SLUG, SOURCE, tiny  # noqa: F401

from course_utils.authoring.command import NothingToBuild, build
from course_utils.authoring.errors import AuthoringError

NAME = f"02_{SLUG}"


def run(lesson=None, check=False, execute=False):
    return build(Namespace(lesson=lesson, check=check, execute=execute))


def generated(folder):
    names = [f"lessons/{NAME}.ipynb", f"lessons/{NAME}.py", f"solutions/{NAME}.ipynb", "README.md"]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture
def built(tiny):  # noqa: F811
    assert run() == 0
    return tiny


def student(folder):
    return nbformat.read(folder / "lessons" / f"{NAME}.ipynb", as_version=4)


def solved(folder):
    return nbformat.read(folder / "solutions" / f"{NAME}.ipynb", as_version=4)


def by_role(notebook, role):
    (cell,) = [c for c in notebook.cells if c.metadata.get("course", {}).get("role") == role]
    return cell


def test_the_student_sees_a_stub_and_no_output(built):
    notebook = student(built)
    assert "raise NotImplementedError" in by_role(notebook, "answer").source
    assert "return 2 * x" not in json.dumps(notebook)
    assert "for instructors" not in json.dumps(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_points_and_minutes_come_from_the_exercise(built):
    (statement,) = [c for c in student(built).cells if "### Exercise" in c.source]
    assert statement.source == "### Exercise: double it\n\n*2 points · about 3 minutes*"


def test_nbgraders_metadata(built):
    notebook = student(built)
    common = {"schema_version": 3, "task": False}
    assert by_role(notebook, "answer").metadata["nbgrader"] == {
        **common,
        "grade": False,
        "grade_id": "double",
        "locked": False,
        "solution": True,
    }
    assert by_role(notebook, "check").metadata["nbgrader"] == {
        **common,
        "grade": True,
        "grade_id": "check-double",
        "locked": True,
        "solution": False,
        "points": 2,
    }


def test_a_varying_output_is_ignored_by_nbval(built):
    (cell,) = [c for c in solved(built).cells if "time.time" in c.source]
    assert cell.metadata["tags"] == ["nbval-ignore-output"]


def test_ids_come_from_lesson_and_position_and_agree(built):
    ids = [cell.id for cell in solved(built).cells]
    assert ids[:3] == [f"{NAME}-000", f"{NAME}-setup", f"{NAME}-001"]
    assert len(set(ids)) == len(ids)
    left_out = {cell.id for cell in solved(built).cells if "for instructors" in cell.source}
    assert [cell.id for cell in student(built).cells] == [i for i in ids if i not in left_out]


def test_links_come_from_the_one_place(built):
    first, setup = student(built).cells[:2]
    assert (
        f"colab.research.google.com/github/someone/somewhere/blob/main/lessons/{NAME}.ipynb" in first.source
    )
    assert f"mybinder.org/v2/gh/someone/somewhere/main?urlpath=lab/tree/lessons/{NAME}.ipynb" in first.source
    assert "git+https://github.com/someone/somewhere@main" in setup.source
    assert '"--no-deps"' in setup.source
    readme = (built / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("Before.\n<!-- lessons:begin -->\n|") and readme.endswith("-->\nAfter.\n")
    assert f"| 02 | [Tiny](lessons/{NAME}.ipynb) | 5 | 1 |" in readme


def test_the_pair_is_the_same_lesson(built):
    import jupytext

    text = jupytext.read(built / "lessons" / f"{NAME}.py")
    notebook = student(built)
    assert [c.source for c in text.cells] == [c.source for c in notebook.cells]
    assert text.metadata["jupytext"]["formats"] == "ipynb,py:percent"
    assert "jupytext" not in notebook.metadata  # see PAIRING: a learner's answers come first
    assert [c.metadata.get("nbgrader") for c in text.cells] == [
        c.metadata.get("nbgrader") for c in notebook.cells
    ]
    assert "jupytext_version:" not in (built / "lessons" / f"{NAME}.py").read_text(encoding="utf-8")


def test_twice_gives_the_same_bytes_and_does_not_run_again(built, capsys):
    before = generated(built)
    capsys.readouterr()
    assert run() == 0
    assert capsys.readouterr().out == "Everything is up to date.\n"
    assert generated(built) == before  # the time printed by the last cell would differ


def test_execute_forces_a_run(built):
    before = generated(built)
    assert run(execute=True) == 0
    after = generated(built)
    assert after[f"solutions/{NAME}.ipynb"] != before[f"solutions/{NAME}.ipynb"]
    assert after[f"lessons/{NAME}.ipynb"] == before[f"lessons/{NAME}.ipynb"]


def test_new_prose_keeps_the_outputs(built):
    clock = [c.outputs for c in solved(built).cells if c.source.startswith("import time")]
    source = built / "solutions" / f"{NAME}.py"
    source.write_text(SOURCE.replace("A promise.", "A better promise."), encoding="utf-8")
    assert run() == 0
    assert [c.outputs for c in solved(built).cells if c.source.startswith("import time")] == clock
    assert "A better promise." in student(built).cells[0].source


def test_check_names_what_is_stale_and_changes_nothing(built, capsys):
    source = built / "solutions" / f"{NAME}.py"
    source.write_text(SOURCE.replace('print("ready")', 'print("steady")'), encoding="utf-8")
    (built / "lessons" / "99_gone.ipynb").write_text("{}", encoding="utf-8")
    before = generated(built)
    capsys.readouterr()
    assert run(check=True) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"stale: lessons/{NAME}.ipynb",
        f"stale: lessons/{NAME}.py",
        f"stale: solutions/{NAME}.ipynb",
        "stale: lessons/99_gone.ipynb",
    ]
    assert generated(built) == before
    assert (built / "lessons" / "99_gone.ipynb").exists()
    assert run() == 0
    assert not (built / "lessons" / "99_gone.ipynb").exists()
    assert run(check=True) == 0


def test_an_edited_student_notebook_is_stale(built):
    path = built / "lessons" / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("Text.", "Other text."), encoding="utf-8")
    assert run(check=True) == 1


@pytest.mark.parametrize(
    "cell, message",
    [
        ("1 / 0", "the lesson does not run"),
        ("import sys; print('x', file=sys.stderr)", "the cell writes to stderr"),
        ("import os; print(os.path.dirname(os.getcwd()) + '/solutions')", "names a path of this machine"),
    ],
)
def test_an_output_that_may_not_be_committed(tiny, cell, message):  # noqa: F811
    source = tiny / "solutions" / f"{NAME}.py"
    source.write_text(SOURCE.replace('print("ready")', cell), encoding="utf-8")
    with pytest.raises(AuthoringError, match=message) as caught:
        run()
    line = SOURCE.splitlines().index('print("ready")')  # the marker stands one line above
    assert f"{NAME}.py:{line}: " in str(caught.value)
    assert not (tiny / "solutions" / f"{NAME}.ipynb").exists()


def test_no_widget_state_is_committed(tiny):  # noqa: F811
    cell = "import ipywidgets; ipywidgets.IntSlider()"
    source = tiny / "solutions" / f"{NAME}.py"
    source.write_text(SOURCE.replace('print("ready")', cell), encoding="utf-8")
    assert run() == 0
    text = (tiny / "solutions" / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "widgets" not in solved(tiny).metadata
    assert "widget-view" not in text


def test_a_lesson_that_does_not_exist(tiny):  # noqa: F811
    with pytest.raises(NothingToBuild, match=f"no source is called '07'; there are: {NAME}"):
        run("07")


def test_a_repository_that_is_not_named(tiny):  # noqa: F811
    (tiny / "pyproject.toml").write_text('[tool.course]\nrepository = "x"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"\[tool.course\] needs repository"):
        run()


def test_a_readme_without_its_place_for_the_table(tiny):  # noqa: F811
    (tiny / "README.md").write_text("nothing here", encoding="utf-8")
    with pytest.raises(ValueError, match="the table of lessons belongs between"):
        run()
