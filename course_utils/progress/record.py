"""What a check notes down. Whatever goes wrong here, the learner's check is not disturbed by it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from course_utils.progress import book, entries
from course_utils.progress.fingerprint import fingerprint
from course_utils.progress.place import file_for_checks


def note(
    lesson: str, exercise: str, answer: Any, *, attempted: bool, passed: bool, mistake: str = ""
) -> None:
    """Write down that an answer was checked; prints nothing, raises nothing.

    Args:
        lesson, exercise: "02_convolution", "conv2d".
        answer: what was checked, of which only a mark is kept.
        mistake: the name of the misconception that was recognised.
    """
    with suppress(Exception):
        path = file_for_checks() if lesson else None
        if path is not None:
            mark = fingerprint(answer) if passed else ""
            seen = (f"{lesson}/{exercise}", attempted, passed, mistake, mark, datetime.now(UTC))
            book.update(path, lambda known: noted(known, *seen))


def noted(
    known: book.Entries, name: str, attempted: bool, passed: bool, mistake: str, mark: str, now: datetime
) -> book.Entries:
    """The entries after one check; a stub that was never anything else leaves no trace."""
    if not attempted and name not in known:
        return known
    entry = known.get(name) or entries.new_entry()
    if not attempted:
        entry = entries.after_stub(entry)
    elif passed:
        entry = entries.after_right(entry, mark, now)
    else:
        entry = entries.after_wrong(entry, mistake, now)
    return {**known, name: entry}
