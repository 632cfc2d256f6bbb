"""`course syllabus`: print what the lessons teach, for a reader or as JSON."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby

from course_utils.launch import course_root, match
from course_utils.syllabus.errors import SyllabusError
from course_utils.syllabus.lessons import Lesson, read_lessons
from course_utils.syllabus.plan import Planned, System, read_plan, read_systems

WIDTH = 79
ROW = "{:2} {:30} {:>4}  {:>9}  {:>5}  {:>7}  {}"
TITLE = 30  # columns


def syllabus(args: Namespace) -> int:
    """Print the table of lessons, one lesson, or the systems."""
    lessons, plan, systems = read_lessons(course_root()), read_plan(), read_systems()
    wanted = chosen(args.lesson, plan, lessons)
    if wanted:
        systems = tuple(system for system in systems if wanted in system.lessons)
    if args.json:
        names = [wanted] if wanted else sorted({**plan, **lessons})
        told = {"lessons": [as_data(name, plan, lessons) for name in names]}
        print(json.dumps({**told, "systems": [asdict(system) for system in systems]}, indent=1, default=list))
        return 0
    if args.systems:
        lines = listed(systems)
    elif wanted:
        lines = one_lesson(wanted, plan, lessons, systems)
    else:
        lines = table(plan, lessons, systems)
    print("\n".join(lines))
    return 0


def chosen(word: str | None, plan: Mapping[str, Planned], lessons: Mapping[str, Lesson]) -> str | None:
    """The lesson that `word` means, written or planned."""
    if word is None:
        return None
    names = sorted({**plan, **lessons})
    found = match(word, names)
    if found is None:
        raise SyllabusError(f"no lesson is called {word!r}. There are:\n  " + "\n  ".join(names))
    return found


def table(
    plan: Mapping[str, Planned], lessons: Mapping[str, Lesson], systems: Sequence[System]
) -> Iterator[str]:
    """A line a lesson."""
    yield ROW.format("", "lesson", "min.", "exercises", "goals", "systems", "after").rstrip()
    for name in sorted({**plan, **lessons}):
        concerned = sum(name in system.lessons for system in systems)
        lesson = lessons.get(name)
        if lesson is None:
            cells = (plan[name].title, "", "planned", "", concerned, "")
        else:
            after = " ".join(each[:2] for each in lesson.prerequisites)
            cells = (lesson.title, lesson.minutes, len(lesson.exercises), len(lesson.goals), concerned, after)
        title = textwrap.shorten(cells[0], TITLE, placeholder=" …")
        yield ROW.format(name[:2], title, *cells[1:]).rstrip()
    taught = sum(bool(system.taught) for system in systems)
    planned = sum(bool(system.planned and not system.taught) for system in systems)
    yield ""
    yield from folded(
        f"Of {len(systems)} systems that texts on this subject name, {taught} are taught in the lessons that "
        f"are here, {planned} more are planned, and {len(systems) - taught - planned} are left out, each for "
        "a reason: course syllabus --systems. More on one lesson: course syllabus --lesson 04."
    )


def one_lesson(
    name: str, plan: Mapping[str, Planned], lessons: Mapping[str, Lesson], systems: Sequence[System]
) -> Iterator[str]:
    """All about one lesson."""
    lesson = lessons.get(name)
    if lesson is None:
        yield from folded(f"{name[:2]} {plan[name].title}: planned. {plan[name].builds}")
    else:
        yield f"{lesson.number} {lesson.title}"
        after = ", ".join(lesson.prerequisites) or "no lesson needed before"
        yield from folded(f"About {lesson.minutes} minutes; before it: {after}.", "  ")
        yield "\nYou will be able to"
        links = plan[name].goals if name in plan else {}
        for goal in lesson.goals:
            yield from folded(goal, "  - ")
            link = next((found for words, found in links.items() if goal.startswith(words)), None)
            if link:
                met = [*link.exercises, *(f"figure under '{title}'" for title in link.figures)]
                yield from folded(f"({', '.join(met)})", "    ")
        yield f"\nExercises: {len(lesson.exercises)}, {lesson.points} points"
        width = max((len(exercise.name) for exercise in lesson.exercises), default=0)
        for exercise in lesson.exercises:
            worth = f"{exercise.points} point{'' if exercise.points == 1 else 's'}, {exercise.minutes} min."
            yield f"  {exercise.name:<{width}}  {worth}"
    yield "\nSystems"
    for system in systems:
        yield from folded(f"{system.id}  {system.name}: {place_in(system, name)}", "  ", 6)


def listed(systems: Sequence[System]) -> Iterator[str]:
    """The systems by group, each with all its places."""
    for number, (group, members) in enumerate(groupby(systems, key=lambda system: system.group)):
        yield f"\n{group}" if number else group
        for system in members:
            places = [f"{lesson[:2]}: {place_in(system, lesson)}" for lesson in system.lessons]
            yield from folded(f"{system.id}  {system.name}", "  ", 6)
            yield from folded("; ".join(places) or f"not taught: {system.reason}", "        ")


def place_in(system: System, lesson: str) -> str:
    """The sections of a lesson that teach a system."""
    return ", ".join(f"'{title}'" for title in system.taught.get(lesson, ())) or "planned"


def as_data(name: str, plan: Mapping[str, Planned], lessons: Mapping[str, Lesson]) -> dict:
    """A lesson for a program."""
    goals = {words: asdict(link) for words, link in plan[name].goals.items()} if name in plan else {}
    lesson = lessons.get(name)
    if lesson is None:
        return {"name": name, "state": "planned", "title": plan[name].title, "builds": plan[name].builds}
    told = {key: value for key, value in asdict(lesson).items() if key not in ("headings", "pictured")}
    return {"state": "here", **told, "goals_met_by": goals}


def folded(text: str, first: str = "", hanging: int | None = None) -> list[str]:
    """Lines of at most 79 columns, the later ones under the first one's text."""
    indent = " " * (len(first) if hanging is None else len(first) + hanging)
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False)
