"""Exercises answered by a module class, or by a model that the learner has trained."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from course_utils.checks import explain
from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import Difference, Tolerance
from course_utils.checks.diagnosis import Failure
from course_utils.checks.exercise import Exercise
from course_utils.checks.networks import NetworkNotJudged, rebuild
from course_utils.checks.remote import Remote
from course_utils.checks.respond import Response, call, looked_at, play
from course_utils.checks.values import value_of
from course_utils.checks.verdict import Verdict
from course_utils.scenes.calls import own_randomness
from course_utils.scenes.modules import outputs
from course_utils.scenes.networks import network_of


class WeightsDoNotFit(ValueError):
    """The learner's module has other weights than the layer asked for."""


@dataclass(frozen=True, kw_only=True)
class ModuleExercise(Exercise):
    """The learner writes an `nn.Module`; with the reference's weights it must give the reference's outputs.

    Weights are copied in the order of the state dict, so names are free and shapes are not.

    Args:
        oracle: the reference class, constructed with the case's `kwargs` and called with its `args`.
        cases: draws the cases; `Case(train=True)` compares in training mode.
    """

    oracle: Callable[..., nn.Module]
    cases: Callable[[torch.Generator], Sequence[Case]]
    rtol: float = 1e-4
    atol: float = 1e-5

    def __post_init__(self) -> None:
        object.__setattr__(self, "tolerance", Tolerance(self.rtol, self.atol))

    def draw(self, seed: int) -> list[Case]:
        return list(self.cases(torch.Generator().manual_seed(seed)))

    def weights(self, case: Case) -> list[torch.Tensor]:
        """The reference's state, in order: random, so that no buffer is left at a telling 0 or 1."""
        with own_randomness(1):
            reference = self.oracle(**case.kwargs)
            return [
                torch.rand_like(tensor) + 0.5
                if tensor.is_floating_point() and name.endswith("running_var")
                else torch.randn_like(tensor) * 0.3
                if tensor.is_floating_point()
                else tensor.clone()
                for name, tensor in reference.state_dict().items()
            ]

    def respond(self, answer: Callable[..., nn.Module], case: Case) -> Response:
        weights = self.weights(case)
        raw = play(answer, outputs, Case((dict(case.kwargs), case.args, weights, case.train)))
        return looked_at(raw, _output, Case((weights,)))

    def expect(self, case: Case) -> Response:
        return self.respond(self.oracle, case)

    def right_answer(self) -> Any:
        return self.oracle

    def wrong_form(self, answer: Any) -> str:
        return "" if callable(answer) and not isinstance(answer, nn.Module) else "Pass the class itself"

    def describe(self, case: Case, answer: Any) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in case.kwargs.items())
        return f"{self.name}({given}) on {explain.written_call('inputs', Case(case.args), None, len)}"


def _output(raw: Mapping[str, Any], weights: Sequence[torch.Tensor]) -> Any:
    shapes, wanted = list(raw["shapes"]), [tuple(weight.shape) for weight in weights]
    if shapes != wanted:
        raise WeightsDoNotFit(f"the weights should have the shapes {wanted}; yours have {shapes}")
    return raw["output"]


MEASURING = 60.0  # seconds for a network that was trained elsewhere
COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


@dataclass(frozen=True, kw_only=True)
class TrainedModelExercise(Exercise):
    """The learner returns a trained model; the check evaluates the weights itself.

    Args:
        measure: model -> numbers by name. It must evaluate on its own data and set the mode itself.
        seconds: limit of the training; measuring what came of it may take as long again, but a minute at most.
        image: shape of one input, for a network whose `forward` asks for lengths.
        requirements: (name of a number, ">=" or "<=", bound), each one case of the check.
    """

    measure: Callable[[nn.Module], Mapping[str, float]]
    image: tuple[int, ...] = ()
    requirements: Sequence[tuple[str, str, float]]

    def draw(self, seed: int) -> list[Case]:
        return [Case((name, sign, bound)) for name, sign, bound in self.requirements]

    def examine(self, answer: Any, seed: int = 0) -> Verdict:
        """Train once, measure once, judge each requirement."""
        cases = self.draw(seed)
        measured = self.respond(answer, cases[0])
        return self.judge(answer, cases, [measured] * len(cases))

    def respond(self, answer: Any, case: Case) -> Response:
        """Measured; a network that was trained elsewhere is sent as plain data and made again here first."""
        if isinstance(answer, Remote):
            sent = play(answer, network_of, Case((self.image,)))
            if sent.error is not None:
                return sent
            return call(
                lambda: self.measured(rebuild(sent.value, min(self.seconds, MEASURING)), case), Case()
            )
        given = Response(answer) if isinstance(answer, nn.Module) else value_of(answer)
        if given.error is not None:
            return given
        if not isinstance(given.value, nn.Module):
            return Response(
                error=TypeError(f"expected a trained nn.Module, got {type(given.value).__name__}")
            )
        return call(lambda: self.measured(given.value, case), Case())

    def measured(self, network: nn.Module, case: Case) -> dict[str, float]:
        """The numbers that the requirements are about."""
        return dict(self.measure(network))

    def expect(self, case: Case) -> Response:
        name, _, bound = case.args
        return Response({name: bound})

    def difference(self, expected: Response, response: Response) -> Difference | None:
        if isinstance(response.error, NetworkNotJudged):
            return Difference(None, None, remark=str(response.error))
        if response.error is not None:
            return Difference(None, response.error)
        for name, sign, bound in self.requirements:
            if name in expected.value and not COMPARISONS[sign](response.value[name], bound):
                got = response.value[name]
                number = f"{got:,d}" if isinstance(got, int) else f"{got:.4g}"
                limit = f"{bound:,d}" if isinstance(bound, int) else f"{bound:.4g}"
                return Difference(bound, got, remark=f"{name} is {number}; asked for {sign} {limit}.")
        return None

    def _is_same_mistake(self, known: Misconception, failure: Failure) -> bool:
        """Measured numbers never repeat exactly: the same mistake misses the same requirement."""
        wrong = self.mistaken(known, failure.case)
        same_end = (wrong.error is None) == (failure.response.error is None)
        return same_end and self.difference(failure.expected, wrong) is not None

    def _contradicted(self, known: Misconception, passed: Sequence[tuple[Case, Response]]) -> bool:
        return False  # a requirement met says nothing about how the other was missed

    def describe(self, case: Case, answer: Any) -> str:
        name, sign, bound = case.args
        return f"{name} {sign} {bound:,}"
