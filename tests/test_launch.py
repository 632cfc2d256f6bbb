"""`course lab`: which lesson it opens, what it hands to JupyterLab, and what it leaves alone."""

import os
import re
import signal
import subprocess
import sys
import time
import types
import urllib.error
import urllib.request

import pytest

from course_utils import cli, launch

LESSONS = ("02_convolution", "04_cross_entropy", "06_first_cnn")
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def clone(tmp_path):
    """A folder that looks like a clone of the course, with three empty lessons."""
    root = tmp_path / "clone of the course"
    (root / "lessons").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nname = "imagenet-course"\n')
    for lesson in LESSONS:
        (root / "lessons" / f"{lesson}.ipynb").write_text(NOTEBOOK)
        (root / "lessons" / f"{lesson}.py").write_text("# %%\n")
    (root / "lessons" / "scratch.ipynb").write_text(NOTEBOOK)
    return root


@pytest.fixture
def jupyterlab(monkeypatch):
    """Stands in for JupyterLab and keeps the command line that it was given."""
    calls = []
    module = types.ModuleType("jupyterlab.labapp")
    module.LabApp = types.SimpleNamespace(launch_instance=lambda argv: calls.append(argv))
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", module)
    return calls


@pytest.mark.parametrize(
    ("name", "lesson"),
    [
        (None, "02_convolution"),
        ("04", "04_cross_entropy"),
        ("4", "04_cross_entropy"),
        ("04_cross_entropy", "04_cross_entropy"),
        ("cross_entropy", "04_cross_entropy"),
        ("Cross-Entropy", "04_cross_entropy"),
        ("lessons/06_first_cnn.ipynb", "06_first_cnn"),
    ],
)
def test_a_lesson_has_several_names(clone, name, lesson):
    assert launch.find(name, clone) == clone / "lessons" / f"{lesson}.ipynb"


@pytest.mark.parametrize("name", ["05", "cross", "scratch", "", "02_cross_entropy"])
def test_an_unknown_lesson_is_refused_with_the_list(clone, name):
    with pytest.raises(launch.LessonNotFound) as refused:
        launch.find(name, clone)
    assert str(refused.value) == "\n".join(
        [f"no lesson is called {name!r}. There are:", *(f"  {lesson}" for lesson in LESSONS)]
    )


def test_a_clone_without_lessons_says_how_they_are_made(clone):
    for notebook in (clone / "lessons").glob("*.ipynb"):
        notebook.unlink()
    with pytest.raises(launch.LessonNotFound, match="To make them, run:  course build"):
        launch.find(None, clone)


@pytest.mark.parametrize(
    ("words", "lesson", "rest"),
    [
        ([], None, []),
        (["04"], "04", []),
        (["no_such_lesson", "--no-browser"], "no_such_lesson", ["--no-browser"]),
        (["--port", "9000"], None, ["--port", "9000"]),
        (["--no-browser", "cross_entropy"], "cross_entropy", ["--no-browser"]),
        (["--port", "9000", "04", "--debug"], "04", ["--port", "9000", "--debug"]),
    ],
)
def test_the_lesson_is_told_from_jupyters_options(words, lesson, rest):
    assert launch.split(words, LESSONS) == (lesson, rest)


def test_lab_opens_the_lesson_and_passes_options_on(clone, jupyterlab, monkeypatch, capsys):
    monkeypatch.chdir(clone / "lessons")
    assert cli.main(["lab", "04", "--no-browser", "--port=9000"]) == 0
    (argv,) = jupyterlab
    assert f"--ServerApp.root_dir={clone}" in argv
    assert "--LabApp.default_url=/lab/tree/lessons/04_cross_entropy.ipynb" in argv
    assert argv[-2:] == ["--no-browser", "--port=9000"]
    assert "Opening lessons/04_cross_entropy.ipynb." in capsys.readouterr().out


@pytest.mark.parametrize("mine", ["--ServerApp.root_dir=elsewhere", "--notebook-dir=elsewhere"])
def test_an_option_of_the_learner_replaces_ours(clone, mine):
    argv = launch.jupyter_options(clone, clone / "lessons" / "02_convolution.ipynb", [mine])
    assert [option for option in argv if "root_dir" in option or "notebook-dir" in option] == [mine]


def test_lab_without_a_clone_says_where_the_lessons_are(tmp_path, jupyterlab, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launch, "__file__", str(tmp_path / "site-packages" / "course_utils" / "launch.py"))
    assert cli.main(["lab"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        f"course: the lessons are not here: {tmp_path} is not inside a clone of the course.\n"
    )
    assert "pip install -e '.[lab]' && course lab" in said
    assert jupyterlab == []


def test_lab_without_jupyterlab_says_how_to_get_it(clone, monkeypatch, capsys):
    monkeypatch.chdir(clone)
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)  # importing it raises ImportError
    assert cli.main(["lab"]) == 2
    said = capsys.readouterr().err
    assert "JupyterLab cannot be loaded" in said
    assert said.endswith("pip install -e '.[lab]'\n")


@pytest.mark.skipif(os.name != "posix", reason="ends the server with a signal")
def test_course_lab_serves_the_notebook_that_was_saved_and_leaves_it_as_it_is(clone, tmp_path):
    pytest.importorskip("jupyterlab")
    lesson = save_answer_in_a_lesson_with_a_newer_text_file(clone)
    before = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()}
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    command = [
        sys.executable,
        "-m",
        "course_utils.cli",
        "lab",
        "cross_entropy",
        "--no-browser",
        "--allow-root",
    ]
    with (tmp_path / "said").open("w+") as said:
        server = subprocess.Popen(
            [*command, "--allow-root", "--ip=127.0.0.1", "--port=0"],
            cwd=clone,
            env=os.environ | {name: str(tmp_path / name) for name in folders},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            address = wait_for_address(server, tmp_path / "said")
            assert f"/lab/tree/lessons/{lesson}?token=" in address
            assert "JupyterLab" in read(address)
            served = read(address.replace("/lab/tree/", "/api/contents/"))
            assert "my answer" in served
            assert "the stub" not in served
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=60)
    assert {path: path.read_bytes() for path in before} == before


def save_answer_in_a_lesson_with_a_newer_text_file(clone) -> str:
    """Jupytext would show the text file and lose the answer. Returns the lesson's file name."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    notebook = clone / "lessons" / "04_cross_entropy.ipynb"
    pairing = {"jupytext": {"formats": "ipynb,py:percent"}}
    nbformat.write(new_notebook(cells=[new_code_cell("my answer")], metadata=pairing), notebook)
    text = notebook.with_suffix(".py")
    text.write_text("# %%\nthe stub\n")
    os.utime(notebook, (text.stat().st_atime, text.stat().st_mtime - 60))
    return notebook.name


def read(address: str) -> str:
    """What stands at the address. JupyterLab prints it a moment before it listens there."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.2)
    pytest.fail(f"nobody came to listen at {address}")


def wait_for_address(server, log) -> str:
    """The address that JupyterLab prints once it serves; fails with what it said when it does not."""
    pattern = re.compile(r"http://127\.0\.0\.1:\d+/lab\S*")
    for _ in range(600):
        found = pattern.search(log.read_text())
        if found:
            return found.group()
        try:
            server.wait(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            continue
    pytest.fail(f"course lab did not come to serve:\n{log.read_text()}")
