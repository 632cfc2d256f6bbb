"""The same exercise judges an answer here and one that lives elsewhere, and tells neither what is right."""

import json
import subprocess
import sys

import pytest
import torch
from answers import EXERCISES, listed
from far_away import FarAway, far_away
from torch import nn

from course_utils.checks import (
    AnswerLost,
    Case,
    FunctionExercise,
    ModuleExercise,
    Remote,
    TrainedModelExercise,
    remembering,
)
from course_utils.worker.codec import Foreign, encode

FRESH = 20261121
# What a network was trained to do is no matter of where it is judged: tests/test_checks_networks.py.
QUICK = {name: exercise for name, exercise in EXERCISES.items() if exercise.name != "small_network"}
ANSWERS = [
    *((name, exercise, exercise.right_answer(), "oracle") for name, exercise in QUICK.items()),
    *(
        (name, exercise, exercise.as_answered(known), known.name)
        for name, exercise in QUICK.items()
        for known in exercise.misconceptions
    ),
    *(
        (name.rpartition("-")[0], exercise, answer, f"{kind} {name}")
        for kind in ("RIGHT", "WRONG")
        for name, exercise, answer in listed(kind)
        if exercise.name != "small_network"
    ),
]


@pytest.fixture(scope="module", autouse=True)
def one_memory():
    """As a class is graded: every answer on the same cases."""
    with remembering():
        yield


@pytest.mark.parametrize(
    ("exercise", "answer"), [pytest.param(e, a, id=f"{n}-{what}") for n, e, a, what in ANSWERS]
)
def test_the_verdict_is_the_same_from_far_away(exercise, answer):
    here, there = exercise.examine(answer, FRESH), exercise.examine(far_away(exercise, answer), FRESH)
    for what in ("passed", "right", "total", "attempted", "misconception", "certain", "failed_labels"):
        assert getattr(there, what) == getattr(here, what), (what, here.text, there.text)
    unreadable = [each for each in there.failures if each.response.error or foreign_in(each.response.value)]
    if not unreadable:  # exceptions come back as built-in ones, what is no data as the name of its type
        assert there.text == here.text


def foreign_in(value):
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return isinstance(value, Foreign) or any(map(foreign_in, parts))


def test_an_unwritten_answer_is_not_attempted_from_far_away_either():
    def conv2d(*args, **kwargs):
        raise NotImplementedError

    verdict = EXERCISES["convolution.conv2d"].examine(FarAway(conv2d))
    assert not verdict.attempted and verdict.points(EXERCISES["convolution.conv2d"]) == 0


def test_the_learners_names_of_arguments_are_in_the_text():
    def cross_correlate(picture, filter_):
        return picture

    assert "cross_correlate(picture (5, 5), filter_ (3, 3))" in (
        EXERCISES["convolution.cross_correlate"].examine(FarAway(cross_correlate)).text
    )


def test_an_input_changed_far_away_is_seen():
    def softmax(logits):
        logits -= logits.max(dim=1, keepdim=True).values
        return logits.exp() / logits.exp().sum(dim=1, keepdim=True)

    verdict = EXERCISES["cross_entropy.softmax"].examine(FarAway(softmax))
    assert "Your function changed its input `logits` in place" in verdict.text


@pytest.mark.parametrize(
    "after", [(), (None,), ("logits",), (torch.zeros(1),)], ids=["none", "nothing", "word", "other shape"]
)
def test_inputs_sent_back_in_another_form_are_changed_ones(after):
    class Echoes(FarAway):
        def ask(self, args, kwargs, seed, echo):
            return super().ask(args, kwargs, seed, False)[0], after, {}

    verdict = EXERCISES["cross_entropy.softmax"].examine(Echoes(lambda logits: torch.softmax(logits, 1)))
    assert verdict.right == 0


def test_where_it_was_raised_is_told_by_whoever_grades():
    class Told(FarAway):
        def ask(self, args, kwargs, seed, echo):
            error = ZeroDivisionError("division by zero")
            error.course_where, error.course_raised_in = "line 3 of softmax: return 1 / 0", "softmax"
            raise error

    text = EXERCISES["cross_entropy.softmax"].examine(Told(len)).text
    assert "raised ZeroDivisionError: division by zero\n    in line 3 of softmax: return 1 / 0" in text


