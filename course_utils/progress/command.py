"""`course progress`: how far a learner is, what comes next, and what is worth doing again."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from course_utils.launch import course_root
from course_utils.progress import book
from course_utils.progress.advice import Suggestion, current_lesson, last_work, next_exercise, worth_again
from course_utils.progress.entries import moment
from course_utils.progress.errors import ProgressError
from course_utils.progress.place import progress_file
from course_utils.syllabus.lessons import Lesson, read_lessons

WIDTH = 79
ROW = "{:2} {:30}  {:>9}  {:>8}  {}"
TITLE = 30  # columns
SWITCHED_OFF = "Nothing is recorded: COURSE_PROGRESS is off. Unset it, or name a file with it."


def progress(args: Namespace) -> int:
    """Print the state of all lessons, or where the record is, or set it aside."""
    path = Path(args.file).expanduser().absolute() if args.file else progress_file()
    if path is None:
        raise ProgressError(SWITCHED_OFF)
    if args.reset:
        return reset(path, args.yes)
    if args.file == "":
        print(path)
        return 0
    if args.file and not path.is_file():
        raise ProgressError(f"there is no file {path}")
    entries, unreadable = book.read_all(path)
    lessons, now = read_lessons(course_root()), datetime.now(UTC)
    rows = [summary(entries, lesson) for lesson in lessons.values()]
    again = worth_again(entries, lessons, now)
    if args.json:
        told = {"file": str(path), "unreadable": [str(each) for each in unreadable], "lessons": rows}
        told |= {"current": current_lesson(entries, lessons), "again": [asdict(each) for each in again]}
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return 0
    print("\n".join(shown(rows, current_lesson(entries, lessons), again, now)))
    print(f"\nKept on this machine only, in {path}")
    for each in unreadable:
        print(f"{each} could not be read and was set aside.\nMend it in a text editor, and it counts again.")
    return 0


def summary(entries: Mapping[str, Mapping[str, Any]], lesson: Lesson) -> dict[str, Any]:
    """A lesson in numbers."""
    solved = [
        each for each in lesson.exercises if entries.get(f"{lesson.name}/{each.name}", {}).get("solved")
    ]
    return {
        "lesson": lesson.name,
        "title": lesson.title,
        "solved": len(solved),
        "exercises": len(lesson.exercises),
        "points": sum(each.points for each in solved),
        "of_points": lesson.points,
        "last": last_work(entries, lesson),
        "next": next_exercise(entries, lesson),
    }


def shown(
    rows: list[dict[str, Any]], current: str | None, again: list[Suggestion], now: datetime
) -> Iterator[str]:
    """The report as lines of at most 79 columns."""
    yield ROW.format("", "lesson", "exercises", "points", "last worked on").rstrip()
    for row in rows:
        exercises, points = f"{row['solved']} of {row['exercises']}", f"{row['points']} of {row['of_points']}"
        title = textwrap.shorten(row["title"], TITLE, placeholder=" …")
        last = when(row["last"], now) if row["last"] else "not begun"
        yield ROW.format(row["lesson"][:2], title, exercises, points, last)
        if row["last"]:
            yield f"     next: {row['next']}" if row["next"] else "     all solved"
    yield ""
    if not any(row["last"] for row in rows):
        yield "No answer has been checked yet. The first lesson opens with:  course lab"
        return
    if current:
        title = next(row["title"] for row in rows if row["lesson"] == current)
        yield f"Go on with lesson {current[:2]}, {title}:  course lab {current[:2]}"
        yield ""
    if not again:
        yield "Nothing needs doing again today."
        return
    yield "Worth doing again now"
    for each in again:
        yield f"  {each.lesson} · {each.exercise} (about {each.minutes} minutes)"
        yield from textwrap.wrap(each.reason, WIDTH, initial_indent="    ", subsequent_indent="    ")
    yield "To do one again, empty its answer cell, run its check, and write it anew."


def when(last: str, now: datetime) -> str:
    """How long ago, in days of the learner's own calendar."""
    days = (now.astimezone().date() - moment(last).astimezone().date()).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"


def reset(path: Path, sure: bool) -> int:
    """Begin anew. The record keeps its place in the world under another name."""
    if not path.is_file():
        print(f"Nothing is recorded in {path}.")
        return 0
    if not sure and not _agreed(f"Begin anew? What is in {path} is kept under another name. [y/N] "):
        print("Nothing was changed.")
        return 1
    print(f"The old record is now {book.set_aside(path, datetime.now(UTC))}")
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
