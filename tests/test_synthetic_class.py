"""The class that the benchmark of grading makes up: its wrong answers are wrong, its right ones right."""

import ast

import pytest
from answers import exercises
from benchmarks import submissions

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
