"""What can be wrong with a course as a whole, in words; empty where nothing is."""

from collections import Counter


def order_faults(course, plan):
    """Of the order of the lessons. `course` has those that are written by name, `plan` all."""
    faults = []
    for name, lesson in course.items():
        if name not in plan:
            faults.append(f"{name} is not in the plan")
        for needed in lesson.prerequisites:
            if needed not in plan:
                faults.append(f"{name} needs {needed}, which is no lesson of the plan")
            elif needed > name:
                faults.append(f"{name} needs {needed}, which comes later")
        if name in everything_below(name, course):
            faults.append(f"{name} and what it needs need each other")
    numbers = Counter(name[:2] for name in course)
    return faults + [
        f"two lessons have the number {number}" for number, count in numbers.items() if count > 1
    ]


def everything_below(name, course):
    """The lessons that a lesson needs, directly or through others; itself when they go in a circle."""
    found, waiting = set(), list(course[name].prerequisites)
    while waiting:
        needed = waiting.pop()
        if needed not in found:
            found.add(needed)
            waiting += course[needed].prerequisites if needed in course else ()
    return found


def id_faults(course):
    """An exercise's id is its lesson and its name: two lessons may use one name, one lesson may not twice."""
    ids = Counter(f"{name}/{each.name}" for name, lesson in course.items() for each in lesson.exercises)
    return [f"{identity}: two exercises" for identity, count in ids.items() if count > 1]


def goal_faults(lesson, links):
    """Of the goals of a lesson. `links` maps the first words of each to what meets it."""
    faults = [] if lesson.goals else [f"{lesson.name} says no goals"]
    exercises = {each.name for each in lesson.exercises}
    for words, link in links.items():
        begun = sum(goal.startswith(words) for goal in lesson.goals)
        if begun != 1:
            faults.append(f"{lesson.name}: {words!r} begins {begun} goals")
        faults += [f"{lesson.name}: no exercise {name!r}" for name in link.exercises if name not in exercises]
        faults += [
            f"{lesson.name}: no figure under {title!r}"
            for title in link.figures
            if title not in lesson.pictured
        ]
    for goal in lesson.goals:
        found = [link for words, link in links.items() if goal.startswith(words)]
        if not any(link.exercises or link.figures for link in found):
            faults.append(f"{lesson.name}: {goal!r} is met by nothing: say by what, in the syllabus")
    return faults


def system_faults(systems, course, plan):
    """Of the table of systems: each in its place once, and under titles that are there."""
    counts = Counter(system.id for system in systems)
    faults = [f"{identity}: given twice" for identity, count in counts.items() if count > 1]
    for system in {system.id: system for system in systems}.values():
        faults += [f"{system.id}: {fault}" for fault in _places(system, course, plan)]
    return faults


def _places(system, course, plan):
    for lesson, titles in system.taught.items():
        if lesson not in course:
            yield f"taught in {lesson}, which is not written"
            continue
        if not titles:
            yield f"taught in {lesson} without a section"
        yield from (
            f"{lesson} has no section {title!r}" for title in titles if title not in course[lesson].headings
        )
    for lesson in system.planned:
        if lesson in course:
            yield f"planned for {lesson}, which is written"
        elif lesson not in plan:
            yield f"planned for {lesson}, which is no lesson of the plan"
    if not (system.lessons or system.reason):
        yield "neither taught nor planned, and no reason"
    if system.lessons and system.reason:
        yield "a reason for leaving out what is not left out"
