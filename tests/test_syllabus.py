"""`course syllabus`: what it reads, what it prints, and what it says when something cannot be read."""

import json
import re
from pathlib import Path

import jupytext
import pytest
from lesson_files import ROOT

from course_utils import cli
from course_utils.launch import lessons as student_notebooks
from course_utils.syllabus.errors import SyllabusError
from course_utils.syllabus.lessons import Assigned, describe, plain, read_lessons
from course_utils.syllabus.plan import read_plan, read_systems

PLAN = read_plan()


def unwritten():
    return [name for name in PLAN if name not in student_notebooks(ROOT)]


SOURCE = """\
# %% [markdown]
# # 02 · A lesson
#
# **You will be able to**
#
# - **draw** a *thing*, with `code`;
# - count it.

# %%
from course_utils.widgets import stepper

# %% [markdown]
# ## One thing
#
# ```
# # no title
# ```
#
# ### Exercise: **two** things

# %% exercise="two"
def two(): ...

# %% [markdown]
# ## Three

# %%
stepper()
"""


def test_what_is_read_of_a_lesson():
    read = describe("02_convolution", jupytext.reads(SOURCE, fmt="py:percent"))
    assert read.goals == ("draw a thing, with code", "count it")
    assert read.headings == ("02 · A lesson", "One thing", "Exercise: two things", "Three")
    assert read.exercises == (Assigned("two", "Exercise: two things"),)
    assert read.pictured == {"Three", "02 · A lesson"}
    assert plain("**p** and `q_r` of *s*, a_b") == "p and q_r of s, a_b"


def test_a_notebook_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "02_convolution.ipynb").write_text('{"cells": ')
    with pytest.raises(SyllabusError, match=r"02_convolution\.ipynb is not a readable lesson"):
        read_lessons(tmp_path)


def test_an_unknown_word_of_a_system_is_refused(tmp_path):
    (tmp_path / "1.toml").write_text('[group]\nS001 = { name = "x", tought = {} }\n')
    with pytest.raises(SyllabusError, match=r"1\.toml: S001: tought"):
        read_systems(tmp_path)


@pytest.fixture
def say(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)

    def run(*words):
        code = cli.main(["syllabus", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_table_of_lessons(say):
    code, said, _ = say()
    lines = said.splitlines()
    assert code == 0
    assert lines[0] == "   lesson                         min.  exercises  goals  systems  after"
    assert re.fullmatch(r"02 Convolution {21}200 {9}10 {6}6 +\d+", lines[2])
    assert [line[:2] for line in lines[1:22]] == [f"{number:02d}" for number in range(1, 22)]
    assert all(re.search(r"  planned +\d+$", lines[int(name[:2])]) for name in unwritten())
    assert "Of 180 systems that texts on this subject name," in said


def test_one_lesson(say):
    _, said, _ = say("--lesson", "2")
    assert said.startswith(
        "02 Convolution\n"
        "  About 200 minutes; before it: no lesson needed before.\n"
        "\n"
        "You will be able to\n"
        "  - compute one output of a convolution by hand and a whole one in code\n"
        "    (one_pixel, cross_correlate)\n"
    )
    assert "  conv2d                     3 points, 25 min.\n" in said
    assert "  S134  Theano: 'Convolution or cross-correlation?'\n" in said
    for name in unwritten():
        assert say("--lesson", name)[1].startswith(f"{name[:2]} {PLAN[name].title}: planned. ")


def test_the_systems(say):
    _, said, _ = say("--systems")
    assert said.startswith("People and history\n  S001  Fei-Fei Li\n")
    assert "  S055  Kernel size, stride, padding\n        02: 'How large is the output?'" in said
    assert "  S133  Keras\n        not taught: one framework is enough to learn with\n" in said
    assert "S012" not in say("--systems", "--lesson", "02")[1]


@pytest.mark.parametrize("words", [(), ("--systems",), *(("--lesson", name) for name in PLAN)], ids=str)
def test_it_is_readable_on_80_columns(say, words):
    assert max(map(len, say(*words)[1].splitlines())) < 80


def test_it_speaks_json(say):
    told = json.loads(say("--json")[1])
    assert len(told["systems"]) == 180
    (convolution,) = [each for each in told["lessons"] if each["name"] == "02_convolution"]
    assert convolution["state"] == "here"
    assert convolution["exercises"][0] == {
        "name": "one_pixel",
        "title": "Exercise: one pixel by hand",
        "points": 1,
        "minutes": 3,
    }
    assert convolution["goals_met_by"]["predict the output size"] == {
        "exercises": ["output_size"],
        "figures": [],
    }
    assert {each["name"] for each in told["lessons"] if each["state"] == "planned"} == set(unwritten())
    assert [each["name"] for each in json.loads(say("--json", "--lesson", "04")[1])["lessons"]] == [
        "04_cross_entropy"
    ]


def test_an_unknown_lesson_is_refused_with_the_list(say):
    code, _, said = say("--lesson", "alchemy")
    assert code == 2
    assert said.startswith("course: no lesson is called 'alchemy'. There are:\n  01_images_and_imagenet\n")


def test_a_clone_without_solutions_has_a_syllabus_too(tmp_path):
    (tmp_path / "lessons").mkdir()
    for path in student_notebooks(ROOT).values():
        (tmp_path / "lessons" / path.name).write_bytes(Path(path).read_bytes())
    assert read_lessons(tmp_path) == read_lessons(ROOT)
