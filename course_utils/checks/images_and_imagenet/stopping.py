"""Stretch exercise of lesson 01: ask for votes until one answer is probable enough."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _stops(votes, quality, prior, target, *, begin=0, enough=None):
    """Probabilities by Bayes' rule, vote by vote, without logarithms."""
    enough = enough or (lambda yes: max(yes, 1 - yes) >= target)
    yes, used = prior, 0
    for vote, right in zip(votes.tolist(), quality.tolist(), strict=True):
        if used >= begin and enough(yes):
            break
        if_yes, if_no = (right, 1 - right) if vote else (1 - right, right)
        yes, used = yes * if_yes / (yes * if_yes + (1 - yes) * if_no), used + 1
    return int(yes > 0.5), used


def _clear_of_ties(votes, quality, prior, target):
    """No probability on the way so close to the target or to one half that rounding decides."""
    yes, seen = prior, [prior]
    for vote, right in zip(votes.tolist(), quality.tolist(), strict=True):
        if_yes, if_no = (right, 1 - right) if vote else (1 - right, right)
        yes = yes * if_yes / (yes * if_yes + (1 - yes) * if_no)
        seen.append(yes)
    return all(min(abs(p - 0.5), abs(p - target), abs(1 - p - target)) > 1e-4 for p in seen)


def _cases(rng: torch.Generator) -> list[Case]:
    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(*shape, generator=rng, dtype=torch.float64)

    def case(count, truth, low, high, prior, target, label, wanted):
        """Draws until the votes stop where the label says."""
        while True:
            quality = uniform(low, high, count).sort().values  # the best voters come last
            right = torch.rand(count, generator=rng, dtype=torch.float64) < quality
            votes = torch.where(right, truth, 1 - truth)
            given = (votes, quality, prior, target)
            if _clear_of_ties(*given) and wanted(*_stops(*given)):
                return Case(given, label=label)

    return [
        case(25, 1, 0.6, 0.85, 0.55, 0.95, "a yes", lambda answer, used: answer == 1 and 3 <= used < 20),
        case(25, 0, 0.6, 0.85, 0.4, 0.95, "a no", lambda answer, used: answer == 0 and 3 <= used < 20),
        case(
            20, 0, 0.55, 0.95, 0.85, 0.9, "the prior is wrong", lambda answer, used: answer == 0 and used < 18
        ),
        case(20, 1, 0.65, 0.9, 0.1, 0.97, "a rare class", lambda answer, used: answer == 1 and used < 18),
        case(9, 1, 0.6, 0.8, 0.97, 0.95, "the prior is enough", lambda answer, used: used == 0),
        case(9, 0, 0.6, 0.8, 0.03, 0.96, "the prior is enough for a no", lambda answer, used: used == 0),
        case(6, 1, 0.52, 0.6, 0.45, 0.99, "the votes run out", lambda answer, used: used == 6),
        case(15, 1, 0.2, 0.4, 0.3, 0.95, "voters who are mostly wrong", lambda answer, used: 2 < used < 14),
    ]


def _all_votes(votes, quality, prior, target):
    return _stops(votes, quality, prior, target, enough=lambda yes: False)


def _majority(votes, quality, prior, target):
    return int(2 * int(votes.sum()) > len(votes)), len(votes)


def _same_quality(votes, quality, prior, target):
    return _stops(votes, quality.mean().expand(len(quality)), prior, target)


def _one_fewer(votes, quality, prior, target):
    answer, used = _stops(votes, quality, prior, target)
    return answer, max(0, used - 1)


def _by_odds(votes, quality, prior, target):
    return _stops(
        votes, quality, prior, target, enough=lambda yes: max(yes / (1 - yes), (1 - yes) / yes) >= target
    )


ask_until_sure = FunctionExercise(
    name="ask_until_sure",
    points=4,
    minutes=20,
    oracle=_stops,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "prior ignored",
            lambda votes, quality, prior, target: _stops(votes, quality, 0.5, target),
            "You start from even odds. The prior is what is known before the first vote.",
        ),
        Misconception(
            "at least one vote",
            lambda *given: _stops(*given, begin=1),
            "You ask before you look. Where the prior is enough, no vote is needed: check before each vote.",
        ),
        Misconception(
            "stops only for yes",
            lambda votes, quality, prior, target: _stops(
                votes, quality, prior, target, enough=lambda yes: yes >= target
            ),
            "You stop only when yes is probable enough. A no can be certain, too: look at the larger of the two.",
        ),
        Misconception(
            "all votes used",
            _all_votes,
            "The answers are right, but you use all votes. Stop as soon as one answer reaches the target.",
        ),
        Misconception(
            "plain majority",
            _majority,
            "You take the majority of all votes. Weigh each voter by quality, start from the prior, and stop early.",
        ),
        Misconception(
            "everybody alike",
            _same_quality,
            "You gave every voter the mean quality. Each vote counts by the quality of its own voter.",
        ),
        Misconception(
            "one vote too few",
            _one_fewer,
            "You return the index of the last vote. Needed is how many were used: one more.",
        ),
        Misconception(
            "odds taken for a probability",
            _by_odds,
            "You compare the odds with the target, so you stop at once. The target is a probability: odds o belong "
            "to o / (1 + o).",
        ),
        Misconception(
            "the other answer",
            lambda *given: (1 - _stops(*given)[0], _stops(*given)[1]),
            "You return the less probable answer: 1 stands for yes.",
        ),
        Misconception(
            "the other way round",
            lambda *given: _stops(*given)[::-1],
            "The order of the tuple is (answer, votes used); yours is the other way round.",
        ),
    ),
    hints=(
        "Keep one number, the odds of yes, or their logarithm. What does one vote do to it?",
        "Test whether you are sure enough *before* you take the next vote.",
        "`|log odds| >= log(target / (1 - target))` is the same as: the larger probability is at least the target.",
    ),
    see="Ask until you are sure",
)
