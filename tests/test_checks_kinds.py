"""Modules, derivations, choices, values and trained models: what passes, and what is said where not."""

import pytest
import torch
from torch import nn

from course_utils.checks import (
    Case,
    ChoiceExercise,
    DerivationExercise,
    FunctionExercise,
    Misconception,
    ModuleExercise,
    Step,
    TrainedModelExercise,
    ValueExercise,
)


def module_cases(rng):
    x = torch.randn(4, 3, generator=rng)
    return [Case((x,), {"features": 3}), Case((x,), {"features": 3}, train=True)]


class Own(nn.Module):
    """BatchNorm1d under other names."""

    def __init__(self, features):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("var", torch.ones(features))
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, x):
        mean, var = (x.mean(0), x.var(0, unbiased=False)) if self.training else (self.mean, self.var)
        return self.scale * (x - mean) / (var + 1e-5).sqrt() + self.shift


class NeverEvaluates(Own):
    def forward(self, x):
        return self.train()._forward(x)

    _forward = Own.forward


norm = ModuleExercise(
    name="norm",
    points=1,
    minutes=1,
    oracle=lambda features: nn.BatchNorm1d(features),
    cases=module_cases,
    misconceptions=(Misconception("batch statistics always", NeverEvaluates, "You use the batch always."),),
)


def test_a_module_with_its_own_names_passes():
    assert norm.examine(Own).passed


def test_a_module_that_forgets_its_mode_is_named():
    verdict = norm.examine(NeverEvaluates)
    assert (verdict.right, verdict.total) == (1, 2)
    assert "You use the batch always." in verdict.text


def test_a_module_with_other_weights():
    text = norm.examine(lambda features: nn.Linear(features, 2)).text
    assert (
        "the weights should have the shapes [(3,), (3,), (3,), (3,), ()]; yours have [(2, 3), (2,)]" in text
    )


def test_an_instance_instead_of_the_class():
    assert "Pass the class itself: check.norm(norm)" in norm.examine(Own(3)).text


def points(rng):
    def draw(n, k):
        return Case(kwargs={"x": torch.randn(n, k, generator=rng, dtype=torch.float64)})

    return [draw(3, 2), draw(4, 5), draw(2, 7)]


derivation = DerivationExercise(
    name="mean_square",
    points=4,
    minutes=9,
    cases=points,
    dimensions=lambda symbols: {"N": len(symbols["x"]), "K": symbols["x"].shape[1]},
    steps=(
        Step("square", lambda x: x**2, "x²"),
        Step(
            "value",
            lambda x: (x**2).mean() + x.sum(),
            "the loss",
            terms={"Σx": lambda x: x.sum(), "mean of squares": lambda x: (x**2).mean()},
        ),
        Step("gradient", lambda x: 2 * x / len(x), "its gradient"),
    ),
    misconceptions=(Misconception("two forgotten", {"gradient": lambda x: x / len(x)}, "The 2 is missing."),),
)
RIGHT = derivation.right_answer()


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"square": lambda x: -(x**2)}, "Every number has the right size and the wrong sign."),
        ({"value": lambda x: (x**2).mean()}, "The term Σx is missing."),
        ({"value": lambda x: (x**2).mean() - x.sum()}, "The term Σx has the wrong sign."),
        ({"value": lambda x: 2 * (x**2).mean() + x.sum()}, "The term mean of squares is there twice."),
        ({"gradient": lambda x: 2 * x}, "Your result is N times too large at every point."),
        (
            {"gradient": lambda x: 2 * x / len(x) / x.shape[1]},
            "Your result is K times too small at every point.",
        ),
        ({"gradient": lambda x: x / len(x)}, "The 2 is missing."),
    ],
)
def test_the_first_wrong_step_is_explained(change, sentence):
    verdict = derivation.examine({**RIGHT, **change})
    (wrong,) = change
    position = list(RIGHT).index(wrong)
    assert (verdict.right, verdict.total) == (position, 3)
    assert f"step {position + 1}, " in verdict.text
    assert sentence in verdict.text


