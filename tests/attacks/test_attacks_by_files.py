"""Attacks that no commit could hold: odd names, monstrous notebooks, sources that break parsers."""

from __future__ import annotations

import csv
import json
import os
import sys

import pytest
from grading_class import HONEST, Tags, grade, honest, solution

if sys.platform == "win32":
    pytest.skip("grading does not run on Windows", allow_module_level=True)

NAMES = {  # of honest submissions
    "html": "<img src=x onerror=alert(1)>",
    "script": "'\"><script>alert(1)<script>",
    "backwards": "\u202egnp.exe\u2066",
    "formula": '=HYPERLINK("x")',
    "lines": "first\nsecond\r\x1b[2J\x07",
    "long": "n" * 230,
    "dots": "a..b",
    "percent": "%2e%2e%2fa&lt;b",
    "bytes": os.fsdecode(b"\xff\xfe\x80"),
}
MONSTERS = {  # the text of a file
    "deep": '{"cells": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "huge": '{"cells": [{"cell_type": "code", "source": "' + "x" * 100_000_000 + '"}]}',
    "keys": '{"cells": [], "cells": {}, "nbformat": NaN, "metadata": 1e999}',
    "digits": '{"nbformat": ' + "9" * 100_000 + "}",
    "array": "[]",
    "empty": "",
    "cut": '{"cells": [{"cell_type": "code", "source": ["def f',
    "bytes": "\x00\x01\x02",
}
SOURCES = {  # in front of a right answer; each may cost its own points, and no more
    "minus": "-" * 90_000 + "1",
    "brackets": "(" * 45_000 + ")" * 45_000,
    "lists": "[" * 180 + "]" * 180,
    "dots": "int" + ".real" * 15_000,
    "calls": "int" + "()" * 40_000,
    "plus": "1" + "+1" * 40_000,
    "power": "1" + "**1" * 20_000,
    "digits": "9" * 90_000,
    "lambdas": "lambda:" * 10_000 + "1",
    "words": "not " * 20_000 + "1",
    "branches": "if 1: pass\n" + "elif 1: pass\n" * 5_000,
    "blocks": "".join(" " * depth + "if 1:\n" for depth in range(99)) + " " * 99 + "pass",
    "surrogate": "'\ud800'",
    "null": "'\x00'",
    "cookie": "# -*- coding: rot13 -*-",
    "feeds": "\x0c\x0b\x1c\u2028\u0085",
    "names": ",".join(f"a{number}" for number in range(12_000)) + " = range(12_000)",
    "stars": "*" * 50_000 + "a, = []",
    "format": "f'" + "{x:" * 3_000 + "}" * 3_000 + "'",
}


def with_source(text):
    """A right answer after this text."""
    notebook = solution("02_convolution", "output_size")
    cell = notebook["cells"][0]
    cell["source"] = [f"{text}\n", *cell["source"]]
    return json.dumps(notebook)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    class_ = folder / "class"
    class_.mkdir()
    for number, name in enumerate(NAMES.values()):
        (class_ / f"{name}.ipynb").write_text(honest(number, *HONEST))
    for name, text in MONSTERS.items():
        (class_ / f"monster-{name}.ipynb").write_text(text)
    for name, text in SOURCES.items():
        (class_ / f"source-{name}.ipynb").write_text(with_source(text))
    os.mkfifo(class_ / "pipe.ipynb")
    (class_ / "zero.ipynb").symlink_to("/dev/zero")
    (class_ / "passwd.ipynb").symlink_to("/etc/passwd")
    (class_ / "zz-honest.ipynb").write_text(honest("zz", *HONEST))
    return grade(class_, folder / "results")


def test_the_batch_comes_to_its_end(graded):
    assert graded.ended.returncode == 0, graded.ended.stderr
    with (graded.results / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(graded.records) == len(NAMES) + len(MONSTERS) + len(SOURCES) + 1
    assert not any(row["submission"].startswith(("=", "+", "-", "@")) for row in rows)


def test_an_odd_name_costs_nothing(graded):
    points = [record["total"] for name, record in graded.records.items() if "-" not in name]
    assert points.count(8) == len(NAMES), points
    assert graded.records["zz-honest"]["total"] == 8


@pytest.mark.parametrize("name", MONSTERS)
def test_a_monster_is_a_row_with_no_points(graded, name):
    record = graded.records[f"monster-{name}"]
    assert record["total"] == 0 and record["fatal"]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_breaks_parsers_gets_a_verdict(graded, name):
    record = graded.records[f"source-{name}"]
    assert not record["fatal"], record["fatal"]
    found = next(result for result in record["results"] if result["exercise"] == "output_size")
    assert found["points"] in (0, 2)
    assert "could not be judged" not in found["text"], found["text"]


def test_no_link_and_no_pipe_is_read(graded):
    said = json.loads((graded.results / "scores.json").read_text())["problems"]
    assert {"pipe", "zero", "passwd"} <= {
        word for line in said for word in ("pipe", "zero", "passwd") if word in line
    }
    assert not any("root:" in page for page in graded.pages().values())


def test_pages_hold_nothing_that_runs(graded):
    for name, page in graded.pages().items():
        if name.endswith(".html"):
            assert not Tags(page).active, name
            assert not any(sign in page for sign in ("\u202e", "\x1b", "\x00", "\u2028")), name
