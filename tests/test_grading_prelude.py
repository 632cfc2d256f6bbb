"""The statements of a lesson that an answer builds on: enough to run it, and nothing that checks or draws."""

import ast
import keyword
import re

import pytest
from grading_files import lessons

from course_utils.grading.lessons.prelude import out_of_reach, prelude

ANSWERS = [(slug, name) for slug, lesson in lessons().items() for name in lesson.checks]
NEVER = re.compile(r"course_utils\.(checks|widgets|plots|grading)|matplotlib|\bplt\b|\bcheck\b|subprocess")


@pytest.mark.parametrize(("slug", "name"), ANSWERS)
def test_each_solution_runs_on_its_prelude_alone(slug, name):
    lesson = lessons()[slug]
    own = prelude(lesson, name, [lesson.answers[name].solution])
    namespace = {"__name__": "__main__"}
    exec(own, namespace)
    before = set(namespace)
    exec(lesson.answers[name].solution, namespace)
    assert set(lesson.names(name)) <= set(namespace) - before


@pytest.mark.parametrize(("slug", "name"), ANSWERS)
def test_whatever_an_answer_uses_nothing_checks_or_draws(slug, name):
    lesson = lessons()[slug]
    everything = {word for cell in lesson.cells for word in re.findall(r"[^\W\d]\w*", cell.source)}
    names = sorted(word for word in everything if word.isidentifier() and not keyword.iskeyword(word))
    own = prelude(lesson, name, ["\n".join(names)])
    assert not NEVER.search(own)
    answers = {each for exercise in lesson.checks for each in lesson.names(exercise)}
    for statement in ast.parse(own).body:
        assert not isinstance(statement, (ast.Expr, ast.For, ast.With, ast.While, ast.If))
        used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        assert not used & answers


def test_what_is_needed_comes_with_what_it_needs_and_in_order():
    lesson = lessons()["02_convolution"]
    assert prelude(lesson, "conv2d", ["def conv2d():\n    return weight + blur"]).splitlines() == [
        "import torch",
        "blur = torch.full((3, 3), 1 / 9)",
        "weight = torch.tensor([1.0, -0.6, -0.6])[:, None, None] * torch.ones(3, 5, 5) / 25",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "import torch\nx = torch.ones(1)",
        "def f(torch, np=1):\n    return torch + np",
        "def f():\n    torch = 1\n    return torch",
        "torch = 1",
        "torch.ones(",
        "torch" + ".a" * 40_000,
        "'torch \ud800'; torch",
        "x = [photo for photo in range(3)]",
    ],
)
def test_nothing_is_added_for_names_of_its_own_or_for_what_is_no_python(source):
    assert prelude(lessons()["02_convolution"], "conv2d", [source]) == ""


def test_statements_below_the_answer_are_none_of_it():
    lesson = lessons()["02_convolution"]
    assert prelude(lesson, "one_pixel", ["blur, np"]) == "import numpy as np"


def test_what_depends_on_a_loop_or_a_with_block_is_left_out():
    assert prelude(lessons()["06_first_cnn"], "small_network", ["wrong, predicted, outputs"]) == ""


def test_what_grading_does_without():
    names = out_of_reach(lessons()["02_convolution"])
    assert {"check", "plt", "show_matrix", "filter_gallery", "figure", "axes"} <= names
    assert not {"torch", "F", "np", "photo", "conv2d", "learn", "random"} & names


def ran_after(first, source, second="output_size", exercise="conv2d"):
    """The namespace when an answer to `second` and then one to `exercise` have run, as a worker runs them."""
    lesson, namespace = lessons()["02_convolution"], {"__name__": "__main__"}
    place = lesson.answers[second].position
    exec(first, namespace)
    exec(prelude(lesson, exercise, [source], dict.fromkeys(["window", "photo"], place)), namespace)
    exec(source, namespace)
    return namespace


def test_what_an_earlier_answer_defined_is_not_overwritten_by_what_stands_above_it():
    reads = "def conv2d():\n    return window(3)"
    assert "window =" in prelude(lessons()["02_convolution"], "conv2d", [reads])
    place = lessons()["02_convolution"].answers["cross_correlate"].position
    found = ran_after("def window(x):\n    return x + 1", reads, "cross_correlate")
    assert place < lessons()["02_convolution"].answers["conv2d"].position and found["conv2d"]() == 4


def test_an_answer_that_failed_before_it_defined_the_name_leaves_the_lesson_s_own():
    found = ran_after("", "def conv2d():\n    return window", "cross_correlate")
    assert found["conv2d"]().ndim


def test_what_the_lesson_defines_again_below_the_answer_is_the_lesson_s():
    lesson = lessons()["02_convolution"]
    source = "def conv2d():\n    return window"
    last = prelude(lesson, "conv2d", [source], {"window": 0})
    assert last == prelude(lesson, "conv2d", [source]) and "window =" in last
