"""A course of one exercise, and answers to it: shared by the tests of progress."""

import contextlib

from course_utils.checks import Case, CheckFailed, Checks, FunctionExercise, Misconception


def triple(number):
    return 3 * number


def double(number):
    return 2 * number


def double_by_addition(number):
    return number + number


def stub(number):
    raise NotImplementedError


def some_cases(rng):
    return [Case((2,)), Case((5,))]


def a_check(lesson="02_convolution"):
    exercise = FunctionExercise(
        name="double", points=1, minutes=5, oracle=double, cases=some_cases,
        misconceptions=(Misconception("trebled", triple, "You took it three times."),),
    )  # fmt: skip
    return Checks(lesson, [exercise])


def answer(answered, check=None):
    with contextlib.suppress(CheckFailed):
        (check or a_check()).double(answered)