def test_a_right_derivation():
    verdict = derivation.examine(tuple(RIGHT.values()))
    assert verdict.passed
    assert verdict.text == "mean_square: all 3 steps right, 4 points"


def test_single_precision_is_enough_and_half_is_not():
    """A right formula filled into `torch.zeros(...)` is right, whatever the seed."""
    for seed in range(5):
        assert derivation.examine({**RIGHT, "square": lambda x: x.float() ** 2}, seed).passed
    assert (
        "float16 keeps about three digits"
        in derivation.examine({**RIGHT, "square": lambda x: x.half() ** 2}).text
    )


def stub(x):
    raise NotImplementedError


def test_a_step_not_written_yet():
    verdict = derivation.examine({**RIGHT, "gradient": stub})
    assert not verdict.attempted
    assert verdict.text == "mean_square: 2 of 3 steps right; step 3, `gradient`, is not written yet."


def test_a_step_is_missing_in_the_call():
    text = derivation.examine((stub, stub)).text
    assert "Pass the 3 functions, in order: check.mean_square(square, value, gradient)" in text


choice = ChoiceExercise(
    name="logs",
    points=1,
    minutes=1,
    options={"possible": "it could be", "impossible": "it could not"},
    answer={"A": "possible", "B": "impossible"},
    misconceptions=(Misconception("floor overlooked", {"B": "possible"}, "B lies below the floor."),),
)


def test_choices():
    assert choice.examine({"A": "possible", "B": "Impossible "}).passed
    assert not choice.examine({"A": ..., "B": "impossible"}).attempted
    verdict = choice.examine({"A": "possible", "B": "possible"})
    assert (verdict.right, verdict.misconception.name) == (1, "floor overlooked")
    assert "impossible" not in verdict.text.replace("B lies", "")
    assert (
        "Answer with one of 'possible', 'impossible'; yours is 'yes'."
        in choice.examine({"A": "possible", "B": "yes"}).text
    )


def test_values():
    floor = ValueExercise(name="floor", points=1, minutes=1, expected=1.5)
    assert floor.examine(lambda: 1.5).passed and floor.examine(1.5).passed
    assert not floor.examine(...).attempted
    text = floor.examine(2).text
    assert "yours   2" in text
    assert "1.5" not in text  # the right value would end the exercise


trained = TrainedModelExercise(
    name="small",
    points=1,
    minutes=1,
    measure=lambda model: {"parameters": sum(p.numel() for p in model.parameters()), "accuracy": 0.5},
    requirements=(("parameters", "<=", 10), ("accuracy", ">=", 0.4)),
    misconceptions=(Misconception("too large", nn.Linear(9, 9), "Use fewer parameters."),),
)


def test_trained_models():
    assert trained.examine(nn.Linear(2, 2)).passed
    assert trained.examine(lambda: nn.Linear(2, 2)).passed
    verdict = trained.examine(nn.Linear(5, 5))
    assert "parameters is 30; asked for <= 10." in verdict.text
    assert "Use fewer parameters." in verdict.text
    assert "expected a trained nn.Module, got int" in trained.examine(3).text


def test_inputs_may_be_damaged_only_where_the_exercise_allows_it():
    def add_one(x):
        x += 1
        return x

    common = {"name": "plus", "points": 1, "minutes": 1, "oracle": lambda x: x + 1}
    drawn = {"cases": lambda rng: [Case((torch.zeros(2),)), Case((torch.ones(3),))]}
    assert FunctionExercise(**common, **drawn).examine(add_one).passed
    verdict = FunctionExercise(**common, **drawn, keeps_inputs=True).examine(add_one)
    assert "Your function changed its input `x` in place: work on a copy." in verdict.text


def test_the_learners_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    norm.examine(Own)
    assert torch.equal(torch.rand(2), expected)
