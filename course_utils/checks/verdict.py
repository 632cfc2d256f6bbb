"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.checks.case import Case, Misconception
from course_utils.checks.diagnosis import Failure

if TYPE_CHECKING:
    from course_utils.checks.exercise import Exercise


@dataclass(frozen=True)
class Verdict:
    """`text` is all that the learner reads in the notebook; the rest is for tests and the instructor's reports.

    Args:
        right, total: cases; for a derivation steps.
        misconception: the mistake that was named; `certain` when it explains all that was seen.
        failures: every case that was judged and wrong; `right_cases` those that were right. A derivation
            judges no case after its first wrong step.
    """

    name: str
    right: int
    total: int
    text: str
    attempted: bool = True
    misconception: Misconception | None = None
    certain: bool = False
    failures: tuple[Failure, ...] = ()
    right_cases: tuple[Case, ...] = ()

    @property
    def passed(self) -> bool:
        return self.attempted and self.right == self.total

    @property
    def failed_labels(self) -> tuple[str, ...]:
        """What the wrong cases probe, in the course's own words, each once."""
        return tuple(dict.fromkeys(f.case.label for f in self.failures if f.case.label))

    @property
    def right_labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(case.label for case in self.right_cases if case.label))

    @property
    def groups_right(self) -> frozenset[str]:
        """The groups of cases all of which were right."""
        wrong = {failure.case.group for failure in self.failures}
        return frozenset({case.group for case in self.right_cases if case.group} - wrong)

    def points(self, exercise: Exercise) -> float:
        """All points when passed; else those of the groups that are right, where the exercise gives such."""
        if self.passed:
            return exercise.points
        given = exercise.partial or {}
        return min(sum((given[name] for name in self.groups_right & set(given)), 0), exercise.points)
