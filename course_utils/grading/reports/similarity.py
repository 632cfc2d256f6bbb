"""Submissions that are the same up to renaming, listed as pairs to look at: never a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from course_utils.grading.looks.canonical import canonical, size

TRIVIAL = 45  # words of syntax; shorter answers have few ways to be right
WORTH_A_LOOK = 120  # words that a pair has in common, over all its exercises
COMMON = 0.05  # of those who attempted it: a form that more of them share says nothing
FEW = 3  # as many may always share a form and are listed
MOST_PAIRS = 1000


@dataclass(frozen=True)
class Pair:
    """Two submissions and the exercises that they answer in the same form, `a` before `b` in the alphabet.

    `weight` is how much syntax they share: the more, the less likely by chance.
    """

    a: str
    b: str
    exercises: tuple[str, ...]
    weight: int = 0


def pairs(
    answers: Mapping[str, Mapping[str, str]], references: Mapping[str, Iterable[str]] | None = None
) -> list[Pair]:
    """The pairs among `answers` (source by exercise by submission), those that share most first.

    Args:
        references: sources by exercise that say nothing: stubs, solutions, code of the lesson.
    """
    forms = {
        submission: {exercise: (canonical(source), size(source)) for exercise, source in own.items()}
        for submission, own in answers.items()
    }
    known = {
        exercise: {canonical(source) for source in sources}
        for exercise, sources in (references or {}).items()
    }
    return pairs_of_forms(forms, known)


def pairs_of_forms(
    forms: Mapping[str, Mapping[str, tuple[str, int]]], known: Mapping[str, Collection[str]] | None = None
) -> list[Pair]:
    """The same from what records keep: form and size by exercise by submission, less the `known` forms.

    At most MOST_PAIRS, after time that grows with the class and the pairs found, not with its square.
    """
    together: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for exercise, groups in _groups(forms, known or {}).items():
        for words, submissions in groups:
            for a, b in combinations(sorted(submissions), 2):
                together[a, b].append((exercise, words))
    found = [
        Pair(a, b, tuple(name for name, _ in shared), sum(words for _, words in shared))
        for (a, b), shared in together.items()
    ]
    found = [pair for pair in found if pair.weight >= WORTH_A_LOOK]
    return sorted(found, key=lambda pair: (-pair.weight, pair.a, pair.b))[:MOST_PAIRS]


def _groups(
    forms: Mapping[str, Mapping[str, tuple[str, int]]], known: Mapping[str, Collection[str]]
) -> dict[str, list[tuple[int, list[str]]]]:
    """By exercise, (size, submissions) of each form that is worth a look."""
    same: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    sizes: dict[str, int] = {}
    for submission, own in forms.items():
        for exercise, (form, words) in own.items():
            same[exercise][form].append(submission)
            sizes[form] = words
    found: dict[str, list[tuple[int, list[str]]]] = {}
    for exercise, by_form in same.items():
        most = max(FEW, int(COMMON * sum(map(len, by_form.values()))))
        found[exercise] = [
            (sizes[form], submissions)
            for form, submissions in by_form.items()
            if form and form not in known.get(exercise, ()) and sizes[form] >= TRIVIAL
            if 2 <= len(submissions) <= most
        ]
    return found
