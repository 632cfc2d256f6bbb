"""A check that stops looking at one of its cases must not go unnoticed.

Each right answer is spoilt in one case at a time: the check must refuse it. The second test blinds the check
to that case and sees the first test's method find it, so that the method itself is known to work.
"""

import dataclasses

import numpy as np
import pytest
import torch
from answers import EXERCISES

from course_utils.checks import TrainedModelExercise
from course_utils.checks.compare import as_tensor
from course_utils.checks.respond import Response

pytestmark = pytest.mark.usefixtures("as_a_class_is_graded")


def spoilt(response):
    """A response that differs a little from a right one."""
    if response.error is not None:
        return Response("no exception")
    return Response(spoilt_value(response.value))


def spoilt_value(value):
    if isinstance(value, dict):
        first = next(iter(value))
        return {**value, first: spoilt_value(value[first])}
    if isinstance(value, (tuple, list)):
        return [spoilt_value(value[0]), *value[1:]]
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, str):
        return value + "?"
    tensor = as_tensor(value).clone()
    if tensor.dtype == torch.bool:
        return ~tensor
    flat = tensor.reshape(-1)
    flat[0] = flat[0] * 1.5 + 1 if torch.isfinite(flat[0]) else 0
    return flat.reshape(tensor.shape)


def spoilt_measure(exercise, case, response):
    name, sign, bound = case.args
    return Response({**response.value, name: bound - 1 if sign in (">=", ">") else bound + 1})


def unnoticed(exercise, cases, right):
    """The cases in which a spoilt response is accepted."""
    answer = exercise.right_answer() if not isinstance(exercise, TrainedModelExercise) else None
    accepted = []
    for number, response in enumerate(right):
        if isinstance(exercise, TrainedModelExercise):
            wrong = spoilt_measure(exercise, cases[number], response)
        else:
            wrong = spoilt(response)
        if exercise.judge(answer, cases, [*right[:number], wrong, *right[number + 1 :]]).passed:
            accepted.append(number)
    return accepted


def right_responses(exercise):
    cases = exercise.drawn(0)
    if isinstance(exercise, TrainedModelExercise):
        met = {name: bound for name, _, bound in exercise.requirements}
        return cases, [Response(met)] * len(cases)
    return cases, [exercise.respond(exercise.right_answer(), case) for case in cases]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_case_is_looked_at(name):
    cases, right = right_responses(EXERCISES[name])
    assert cases and EXERCISES[name].judge(None, cases, right).passed
    assert unnoticed(EXERCISES[name], cases, right) == []


@pytest.mark.parametrize("name", EXERCISES)
def test_a_blinded_check_is_found_out(name):
    exercise = EXERCISES[name]
    cases, right = right_responses(exercise)
    for blind in range(len(cases)):
        assert unnoticed(blinded(exercise, cases[blind]), cases, right) == [blind]


def blinded(exercise, case):
    """The same exercise, blind to one case."""

    class Blind(type(exercise)):
        def _sort(self, cases, responses):
            seen = [pair for pair in zip(cases, responses, strict=True) if pair[0] is not case]
            return super()._sort([c for c, _ in seen], [r for _, r in seen])

        def expected_of(self, case):
            return exercise.expected_of(case)

        def mistaken(self, known, case):
            return exercise.mistaken(known, case)

    fields = {field.name: getattr(exercise, field.name) for field in dataclasses.fields(exercise)}
    return Blind(**fields)
