"""Lesson 06: an answer that builds a network, which is tried where nobody can make up what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from course_utils.checks.case import Case
from course_utils.checks.compare import Difference
from course_utils.checks.networks import NetworkNotJudged, Rebuilt, rebuild
from course_utils.checks.observed import ObservedExercise
from course_utils.checks.remote import Remote
from course_utils.checks.respond import Response, call, looked_at, play
from course_utils.scenes.first_cnn import SIZES
from course_utils.scenes.networks import built_network

SECONDS = 60.0  # for all networks of one answer together
_spent: WeakKeyDictionary[Remote, float] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class SentNetworkExercise(ObservedExercise):
    """The learner writes a class of networks; the scene takes it and cases of (count, size, num_classes, seed).

    What the scene reports of an answer in another process could be made up without any network: where it seems
    right, the network is sent as plain data, made again and shown the same images here.
    """

    def respond(self, answer: Callable, case: Case) -> Response:
        seen = super().respond(answer, case)
        if not isinstance(answer, Remote) or self.difference(self.expect(case), seen):
            return seen
        _, size, num_classes, _ = case.args
        sent = play(answer, built_network, Case((num_classes, (3, size, size), _shapes(case))))
        if sent.error is not None:
            return sent
        return looked_at(call(lambda: self._measured(answer, sent.value, case), Case()), self.look, case)

    def _measured(self, answer: Remote, sent: object, case: Case) -> object:
        network = rebuild(sent, SECONDS, _shapes(case))
        network.spent = _spent.get(answer, 0.0)
        try:
            return self._shown(network, case)
        finally:
            _spent[answer] = network.spent

    def difference(self, expected: Response, response: Response) -> Difference | None:
        if isinstance(response.error, NetworkNotJudged):
            return Difference(None, None, remark=str(response.error))
        return super().difference(expected, response)

    def _shown(self, network: Rebuilt, case: Case) -> object:
        network.requires_grad_(True)  # which weights could be trained is not sent; the first look has told
        return self.scene(lambda _: network, *case.args)


def _shapes(case: Case) -> tuple[tuple[int, ...], ...]:
    """Of all batches that the scene shows the network."""
    count, size, _, _ = case.args
    return ((count, 3, size, size), (1, 3, size, size), *((2, 3, side, side) for side in SIZES))
