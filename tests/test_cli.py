"""The command line: what it loads, what it understands, and what it says when it does not."""

import re
import subprocess
import sys

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


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["lab", "--help"],
        ["data", "get", "-h"],
        ["grade", "-h"],
        [],
        ["progress"],
        ["syllabus"],
    ],
)
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
    for command in ("lab", "progress", "syllabus", "data", "train", "grade", "build", "doctor"):
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
        ["progress"],
        ["syllabus"],
        ["data", "list"],
        ["data", "get", "imagenette"],
        ["data", "prepare", "imagenette"],
        ["data", "where"],
        ["train"],
        ["grade", "submissions", "--out", "results"],
        ["grade", "merge", "results-1", "--out", "results"],
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
    assert (args.name, args.size, args.allow_bad) == ("my/photographs", [64], 0.0)
    assert cli.parse(["data", "get", "imagenette", "--allow-bad", "0.01"]).allow_bad == 0.01


def test_options_of_grade():
    args = cli.parse(
        ["grade", "a.ipynb", "b", "--out", "r", "--shard", "2/4", "--lesson", "02", "--jobs", "3"]
    )
    assert (args.paths, args.out, args.shard, args.lesson, args.jobs) == (
        ["a.ipynb", "b"],
        "r",
        (2, 4),
        ["02"],
        3,
    )
    assert (args.seed, args.tier, args.resume, args.allow_baseline) == (None, "auto", False, False)
    args = cli.parse(["grade", "merge", "r1", "r2", "--out", "r", "--allow-missing"])
    assert (args.folders, args.out, args.allow_missing) == (["r1", "r2"], "r", True)
    assert cli.parse(["grade", "./merge", "--out", "r"]).paths == ["./merge"]


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
        (["data", "prepare", "mine", "--allow-bad", "5"], "5: choose a share from 0 to below 1"),
        (["grade", "submissions"], "--out"),
        (["grade", "x", "--out", "r", "--shard", "0/4"], "0/4: the parts are counted from 1 to 4"),
        (["grade", "x", "--out", "r", "--shard", "half"], "'half': write I/N, such as 1/4"),
        (["grade", "x", "--out", "r", "--tier", "none"], "invalid choice: 'none'"),
        (["grade", "x", "--out", "r", "--seed", "-1"], "-1 is out of range"),
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
