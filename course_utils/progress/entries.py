"""What is kept of one exercise, and how an event changes it. Plain data, as it stands in the file.

wrong      answers that were wrong, in all
mistakes   names of the misconceptions since the last time it was solved
before     those that came before it
solved     when it was solved, each time anew; times within half a day are one
answer     a mark of the last right answer, not the answer
again      it has been begun again since
last       when it was last worked on
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

SAME_SITTING = timedelta(hours=12)
TEXTS = ("mistakes", "before", "solved")


def new_entry() -> dict[str, Any]:
    return {"wrong": 0, "mistakes": [], "before": [], "solved": [], "answer": "", "again": False, "last": ""}


def after_stub(entry: dict[str, Any]) -> dict[str, Any]:
    """The answer cell has been emptied: a solved exercise is begun again."""
    return {**entry, "again": bool(entry["solved"])}


def after_wrong(entry: dict[str, Any], mistake: str, now: datetime) -> dict[str, Any]:
    """A wrong answer; `mistake` is the name of the misconception that was recognised, or nothing."""
    mistakes = [*entry["mistakes"], *([mistake] if mistake and mistake not in entry["mistakes"] else [])]
    return {
        **entry, "wrong": entry["wrong"] + 1, "mistakes": mistakes, "again": bool(entry["solved"]),
        "last": stamp(now),
    }  # fmt: skip


def after_right(entry: dict[str, Any], answer: str, now: datetime) -> dict[str, Any]:
    """A right answer. The same one run once more, as *Run All* does, is no new effort and counts as none."""
    solved, before = list(entry["solved"]), entry["mistakes"]
    if solved and not entry["again"] and answer == entry["answer"]:
        return {**entry, "last": stamp(now)}
    if solved and now - moment(solved[-1]) < SAME_SITTING:
        solved.pop()
        before = list(dict.fromkeys([*entry["before"], *before]))
    return {
        **entry, "solved": [*solved, stamp(now)], "before": before, "mistakes": [],
        "answer": answer, "again": False, "last": stamp(now),
    }  # fmt: skip


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two records of the same exercise as one."""
    later = max(one, other, key=lambda entry: entry["last"])
    both = {name: sorted({*one[name], *other[name]}) for name in TEXTS}
    return {**later, **both, "wrong": one["wrong"] + other["wrong"]}


def fault(entry: Any) -> str:
    """What is wrong with the form of an entry, or nothing."""
    for name, example in new_entry().items():
        value = entry.get(name) if isinstance(entry, dict) else None
        if type(value) is not type(example):
            return f"{name!r} is missing or of the wrong kind"
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            return f"{name!r} holds something that is no text"
    try:
        times = [moment(each) for each in (*entry["solved"], entry["last"]) if each]
    except ValueError as error:
        return str(error)
    return "a time without its zone" if any(time.tzinfo is None for time in times) else ""


def stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
