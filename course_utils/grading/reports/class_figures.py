"""What the class report shows, counted from the records of one lesson."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from course_utils.grading import records
from course_utils.grading.records import Record, Result
from course_utils.grading.reports.sentences import sentence
from course_utils.grading.reports.tables import exercise_columns

# The state of an exercise as the bars show it; a missing cell was not attempted either.
SEGMENTS = {
    records.RIGHT: "right",
    records.WRONG: "wrong",
    records.NOT_ATTEMPTED: "open",
    records.MISSING: "open",
    records.STOPPED: "stopped",
    records.REFUSED: "refused",
}
TRIED = {"right", "wrong", "stopped"}
COMMONEST = 3  # failed cases named of an exercise whose mistakes are unknown


@dataclass(frozen=True)
class Entry:
    """A record and the name of its feedback file."""

    record: Record
    file: str


@dataclass
class ExerciseFigures:
    """How one exercise went: `states` counts the segments of SEGMENTS."""

    exercise: str
    possible: float = 0.0
    states: Counter = field(default_factory=Counter)

    @property
    def tried(self) -> int:
        return sum(self.states[name] for name in TRIED)

    @property
    def everyone(self) -> int:
        return self.states.total()


@dataclass
class Misunderstanding:
    """One named misconception: who has it, of how many who tried. `unsure` of them made it in part only."""

    exercise: str
    name: str
    tried: int
    says: str = ""
    see: str = ""
    who: list[Entry] = field(default_factory=list)
    unsure: int = 0

    @property
    def share(self) -> float:
        return len(self.who) / self.tried


@dataclass
class Unexplained:
    """Wrong answers to one exercise that no known misconception explains."""

    exercise: str
    tried: int
    who: list[Entry] = field(default_factory=list)
    cases: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)
    forms: Counter = field(default_factory=Counter)

    def commonest(self) -> list[tuple[str, int]]:
        found = [*self.forms.most_common(COMMONEST), *self.cases.most_common(COMMONEST)]
        found += self.errors.most_common(1)
        return [(label, how_many) for label, how_many in found if label]


@dataclass(frozen=True)
class LessonFigures:
    """One lesson of a run. Submissions that could not be read are in `entries` and in no figure."""

    lesson: str
    entries: Sequence[Entry]
    exercises: Sequence[ExerciseFigures]
    misunderstood: Sequence[Misunderstanding]
    unexplained: Sequence[Unexplained]

    @property
    def graded(self) -> list[Record]:
        return [entry.record for entry in self.entries if not entry.record.fatal]

    @property
    def possible(self) -> float:
        return sum(exercise.possible for exercise in self.exercises)

    @property
    def totals(self) -> list[float]:
        return [record.total for record in self.graded]

    @property
    def median(self) -> float:
        return median(self.totals)

    @property
    def finished(self) -> int:
        """Submissions in which every exercise was attempted."""
        return sum(all(SEGMENTS[each.state] != "open" for each in record.results) for record in self.graded)

    @property
    def full(self) -> int:
        return sum(record.total == record.possible for record in self.graded)

    def hardest_first(self) -> list[ExerciseFigures]:
        return sorted(self.exercises, key=lambda each: each.states["right"] / max(each.everyone, 1))


def lesson_figures(lesson: str, entries: Sequence[Entry]) -> LessonFigures:
    """Count everything once."""
    graded = [entry for entry in entries if not entry.record.fatal]
    columns = exercise_columns([entry.record for entry in entries])
    exercises = {exercise: ExerciseFigures(exercise) for _, exercise in columns}
    for entry in entries:  # of what could not be read, what it could have been worth and no more
        for result in entry.record.results:
            exercises[result.exercise].possible = result.possible
            exercises[result.exercise].states[SEGMENTS[result.state]] += not entry.record.fatal
    known: dict[tuple[str, str], Misunderstanding] = {}
    unknown: dict[str, Unexplained] = {}
    for entry in graded:
        for result in entry.record.results:
            tried = exercises[result.exercise].tried
            if result.misconception:
                key = result.exercise, result.misconception
                _note(known.setdefault(key, Misunderstanding(*key, tried)), entry, result)
            elif result.state == records.WRONG:
                _note_unknown(
                    unknown.setdefault(result.exercise, Unexplained(result.exercise, tried)), entry, result
                )
    order = list(exercises)
    return LessonFigures(
        lesson,
        entries,
        list(exercises.values()),
        sorted(known.values(), key=lambda each: (-len(each.who), -each.share, order.index(each.exercise))),
        sorted(unknown.values(), key=lambda each: (-len(each.who), order.index(each.exercise))),
    )


def _note(found: Misunderstanding, entry: Entry, result: Result) -> None:
    found.who.append(entry)
    found.unsure += not result.certain
    if not found.says or result.certain:  # the plain sentence rather than the one that hedges
        found.says = sentence(result)
    found.see = found.see or result.see


def _note_unknown(found: Unexplained, entry: Entry, result: Result) -> None:
    found.who.append(entry)
    found.cases.update(dict.fromkeys((label for label in result.failed_cases if label), 1))
    if result.form:
        said = result.form.removeprefix(records.ON_SOME).rstrip(".")
        found.forms[f"{said[0].upper()}{said[1:]}"] += 1
    if result.error_type:
        found.errors[f"raised {result.error_type}"] += 1
