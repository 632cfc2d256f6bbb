"""What a worker may send in place of an answer: no exercise takes it for right, and none falls over."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch

from course_utils.checks.first_cnn import check as first_cnn
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.memory import remembering
from course_utils.checks.observed import ObservedExercise
from course_utils.checks.remote import Remote
from course_utils.checks.respond import Response
from course_utils.worker.codec import Foreign, decode, encode

CHECKS = ("convolution", "cross_entropy", "first_cnn")
EXERCISES = {
    name: exercise
    for module in CHECKS
    for name, exercise in importlib.import_module(f"course_utils.checks.{module}").check.exercises.items()
}
SEED = 11
DTYPES = (
    "bool",
    "uint8",
    "int8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "complex64",
    "float64",
)
SHAPES = ([0], [], [1] * 32, [0, 2**31 - 1], [2, 0, 2**31 - 1], [3, 3], [1, 1, 1, 1])
ERRORS = (
    "KeyboardInterrupt",
    "SystemExit",
    "GeneratorExit",
    "StopIteration",
    "ExceptionGroup",
    "MemoryError",
)
ERRORS += (
    "NotImplementedError",
    "RecursionError",
    "UnicodeDecodeError",
    "OSError",
    "Warning",
    "AssertionError",
)


@pytest.fixture(autouse=True, scope="module")
def as_when_grading_a_class():
    with remembering():
        yield


def nested(depth):
    value = 1.0
    for _ in range(depth):
        value = [value, (value,)] if depth < 6 else [value]
    return value


def hostile_values():
    """Everything odd that the codec lets through, by name."""
    yield from {
        "none": None,
        "true": True,
        "zero": 0,
        "huge": 2**4000,
        "nan": float("nan"),
        "infinite": float("inf"),
        "complex": complex(float("nan"), 1),
        "text": "right\x1b[2J\u202e<script>" * 1000,
        "nothing": [],
        "deep": nested(28),
        "bushy": nested(5),
        "long": [0] * 90_000,
        "nans": (float("nan"),) * 2,
        "keys": {None: 1, ("a", 1): float("nan"), True: {}, 1.5: []},
        "array": np.full((2, 3), np.nan),
        "unsigned": np.uint64(2**64 - 1),
        "half": np.float16("nan"),
        "large": torch.zeros(1_000_000),
        "parameter": torch.nn.Parameter(torch.ones(3, 3)),
    }.items()
    for name in DTYPES:
        for number, shape in enumerate(SHAPES):
            size = int(np.prod(shape, dtype=object))
            yield f"{name}-{number}", torch.ones(size).to(getattr(torch, name)).reshape(shape)
    for name in ERRORS:
        data = {"kind": "exception", "type": name, "text": "x", "where": [], "raised_in": "f"}
        yield name, decode(data)
        yield f"bare {name}", decode({**data, "text": None})
    for name in ("Tensor", "NoneType", "function", "__class__"):
        yield f"foreign {name}", type(name, (Foreign,), {})()


VALUES = dict(hostile_values())


class Says(Remote):
    """An answer that says always the same, or raises it."""

    def __init__(self, value, raises=False):
        self.value, self.raises = value, raises

    def ask(self, args, kwargs, seed, echo):
        if self.raises:
            raise self.value
        return self.value, args, kwargs

    def play(self, scene, args, kwargs, seed):
        return self.ask((), {}, seed, False)[0]


def judged(exercise, answer, seed=SEED):
    names = exercise.answer_names()
    return exercise.examine(answer if len(names) == 1 else dict.fromkeys(names, answer), seed)


class Table(Says):
    """Knows by heart what is right for the cases of the notebook, and nothing else."""

    def __init__(self, exercise):
        self.known = {key(case.args, case.kwargs): exercise.expect(case) for case in exercise.draw(0)}

    def ask(self, args, kwargs, seed, echo):
        known = self.known.get(key(args, kwargs), Response())
        if known.error is not None:
            raise known.error
        return known.value, args, kwargs


def key(args, kwargs):
    return repr((args, sorted(kwargs.items())))


FUNCTIONS = {
    name: e for name, e in EXERCISES.items() if isinstance(e, FunctionExercise) and not hasattr(e, "scene")
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_table_of_the_notebooks_cases_is_not_enough(name):
    """A learner sees each call that fails, with what was expected: enough to write all of them down."""
    exercise = FUNCTIONS[name]
    assert judged(exercise, Table(exercise), seed=0).passed
    assert not judged(exercise, Table(exercise)).passed


def right_by_chance(exercise, value):
    """A plain value may be the right answer to an exercise that asks for one value."""
    return exercise.name in ("one_pixel", "fooling_kernel") and isinstance(value, (int, float, torch.Tensor))


@pytest.mark.parametrize("name", EXERCISES)
def test_no_exercise_takes_hostile_data_for_right(name):
    exercise = EXERCISES[name]
    for label, value in VALUES.items():
        if right_by_chance(exercise, value):
            continue
        answers = [Says(value)]
        if isinstance(value, BaseException):
            answers = [Says(value), Says(value, raises=True)]
        for answer in answers:
            verdict = judged(exercise, answer)
            assert not verdict.passed and not verdict.points(exercise), label
            assert len(verdict.text) < 20_000, label


OBSERVED = {name: e for name, e in first_cnn.exercises.items() if isinstance(e, ObservedExercise)}
ENOUGH = {("MendedNet", "trainable"), ("best_epoch", "val reads")}  # any, or more, is as good
SOME = ("nan", "nans", "infinite", "nothing", "text", "float64-1", "float64-5", "bool-5", "SystemExit")


class Mutated(Remote):
    """Plays the scene with a right answer, and leaves out or exchanges one part of what it reports."""

    def __init__(self, exercise, part, value=None, left_out=False):
        self.exercise, self.part, self.value, self.left_out = exercise, part, value, left_out

    def play(self, scene, args, kwargs, seed):
        raw = decode(encode(self.exercise.scene(self.exercise.oracle, *args, **kwargs)))
        del raw[self.part]
        return raw if self.left_out else {**raw, self.part: self.value}


@pytest.mark.parametrize("name", OBSERVED)
def test_no_part_of_what_a_scene_reports_can_be_left_out_or_exchanged(name):
    exercise = OBSERVED[name]
    case = exercise.draw(SEED)[0]
    raw = exercise.scene(exercise.oracle, *case.args, **case.kwargs)
    for part in raw if isinstance(raw, dict) else ():
        assert not judged(exercise, Mutated(exercise, part, left_out=True)).passed, part
        for label in SOME if (name, part) not in ENOUGH else ():
            assert not judged(exercise, Mutated(exercise, part, VALUES[label])).passed, (part, label)
