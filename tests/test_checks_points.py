"""Points for parts of an answer, and a class graded on the same cases."""

from collections import Counter
from dataclasses import replace

from answers import EXERCISES, SLUGS, exercises
from far_away import FarAway, far_away

from course_utils.checks import Case, FunctionExercise, Misconception, memory, remembering
from course_utils.checks.memory import _memory


def in_halves(partial):
    cases = [Case((float(x),), label=f"{x}", group="small" if x < 3 else "large") for x in range(1, 5)]
    return FunctionExercise(
        name="twice", points=4, minutes=1, oracle=lambda x: 2 * x, cases=lambda rng: cases, partial=partial
    )


def test_points_by_group_of_cases():
    exercise = in_halves({"small": 1, "large": 2.5})
    only_small = exercise.examine(FarAway(lambda x: 2 * x if x < 3 else 0.0))
    assert (only_small.groups_right, only_small.points(exercise)) == ({"small"}, 1)
    assert (only_small.failed_labels, only_small.right_labels) == (("3", "4"), ("1", "2"))
    assert exercise.examine(lambda x: 2 * x if x != 1 else 0.0).points(exercise) == 2.5
    assert exercise.examine(lambda x: 2 * x if x in (2, 3) else 0.0).points(exercise) == 0
    assert exercise.examine(lambda x: 2 * x).points(exercise) == 4
    assert only_small.points(in_halves({"small": 9})) == 4  # never more than the exercise is worth
    assert only_small.points(in_halves(None)) == 0


def test_points_for_what_is_written_of_an_unfinished_answer():
    def twice(x):
        if x < 3:
            return 2 * x
        raise NotImplementedError

    exercise = in_halves({"small": 1, "large": 2})
    verdict = exercise.examine(FarAway(twice))
    assert not verdict.attempted and verdict.points(exercise) == 1


def test_points_by_step_of_a_derivation():
    exercise = EXERCISES["cross_entropy.softmax_gradient"]
    with_points = replace(exercise, partial={"dloss_dp": 1, "dp_dz": 1, "dloss_dz": 1})
    steps = exercise.right_answer()
    wrong = with_points.examine(far_away(exercise, {**steps, "dloss_dz": lambda p, y: p + y}))
    assert wrong.groups_right == {"dloss_dp", "dp_dz"} and wrong.points(with_points) == 2
    assert with_points.examine(steps).points(with_points) == exercise.points
    assert exercise.answer_names() == ("dloss_dp", "dp_dz", "dloss_dz")


def test_no_lesson_gives_points_in_parts_and_needs_come_earlier():
    for slug in SLUGS:
        names = list(exercises(slug))
        for name, exercise in exercises(slug).items():
            assert exercise.partial is None
            assert set(exercise.needs) <= set(names[: names.index(name)]), name


def counting(calls):
    def count(what, function):
        def counted(x):
            calls[what] += 1
            return function(x)

        return counted

    wrong = Misconception("thrice", count("mistaken", lambda x: 3 * x), "Thrice.")
    return FunctionExercise(
        name="twice",
        points=1,
        minutes=1,
        oracle=count("expected", lambda x: 2 * x),
        cases=lambda rng: calls.update(drawn=1) or [Case((1.0,)), Case((2.0,))],
        misconceptions=(wrong,),
    )


def test_a_class_on_the_same_cases_computes_what_is_right_once():
    calls = Counter()
    exercise = counting(calls)
    with remembering():
        verdicts = [exercise.examine(lambda x: 3 * x, seed=5) for _ in range(20)]
        assert calls == {"drawn": 1, "expected": 2, "mistaken": 2}
        exercise.examine(lambda x: 3 * x, seed=6)
        assert calls == {"drawn": 2, "expected": 4, "mistaken": 4}
    assert all(verdict.misconception.name == "thrice" and verdict.certain for verdict in verdicts)


def test_outside_nothing_is_remembered():
    calls = Counter()
    token = _memory.set(None)
    counting(calls).examine(lambda x: 3 * x)
    counting(calls).examine(lambda x: 3 * x)
    _memory.reset(token)
    assert calls == {"drawn": 2, "expected": 4, "mistaken": 4}


def test_what_is_remembered_does_not_grow_without_end(monkeypatch):
    monkeypatch.setattr(memory, "MOST", 10)
    calls = Counter()
    exercise = counting(calls)
    with remembering():
        assert all(exercise.examine(lambda x: 2 * x, seed=seed).passed for seed in range(30))
        assert len(_memory.get()) <= 10
