"""Every misconception is refused and named; every other recorded wrong answer is refused."""

from contextlib import contextmanager

import pytest
from answers import EXERCISES, SLUGS, listed, recorded

from course_utils.checks.memory import _memory

pytestmark = pytest.mark.usefixtures("as_a_class_is_graded")
FRESH = 20261121
KNOWN = [
    pytest.param(exercise, known, id=f"{name}-{known.name}")
    for name, exercise in EXERCISES.items()
    for known in exercise.misconceptions
]
OTHERS = listed("WRONG")


@pytest.mark.parametrize("exercise,known", KNOWN)
@pytest.mark.parametrize("seed", [0, FRESH])
def test_a_misconception_is_refused_and_named(exercise, known, seed):
    verdict = exercise.examine(exercise.as_answered(known), seed)
    assert not verdict.passed
    assert verdict.misconception is known, verdict.text
    assert known.says in verdict.text


@pytest.mark.parametrize("exercise,answer", [row[1:] for row in OTHERS], ids=[row[0] for row in OTHERS])
def test_a_wrong_answer_is_refused(exercise, answer):
    for seed in (0, FRESH):
        verdict = exercise.examine(answer, seed)
        assert not verdict.passed
        assert verdict.text.startswith(exercise.name)


@contextmanager
def forgetting():
    token = _memory.set(None)
    yield
    _memory.reset(token)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_verdict_is_the_same_without_the_memory_of_a_class(name):
    """A learner's notebook remembers nothing: cases are drawn anew, and what is right is computed anew."""
    exercise = EXERCISES[name]
    answer = exercise.as_answered(exercise.misconceptions[-1])
    remembered = exercise.examine(answer)
    with forgetting():
        assert exercise.examine(answer).text == remembered.text


@pytest.mark.parametrize("slug", SLUGS)
def test_every_exercise_has_misconceptions_and_other_wrong_answers(slug):
    wrong = recorded("WRONG", slug)
    for name, exercise in EXERCISES.items():
        if name.startswith(f"{slug}."):
            assert exercise.misconceptions, f"{name} knows no mistake"
            assert wrong.get(exercise.name), f"wrong_answers/{slug}.py has nothing for {exercise.name}"
