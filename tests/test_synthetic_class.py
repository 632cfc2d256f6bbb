"""The class that the benchmark of grading makes up: its wrong answers are wrong, its right ones right."""

import ast
import importlib

import pytest
from answers import exercises
from benchmarks import submissions
from lesson_files import ROOT

pytestmark = pytest.mark.usefixtures("as_a_class_is_graded")
CASES = [
    (lesson, name, number)
    for lesson in submissions.LESSONS
    for name, sources in submissions.wrong_sources(lesson).items()
    for number in range(len(sources))
]


def answer_of(lesson, exercise, source):
    """What an answer cell gives to the check, after the lesson's own imports."""
    names = {"__name__": "__main__"}
    for cell in submissions.handed_in(lesson, {}, exercises_only=True)["cells"]:
        if not submissions.role(cell)[1]:
            exec("".join(cell["source"]), names)
    exec(submissions.unmarked(source, "0000"), names)
    defined = [names[name] for name in exercise.answer_names()]
    return defined[0] if len(defined) == 1 else defined


@pytest.mark.parametrize("lesson,name,number", CASES, ids=[f"{a[3:]}.{b}-{c}" for a, b, c in CASES])
def test_a_wrong_answer_is_refused(lesson, name, number):
    exercise = exercises(lesson[3:])[name]
    answer = answer_of(lesson, exercise, submissions.wrong_sources(lesson)[name][number])
    verdict = exercise.examine(answer, seed=1)
    assert not verdict.passed
    assert "not been written" not in verdict.text, "a stub is no wrong answer"


@pytest.mark.parametrize("lesson", submissions.LESSONS)
def test_every_exercise_has_wrong_answers_and_right_ones_differ_by_student(lesson):
    assert set(submissions.wrong_sources(lesson)) == set(submissions.points(lesson))
    right = submissions.right_sources(lesson)
    assert set(right) == set(submissions.points(lesson))
    for source in right.values():
        first, second = (submissions.unmarked(source, student) for student in ("0001", "0002"))
        assert ast.dump(ast.parse(first)) != ast.dump(ast.parse(second))
        assert "SOLUTION" not in first


def test_a_class_is_the_same_twice_and_mixed():
    first, again = (submissions.whole_class("02_convolution", 20) for _ in range(2))
    assert first == again
    assert first != submissions.whole_class("02_convolution", 20, seed=1)
    totals = {sum(made.points.values()) for made in first}
    assert len(totals) > 5
    assert len({made.name for made in first}) == 20


def test_a_passage_that_is_gone_is_named():
    with pytest.raises(ValueError, match=r"the solution of f has no 'b'"):
        submissions._replaced("a", "b", "c", "f")


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: importlib.import_module(f"tests.benchmarks.{name}")


def record(name, **points):
    results = [{"exercise": each, "points": worth, "text": ""} for each, worth in points.items()]
    return {"submission": name, "results": results}


def test_a_wrong_score_and_a_lost_submission_are_found(benchmark):
    wrong_scores = benchmark("graders").wrong_scores
    expected = {"a": {"f": 1, "g": 2}, "b": {"f": 0, "g": 2}}
    right = [record("a", f=1, g=2), record("b", f=0, g=2), record("a cheat", f=9)]
    assert wrong_scores({"records": right}, expected) == []
    [line] = wrong_scores({"records": [record("a", f=1, g=1), right[1]]}, expected)
    assert line.startswith("a g: 1, not 2")
    assert wrong_scores({"records": right[:1]}, expected) == ["b: not graded"]


def test_cheats_lie_among_the_honest_and_their_gain_is_found(benchmark, tmp_path):
    hostile_class = benchmark("hostile_class")
    honest, hostile = hostile_class.make(tmp_path / "class", 20, 0.25, ["02_convolution", "04_cross_entropy"])
    assert (len(honest), len(hostile)) == (15, 5)
    assert {path.stem for path in (tmp_path / "class").iterdir()} == {*honest, *hostile}
    assert min(hostile) < max(honest) and min(honest) < max(hostile)
    assert len({attack.name for attack in hostile.values()}) == 5
    name, attack = next(iter(hostile.items()))
    due = record(name, **{attack.exercise: attack.expected})
    assert hostile_class.too_much(due, hostile) == []
    gained = record(name, **{attack.exercise: attack.expected + 1})
    assert len(hostile_class.too_much(gained, hostile)) == 1
    elsewhere = record(name, **{attack.exercise: attack.expected, "another": 1})
    assert len(hostile_class.too_much(elsewhere, hostile)) == 1
    assert hostile_class.too_much(record(min(honest), f=9), hostile) == []
