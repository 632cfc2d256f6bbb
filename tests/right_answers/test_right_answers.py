"""Honest answers in several styles pass; so does the oracle, whatever the seed."""

import pytest
from answers import EXERCISES, SLUGS, listed, recorded

pytestmark = pytest.mark.usefixtures("as_a_class_is_graded")
FRESH = 20261121  # any seed that no lesson uses: grading draws fresh cases
HONEST = listed("RIGHT")


@pytest.mark.parametrize("exercise,answer", [row[1:] for row in HONEST], ids=[row[0] for row in HONEST])
@pytest.mark.parametrize("seed", [0, FRESH])
def test_an_honest_answer_passes(exercise, answer, seed):
    verdict = exercise.examine(answer, seed)
    assert verdict.passed, verdict.text


@pytest.mark.parametrize("slug", SLUGS)
def test_every_exercise_has_three_styles(slug):
    styles = recorded("RIGHT", slug)
    assert set(styles) == {name.partition(".")[2] for name in EXERCISES if name.startswith(f"{slug}.")}
    few = {name: len(answers) for name, answers in styles.items() if len(answers) < 3}
    assert not few, f"fewer than three honest answers: {few}"
