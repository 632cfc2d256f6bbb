"""The command line: what it loads, what it understands, and what it says when it does not."""

import os
import re
import signal
import subprocess
import sys
import types
import urllib.request

import pytest

from course_utils import cli, launch

HEAVY = {
    "torch",
    "torchvision",
    "matplotlib",
    "numpy",
    "skimage",
    "PIL",
    "jupyterlab",
    "nbformat",
    "jupytext",
}
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


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["lab", "--help"], ["data", "get", "-h"], []])
def test_help_and_mistakes_load_nothing_heavy(words):
    program = f"""
import sys
from course_utils.cli import main
try:
    main({words!r})
except SystemExit:
    pass
print("LOADED", *sorted({HEAVY!r} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for command in ("lab", "data", "build", "doctor"):
        assert re.search(rf"^    {command} ", said, re.MULTILINE), command


def test_version_is_that_of_the_project(capsys):
    from importlib.metadata import version

    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"imagenet-course {version('imagenet-course')}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["lab"],
        ["data", "list"],
        ["data", "get", "imagenette"],
        ["data", "prepare", "imagenette"],
        ["data", "where"],
        ["build"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_every_command_has_a_function_that_does_it(words):
    assert callable(cli.load(cli.parse(words).handler))


def test_options_of_the_data_commands():
    args = cli.parse(["data", "get", "imagenette", "--from", "file:///x/y.tgz", "--size", "64", "128"])
    assert (args.name, args.origin, args.size) == ("imagenette", "file:///x/y.tgz", [64, 128])
    args = cli.parse(["data", "prepare", "my/photographs"])
    assert (args.name, args.size) == ("my/photographs", [64])


def test_options_of_build():
    args = cli.parse(["build", "02_convolution", "--check"])
    assert (args.lesson, args.check, args.execute) == ("02_convolution", True, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["fly"], "invalid choice: 'fly'"),
        (["data", "get"], "NAME"),
        (["data", "get", "imagenette", "--size", "big"], "'big' is not a whole number of pixels"),
        (["data", "get", "imagenette", "--size", "2"], "2 pixels: choose between 8 and 1024"),
        (["build", "--port=9000"], "unrecognized arguments: --port=9000"),
    ],
)
def test_a_mistake_is_named_and_ends_with_2(words, says, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def handler_that_raises(monkeypatch, error):
    def handler(args):
        raise error

    monkeypatch.setattr(cli, "load", lambda name: handler)


def test_an_error_of_the_course_is_one_message(monkeypatch, capsys):
    handler_that_raises(monkeypatch, launch.LessonNotFound("there is no such lesson"))
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr() == ("", "course: there is no such lesson\n")


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    handler_that_raises(monkeypatch, ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        cli.main(["doctor"])


def test_ctrl_c_is_quiet(monkeypatch, capsys):
    handler_that_raises(monkeypatch, KeyboardInterrupt())
    assert cli.main(["doctor"]) == 130
    assert capsys.readouterr() == ("", "\n")


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1), (True, 1)])
def test_the_exit_code_is_the_handlers(monkeypatch, returned, code):
    monkeypatch.setattr(cli, "load", lambda name: lambda args: returned)
    assert cli.main(["doctor"]) == code


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
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.read().decode()


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
