"""What a worker does on each request, tried in this process."""

import sys

import pytest
import torch

from course_utils.worker.codec import decode, encode
from course_utils.worker.serve import Answers, Namespace


@pytest.fixture
def answers(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    return Answers(Namespace())


def define(answers, source, name="f"):
    return answers.reply({"do": "define", "name": name, "source": source})


def call(answers, *args, name="f", seed=0, echo=False, **kwargs):
    request = {"do": "call", "name": name, "args": encode(args), "kwargs": encode(kwargs)}
    return answers.reply(request | {"seed": seed, "echo": echo})


def test_cells_share_one_namespace_called_main(answers):
    assert define(answers, "import math\ndef half(x):\n    return x / 2") == {"ok": True}
    assert answers.reply({"do": "run", "source": "factor = 3"}) == {"ok": True}
    define(answers, "def f(x, *, y):\n    return half(x) * factor + y, __name__, math.pi > 3")
    assert decode(call(answers, 4, y=1)["value"]) == (7.0, "__main__", True)


def test_dataclasses_and_sources_work_as_in_a_notebook(answers):
    source = """
from __future__ import annotations
import dataclasses, inspect
@dataclasses.dataclass
class Pair:
    a: int
    b: float = 2.0
def f():
    return dataclasses.astuple(Pair(1)), inspect.getsource(f)
"""
    assert define(answers, source) == {"ok": True}
    value, text = decode(call(answers)["value"])
    assert value == (1, 2.0) and text.startswith("def f():")


def test_what_a_cell_raises_is_data(answers):
    error = decode(define(answers, "x = 1\nraise ValueError('no')", name="conv2d")["error"])
    assert type(error) is ValueError and error.course_frames == (("<module>", 2, "conv2d"),)
    assert type(decode(define(answers, "def f(:")["error"])) is SyntaxError
    assert type(decode(define(answers, "import sys; sys.exit(3)")["error"])) is SystemExit
    assert type(decode(define(answers, "raise KeyboardInterrupt")["error"])) is SystemExit
    assert type(decode(define(answers, "x" + "+x" * 100_000)["error"])) in (RecursionError, MemoryError)


def test_the_stub_stays_bare(answers):
    define(answers, "def f():\n    raise NotImplementedError")
    error = decode(call(answers)["error"])
    assert type(error) is NotImplementedError and error.args == ()


def test_what_cannot_even_be_described_is_an_error_still(answers):
    define(answers, "class Odd(Exception):\n    args = property(lambda self: 1 / 0)\ndef f():\n    raise Odd")
    assert isinstance(decode(call(answers)["error"]), Exception)


@pytest.mark.parametrize(
    ("source", "kind", "value"),
    [
        ("", "missing", None),
        ("def f(): pass", "callable", None),
        ("class f: pass", "callable", None),
        ("import torch\nf = torch.nn.Linear(1, 1)", "module", None),
        ("f = (1, 2.5)", "value", (1, 2.5)),
    ],
)
def test_look_tells_what_a_name_stands_for(answers, source, kind, value):
    define(answers, source)
    found = answers.reply({"do": "look", "name": "f"})
    assert found["kind"] == kind and decode(found["value"]) == value


def test_a_missing_name_is_a_name_error(answers):
    assert type(decode(call(answers, name="g")["error"])) is NameError


def test_inputs_come_back_as_the_call_left_them(answers):
    define(answers, "def f(x, y):\n    x += 1\n    return y")
    reply = call(answers, torch.zeros(2), y=[1], echo=True)
    assert decode(reply["args"])[0].tolist() == [1, 1] and decode(reply["kwargs"]) == {"y": [1]}
    assert "args" not in call(answers, torch.zeros(2), y=1)


def test_non_contiguous_inputs_arrive_so(answers):
    define(answers, "def f(x):\n    return x.stride()")
    assert decode(call(answers, torch.zeros(2, 3).T)["value"]) == (1, 3)


def test_randomness_comes_from_the_seed_and_leaves_no_trace(answers):
    define(answers, "import torch\ndef f():\n    return torch.rand(3)")
    torch.manual_seed(5)
    before = torch.default_generator.get_state()
    first, again, other = (decode(call(answers, seed=seed)["value"]) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.default_generator.get_state(), before)


def test_too_large_a_value_is_said_to_be(answers):
    define(answers, "import torch\ndef f():\n    return torch.zeros(1).expand(10**12)")
    assert "too_much" in call(answers)
    define(answers, "def f():\n    x = [0]\n    for _ in range(30):\n        x = [x, x]\n    return x")
    assert "too_much" in call(answers)


@pytest.mark.parametrize(
    "scene",
    ["os:system", "course_utils.checks:Exercise", "course_utils.scenes.x", "course_utils.scenes.a:b.c"],
)
def test_only_scenes_are_played(answers, scene):
    define(answers, "def f(*args): pass")
    reply = answers.reply({"do": "play", "scene": scene, "name": "f", "args": encode((1,))})
    assert isinstance(decode(reply["error"]), Exception)


def test_a_request_that_is_none_ends_nothing(answers):
    assert "error" in answers.reply({"do": "dance"})
    assert "error" in answers.reply({})


def test_what_only_a_notebook_defines_does_no_harm(answers, capsys):
    source = """
shell = get_ipython()
shell.run_line_magic("matplotlib", "inline")
shell.ast_transformers.append(None)
if shell:
    raise ValueError("a shell")
display("x", 1)
def f():
    return display(2)
"""
    assert define(answers, source) == {"ok": True}
    assert decode(call(answers)["value"]) is None
    assert capsys.readouterr().out == "'x'\n1\n2\n"
    define(answers, "def display(x):\n    return x")
    assert decode(call(answers)["value"]) == 2
