"""Which solved exercises are worth doing again now, and why.

The rule is a simple one of spaced repetition: what was recalled after a pause keeps for longer, so the pauses
grow. They are halved for an exercise that went wrong in a known way first, and for those on which the lesson
builds that the learner is working on. The numbers are a rule of thumb, not a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from course_utils.progress.entries import moment
from course_utils.syllabus.lessons import Lesson

PAUSES = (2, 7, 21, 60)  # days after the first, second, third and every later time
SHORTEST = 1.0  # days: never on the same day
MOST = 5
TIMES = ("once", "twice", "three times")


@dataclass(frozen=True)
class Suggestion:
    """An exercise to do again, and one sentence why."""

    lesson: str
    exercise: str
    minutes: int
    days: int
    reason: str


def current_lesson(entries: Mapping[str, Mapping[str, Any]], lessons: Mapping[str, Lesson]) -> str | None:
    """The lesson being worked on: that of the last answer, or the next unfinished one when it is done."""
    order = list(lessons)
    worked = {name: last for name in order if (last := last_work(entries, lessons[name]))}
    if not worked:
        return None
    latest = order.index(max(worked, key=lambda name: worked[name]))
    rest = order[latest:] + order[:latest]
    return next((name for name in rest if next_exercise(entries, lessons[name])), None)


def last_work(entries: Mapping[str, Mapping[str, Any]], lesson: Lesson) -> str:
    """When an exercise of the lesson was last checked; "" for never."""
    keys = (f"{lesson.name}/{exercise.name}" for exercise in lesson.exercises)
    return max((entries[key]["last"] for key in keys if key in entries), default="")


def next_exercise(entries: Mapping[str, Mapping[str, Any]], lesson: Lesson) -> str | None:
    """The first exercise of the lesson that is not solved."""
    for exercise in lesson.exercises:
        if not entries.get(f"{lesson.name}/{exercise.name}", {}).get("solved"):
            return exercise.name
    return None


def foundations(name: str | None, lessons: Mapping[str, Lesson]) -> set[str]:
    """The lessons on which a lesson builds, directly or through others."""
    found: set[str] = set()
    waiting = list(lessons[name].prerequisites) if name in lessons else []
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += lessons[each].prerequisites if each in lessons else ()
    return found


def worth_again(
    entries: Mapping[str, Mapping[str, Any]], lessons: Mapping[str, Lesson], now: datetime
) -> list[Suggestion]:
    """At most five exercises: first those on which the present lesson builds, then those that went wrong."""
    current = current_lesson(entries, lessons)
    needed = foundations(current, lessons)
    ranked = []
    for lesson in lessons.values():
        for exercise in lesson.exercises:
            entry = entries.get(f"{lesson.name}/{exercise.name}")
            if not entry or not entry["solved"]:
                continue
            below, mistakes = lesson.name in needed, entry["before"]
            days = (now - moment(entry["solved"][-1])).total_seconds() / 86_400
            pause = PAUSES[min(len(entry["solved"]), len(PAUSES)) - 1]
            pause = max(SHORTEST, pause / (2 if below else 1) / (2 if mistakes else 1))
            if days >= pause:
                reason = _reason(current if below else None, lesson, entry, int(days), pause)
                found = Suggestion(lesson.name, exercise.name, exercise.minutes, int(days), reason)
                ranked.append(((not below, not mistakes, -days / pause), found))
    return [found for _, found in sorted(ranked, key=lambda pair: pair[0])[:MOST]]


def _reason(current: str | None, lesson: Lesson, entry: Mapping[str, Any], days: int, pause: float) -> str:
    ago = f"{days} day{'' if days == 1 else 's'} ago"
    named = f"'{entry['before'][0]}'" if entry["before"] else ""
    if current:
        why = f"the check named {named} before you solved it, {ago}" if named else f"you solved it {ago}"
        return f"Lesson {current[:2]}, where you are, builds on lesson {lesson.number}; {why}."
    if named:
        return f"The check named {named} before you solved it, {ago}: is that mistake gone?"
    times = len(entry["solved"])
    often = TIMES[times - 1] if times <= len(TIMES) else f"{times} times"
    rest = f"{pause:g} day{'' if pause == 1 else 's'}"
    return f"Solved {often}, last {ago}; after about {rest} it pays to recall it."
