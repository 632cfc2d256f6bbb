"""Answers looked at as text: honest ones are left alone, dishonest ones are named, none raises."""

import ast
from types import SimpleNamespace

import pytest
from grading_files import ROOT, lessons

from course_utils.grading.handed_in.magics import without_magics
from course_utils.grading.looks.syntax import by_hand_warnings, canonical, look_at_warnings, size

RECORDED = [
    pytest.param(ast.unparse(node), id=f"{path.parent.name}.{path.stem}.{node.name}")
    for folder in ("right_answers", "wrong_answers")
    for path in sorted((ROOT / "tests" / folder).glob("[a-s]*.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, (ast.FunctionDef, ast.ClassDef))
]
SOLUTIONS = [(lesson, name) for lesson in lessons().values() for name in lesson.checks]
HOSTILE = [
    "",
    "\0",
    "x = '\ud800'",
    "def f(:",
    "x" + ".a" * 40_000,
    "x" + ".a" * 800,
    "-" * 90_000 + "1",
    "(" * 50_000,
    "1" + "+1" * 40_000,
    "1" + "+1" * 800,
    "x = 1\n" * 15_000,
    "x = 1\n" * 40_000,
    "if 1:\n" * 200,
    "f" + "()" * 800,
    "lambda:" * 80 + "1",
    "a" * 90_000,
    'def f():\n "\\d"\n' * 10,
]


@pytest.mark.parametrize("source", RECORDED)
def test_recorded_answers_are_nothing_to_look_at(source):
    assert look_at_warnings(source) == []


@pytest.mark.parametrize(("lesson", "name"), SOLUTIONS, ids=lambda each: getattr(each, "slug", each))
def test_the_solutions_raise_no_warning_of_any_kind(lesson, name):
    source = lesson.answers[name].solution
    assert look_at_warnings(source) == [] and by_hand_warnings(source, lesson.checks[name]) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import gc", "imports `gc`"),
        ("def f():\n    import os.path as p", "imports `os.path` (line 2)"),
        ("from subprocess import run", "imports `subprocess.run`"),
        ("from course_utils import checks", "imports `course_utils.checks`"),
        ("from course_utils.checks.convolution import check", "imports `course_utils.checks"),
        ("import sys\nsys.settrace(f)", "`.settrace`"),
        ("import sys\nsys.stdout.write('')", "`.stdout`"),
        ("from sys import modules", "imports `sys.modules`"),
        ("f.__globals__", "`.__globals__`"),
        ("().__class__.__base__.__subclasses__()", "`.__subclasses__`"),
        ("exec('')", "`exec`"),
        ("x = open", "`open`"),
        ("torch.allclose = lambda *a: True", "changes `torch.allclose`"),
        ("torch.Tensor.__eq__ = f", "changes `torch.Tensor.__eq__`"),
        ("import json as j\ndel j.dumps", "changes `j.dumps`"),
        ("setattr(torch, 'allclose', f)", "changes an attribute of `torch`"),
        ("def print(*a): pass", "takes over the built-in `print`"),
        ("class A:\n    def __eq__(self, other): return True", "the class `A` defines `__eq__`"),
        ("class A:\n    __torch_function__ = f", "defines `__torch_function__`"),
        ("x = 1  # \u202e", "cannot be seen: U+202E (line 1)"),
        ("def f(:\n\x1b[2J", "cannot be seen: U+001B (line 2)"),
    ],
)
def test_what_is_worth_a_look(source, told):
    assert any(told in line for line in look_at_warnings(source))


@pytest.mark.parametrize(
    "source",
    [
        "import math, itertools, time, warnings\nfrom functools import partial",
        "import sys\nx = sys.maxsize",
        "model.training = False\nmodel.fc.weight.data = x\nout[0] = 1",
        "def f(copy, models):\n    copy.grad = None\n    models.x = 1",
        "sum = 0\nmax = 1",
        "names = 'übung ×'\n\tx = 1",
        "torch.backends.cudnn.benchmark = True",
        "for m in model.modules(): pass",
    ],
)
def test_what_honest_people_write(source):
    assert look_at_warnings(source) == []


def test_a_thousand_findings_are_a_few_lines():
    assert len(look_at_warnings("import gc\n" * 1000)) == 10


@pytest.mark.parametrize(
    "use",
    [
        "F.conv2d(x, w)",
        "torch.nn.functional.conv2d(x, w)",
        "conv2d(x, w)",
        "getattr(F, 'conv2d')(x, w)",
        "(lambda g=F.conv2d: g(x, w))()",
    ],
)
def test_what_should_have_been_written_by_hand(use):
    exercise = SimpleNamespace(by_hand=("conv2d",))
    [line] = by_hand_warnings(f"def layer(x, w):\n    return {use}", exercise)
    assert line.startswith("line 2: `") and line.endswith("` is what this exercise asks to write by hand")


@pytest.mark.parametrize(
    "source",
    [
        "def conv2d(x):\n    return conv2d(x[1:])",
        "class A:\n    def go(self): return self.conv2d()",
        "# F.conv2d\nx = 'conv2d'",
        "def f(:",
    ],
)
def test_an_answer_may_use_its_own_name(source):
    assert by_hand_warnings(source, SimpleNamespace(by_hand=("conv2d",))) == []


def test_a_function_of_a_module_is_no_method():
    exercise = SimpleNamespace(by_hand=("F.unfold",))
    assert by_hand_warnings("def f(x):\n    return x.unfold(2, 3, 1)", exercise) == []
    for use in ("F.unfold(x, 3)", "torch.nn.functional.unfold(x, 3)", "unfold(x, 3)"):
        assert len(by_hand_warnings(f"def f(x):\n    return {use}", exercise)) == 1


def test_an_import_is_a_use():
    source = "from torch.nn.functional import conv2d as c"
    assert len(by_hand_warnings(source, SimpleNamespace(by_hand=("nn.functional.conv2d",)))) == 1
    assert by_hand_warnings(source, SimpleNamespace()) == []


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_raises(source):
    look_at_warnings(source), by_hand_warnings(source, SimpleNamespace(by_hand=("x",)))
    assert (canonical(source) == "") == (size(source) == 0)
    assert isinstance(without_magics("%x\n" + source)[0], str)


SAME = "def f(a, b=1):\n    c = F.pad(a, b)\n    def g(c): return c\n    return [g(z) for z in c]"
RENAMED = '''
import torch
def shift(image: torch.Tensor, amount: int = 1) -> list:
    """Documented."""
    # and remarked upon
    padded: list = torch.nn.functional.pad(image, amount)
    def same(
        padded,
    ): return padded
    return [same(row) for row in padded]
print(shift(torch.ones(1), 2))
'''


def test_renaming_comments_and_layout_do_not_count():
    assert canonical(SAME) == canonical(RENAMED) != "" and size(SAME) == size(RENAMED)


@pytest.mark.parametrize(
    ("old", "new"),
    [("b=1", "b=2"), ("F.pad", "F.fold"), ("return c\n", "return a\n"), ("(a, b)", "(b, a)"), ("(z)", "(c)")],
)
def test_what_is_different_stays_so(old, new):
    assert old in SAME and canonical(SAME.replace(old, new)) != canonical(SAME)


def test_two_variables_are_not_one():
    assert canonical("def f(a, b): return a + b") != canonical("def f(a, b): return a + a")
    assert canonical("def f(x):\n return len(x)") != canonical("def f(x):\n return sum(x)")
