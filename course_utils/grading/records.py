"""What grading leaves behind: plain data, written as JSON, from which every report is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from course_utils.grading.errors import GradingError

FORMAT = 1

RIGHT = "right"
WRONG = "wrong"
NOT_ATTEMPTED = "not attempted"
MISSING = "missing"  # the answer cell is not in the notebook
STOPPED = "stopped"  # it ran into a limit, or broke the rules of the sandbox
REFUSED = "refused"  # not judged: a secret exercise below the tier it asks for
ON_SOME = "On some cases: "  # how `form` begins where it does not fit every wrong case
WRONG_LESSON = "The wrong lesson"  # how `fatal` begins where a notebook is of a lesson that was not asked for
STATES = (RIGHT, WRONG, NOT_ATTEMPTED, MISSING, STOPPED, REFUSED)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One exercise of one submission.

    `right` of `total` cases were right. `failed_cases` holds the labels that the course gave them.
    `form` is one of a few fixed sentences about the form of what the code gave (see judging/forms.py).
    `error_type` is the name of a built-in exception and `error_line` a line of the student's own source.
    `text` is the whole verdict with values, for the instructor alone: the code's own results stand in it.
    """

    exercise: str
    points: float
    possible: float
    state: str
    right: int = 0
    total: int = 0
    misconception: str = ""
    says: str = ""
    see: str = ""
    certain: bool = False
    failed_cases: Sequence[str] = ()
    form: str = ""
    error_type: str = ""
    error_line: str = ""
    stopped: str = ""
    with_reference: Sequence[str] = ()
    warnings: Sequence[str] = ()
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """One submission of one lesson. `fatal` says why nothing of it could be judged.

    `printed` is what the student's code wrote, capped. `canonical` and `sizes` hold, by exercise, the answer
    up to renaming and how many nodes its syntax has: for finding submissions that are the same.
    """

    submission: str
    slug: str
    lesson: str
    results: Sequence[Result] = ()
    remarks: Sequence[str] = ()
    look_at: Sequence[str] = ()
    seed: int = 0
    tier: str = ""
    key: str = ""
    seconds: float = 0.0
    printed: str = ""
    canonical: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    fatal: str = ""

    @property
    def of_another_lesson(self) -> bool:
        """A notebook that nobody asked for: it has no points, neither earned nor possible."""
        return self.fatal.startswith(WRONG_LESSON)

    @property
    def total(self) -> float:
        return sum(result.points for result in self.results)

    @property
    def possible(self) -> float:
        return sum(result.possible for result in self.results)

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self), "total": self.total, "possible": self.possible}

    @classmethod
    def from_json(cls, data: Any) -> Record:
        """Raises GradingError when `data` was not written by this version of the course."""
        known = _known(cls, data)
        known["results"] = tuple(_result(each) for each in known.get("results", ()))
        return cls(**{**known, **_tuples(known, ("remarks", "look_at"))})


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of `course grade`: what it was, and its records in the order of the submissions' names.

    `shard` is (i, n), i from 1; `started` is ISO 8601 in UTC; `problems` are files that held no submission.
    """

    seed: int
    tier: str
    tier_why: str
    lessons: Sequence[str]
    records: Sequence[Record] = ()
    shard: Sequence[int] = (1, 1)
    versions: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    seconds: float = 0.0
    problems: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "records"}
        return {"format": FORMAT, **own, "records": [record.to_json() for record in self.records]}

    @classmethod
    def from_json(cls, data: Any) -> Run:
        """Raises GradingError when `data` was not written by this version of the course."""
        known = _known(cls, data)
        known["records"] = tuple(Record.from_json(each) for each in known.get("records", ()))
        return cls(**{**known, **_tuples(known, ("lessons", "shard", "problems"))})


def _result(data: Any) -> Result:
    known = _known(Result, data, formatted=False)
    return Result(**{**known, **_tuples(known, ("failed_cases", "with_reference", "warnings"))})


def _tuples(data: Mapping[str, Any], names: Sequence[str]) -> dict[str, tuple]:
    """JSON knows lists only; equal records must be equal after a round trip."""
    return {name: tuple(data[name]) for name in names if name in data}


def _known(kind: type, data: Any, formatted: bool = True) -> dict[str, Any]:
    """The fields of `kind` in `data`; GradingError where it is not the JSON of such an object."""
    names = {each.name for each in fields(kind)}
    if not isinstance(data, Mapping) or (formatted and data.get("format") != FORMAT):
        found = data.get("format") if isinstance(data, Mapping) else type(data).__name__
        raise GradingError(f"these are not results of this version: format {FORMAT} is needed, not {found}")
    missing = [n for n in ("exercise", "submission", "seed") if n in names and n not in data]
    if missing:
        raise GradingError(f"these results are incomplete: {', '.join(missing)} is missing")
    return {name: value for name, value in data.items() if name in names}
