"""Every misconception is refused and named; every other recorded wrong answer is refused."""

import pytest
from answers import EXERCISES, SLUGS, listed, recorded

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


@pytest.mark.parametrize("slug", SLUGS)
def test_every_exercise_has_misconceptions_and_other_wrong_answers(slug):
    wrong = recorded("WRONG", slug)
    for name, exercise in EXERCISES.items():
        if name.startswith(f"{slug}."):
            assert exercise.misconceptions, f"{name} knows no mistake"
            assert wrong.get(exercise.name), f"wrong_answers/{slug}.py has nothing for {exercise.name}"