@pytest.mark.parametrize("name", ["cross_entropy.softmax", "first_cnn.train_step", "first_cnn.small_network"])
def test_a_lost_process_is_no_wrong_answer(name):
    class Lost(Remote):
        def ask(self, *given):
            raise AnswerLost("time")

        play = ask

    with pytest.raises(AnswerLost):
        EXERCISES[name].examine(Lost())


RAW = [
    None,
    3,
    "text",
    [],
    {},
    {"returned": None},
    {"logits": 1, "alone": 2},
    torch.zeros(2),
    ValueError("x"),
]


@pytest.mark.parametrize("raw", RAW, ids=str)
@pytest.mark.parametrize("name", ["train_step", "evaluate", "MendedNet", "best_epoch", "count_parameters"])
def test_raw_data_of_another_form_is_refused(name, raw):
    class Forged(FarAway):
        def play(self, *given):
            return raw

    assert not EXERCISES[f"first_cnn.{name}"].examine(Forged(len)).passed


@pytest.mark.parametrize("name", ["train_step", "evaluate"])
def test_a_mode_is_believed_where_the_probe_bears_it_out(name):
    """Weights, numbers and words are all right: only the probe shows in which mode the model was left."""
    exercise = EXERCISES[f"first_cnn.{name}"]

    class Forged(FarAway):
        def play(self, *given):
            raw = super().play(*given)
            return {**raw, "mode": "evaluation" if raw["mode"] == "training" else "training"}

    cases = [case for case in exercise.draw(FRESH) if case.args[0] == "moody"]
    for case in cases:
        seen = exercise.respond(Forged(exercise.oracle), case).value
        assert seen["the mode afterwards"] == "not to be told"
        assert exercise.difference(exercise.expect(case), exercise.respond(Forged(exercise.oracle), case))


@pytest.mark.parametrize("name", [n for n, e in QUICK.items() if isinstance(e, FunctionExercise)])
def test_only_the_inputs_of_the_cases_cross_the_border(name):
    exercise = EXERCISES[name]
    answer = FarAway(exercise.as_answered(exercise.misconceptions[0]))
    exercise.examine(answer, FRESH)
    cases = exercise.draw(FRESH)
    assert answer.sent == "".join(json.dumps(encode((case.args, dict(case.kwargs)))) for case in cases)


def test_scenes_know_no_check():
    program = """
import pkgutil, sys, importlib, course_utils.scenes as scenes
for module in pkgutil.iter_modules(scenes.__path__):
    importlib.import_module(f"course_utils.scenes.{module.name}")
print([name for name in sys.modules if name.startswith(("course_utils.checks", "course_utils.grading"))])
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"


norm = ModuleExercise(
    name="norm",
    points=1,
    minutes=1,
    oracle=lambda features: nn.BatchNorm1d(features),
    cases=lambda rng: [
        Case((torch.randn(4, 3, generator=rng),), {"features": 3}, train=train) for train in (False, True)
    ],
)


def test_a_module_is_constructed_and_given_its_weights_far_away():
    assert norm.examine(FarAway(norm.oracle)).passed
    half = norm.examine(FarAway(lambda features: nn.BatchNorm1d(features, momentum=0.5, eps=1.0)))
    assert half.right == 0 and half.attempted
    text = norm.examine(FarAway(lambda features: nn.Linear(features, 2))).text
    assert (
        "the weights should have the shapes [(3,), (3,), (3,), (3,), ()]; yours have [(2, 3), (2,)]" in text
    )
    assert "expected an nn.Module, got int" in norm.examine(FarAway(lambda features: 3)).text


def test_a_model_trained_far_away_is_measured_here():
    trained = TrainedModelExercise(
        name="small",
        points=1,
        minutes=1,
        measure=lambda model: {"sum": model(torch.ones(1, 2)).sum().item()},
        requirements=(("sum", ">=", 3.0),),
    )
    model = nn.Linear(2, 1)
    nn.init.ones_(model.weight), nn.init.ones_(model.bias)
    assert trained.examine(FarAway(lambda: model)).passed
    assert trained.examine(FarAway(model)).passed
    assert "expected a trained nn.Module, got int" in trained.examine(FarAway(lambda: 3)).text
    assert not trained.examine(FarAway(lambda: ...)).attempted
