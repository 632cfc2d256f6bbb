"""Pairs that are the same up to renaming; and the names under which submissions are listed and filed."""

import pytest

from course_utils.grading.naming import safe_text, slug, slugs, unique
from course_utils.grading.reports.similarity import Pair, pairs

LONG = "def f(x, y):\n" + "".join(f"    a{n} = x * {n} + y\n" for n in range(20)) + "    return a1"
OTHER = LONG.replace("*", "-")
SHORT = "def f(x):\n    return x + 1"


def copied(source):
    return source.replace("x", "picture").replace("a1", "first")


def test_a_copy_is_listed_once_with_what_it_shares():
    answers = {
        "c": {"one": OTHER},
        "b": {"one": copied(LONG), "two": copied(OTHER), "three": SHORT},
        "a": {"one": LONG, "two": OTHER, "three": SHORT},
    }
    [pair] = pairs(answers)
    assert pair == Pair("a", "b", ("one", "two"), pair.weight) and pair.weight > 200


def test_what_is_short_known_or_no_python_says_nothing():
    assert pairs({"a": {"one": SHORT}, "b": {"one": SHORT}}) == []
    assert pairs({"a": {"one": LONG}, "b": {"one": LONG}}, {"one": [copied(LONG)]}) == []
    assert pairs({"a": {"one": "def f(:" * 50}, "b": {"one": "def f(:" * 50}}) == []


def variants(count):
    return {f"s{number:04}": {"one": LONG.replace("19", str(number + 100))} for number in range(count)}


def test_what_many_share_says_nothing():
    answers = variants(100)
    for number in range(6):
        answers[f"copy{number}"] = {"one": LONG}
    assert pairs(answers) == []
    del answers["copy5"]
    assert len(pairs(answers)) == 10


def test_a_large_class_is_listed_by_weight_and_within_bounds():
    answers = {f"s{number}": {"one": LONG.replace("19", str(number // 20 + 100))} for number in range(1000)}
    answers |= {"x": {"one": OTHER, "two": LONG}, "y": {"one": OTHER, "two": LONG}}
    found = pairs(answers)
    assert len(found) == 1000 and (found[0].a, found[0].b) == ("x", "y")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë/02", "Zoë/02"),
        ("a\u202eb\x1b[2J\n", "a\\u202eb\\x1b[2J\\x0a"),
        ("\udcff", "\\udcff"),
        ("x" * 5000, "x" * 100 + " … " + "x" * 97),
    ],
)
def test_names_are_shown_safely(name, shown):
    assert safe_text(name) == shown and len(safe_text("\u202e" * 999)) <= 200


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Zoë Müller/02_convolution", "Zoe-Mueller-02_convolution"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "CON-"),
        ("lpt1", "lpt1-"),
        ("", "submission"),
        ("王小明", "submission"),
        (".hidden.", "hidden"),
        ("<script>", "script"),
        ("x" * 500, "x" * 40 + "-" + "x" * 39),
    ],
)
def test_file_names_are_plain(name, file):
    assert slug(name) == file


def test_file_names_are_unique_on_every_file_system():
    assert slugs(["a", "A", "王", "李", "a-2", "à"]) == [
        "a",
        "A-2",
        "submission",
        "submission-2",
        "a-2-2",
        "a-3",
    ]
    assert unique(["n", "N", "n"]) == ["n", "N (2)", "n (3)"]
