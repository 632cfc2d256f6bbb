"""The plan of the course and the systems that it names, from the TOML files beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.syllabus.errors import SyllabusError

HERE = Path(__file__).resolve().parent
LESSONS = HERE / "lessons.toml"
SYSTEMS = HERE / "systems"


@dataclass(frozen=True)
class Link:
    """What meets a goal: exercises by name, and titles of sections with a figure."""

    exercises: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A lesson of the plan, written or not. `goals` maps the first words of a goal to what meets it."""

    name: str
    title: str
    builds: str
    goals: Mapping[str, Link]


@dataclass(frozen=True)
class System:
    """Something that texts on this subject name.

    Args:
        taught: titles of sections by lesson.
        planned: lessons that will teach it.
        reason: why it is not taught; empty when it is taught or planned.
    """

    id: str
    name: str
    group: str
    taught: Mapping[str, tuple[str, ...]]
    planned: tuple[str, ...]
    reason: str

    @property
    def lessons(self) -> tuple[str, ...]:
        return (*self.taught, *self.planned)


def read_plan(path: Path = LESSONS) -> dict[str, Planned]:
    """The lessons of the plan in their order, by name."""
    plan = {}
    for name, told in _toml(path).items():
        goals = {
            words: Link(tuple(link.get("exercises", ())), tuple(link.get("figures", ())))
            for words, link in told.get("goals", {}).items()
        }
        plan[name] = Planned(name, told["title"], told["builds"], goals)
    return plan


def read_systems(folder: Path = SYSTEMS) -> tuple[System, ...]:
    """All systems, in the order of their ids.

    Raises:
        SyllabusError: a file is not TOML, or an entry says something that no entry says.
    """
    found = []
    for path in sorted(folder.glob("*.toml")):
        for group, entries in _toml(path).items():
            found += [_system(path, group, identity, told) for identity, told in entries.items()]
    return tuple(sorted(found, key=lambda system: system.id))


def _system(path: Path, group: str, identity: str, told: Mapping[str, Any]) -> System:
    unknown = sorted(told.keys() - {"name", "taught", "planned", "not_taught"})
    if unknown or "name" not in told:
        raise SyllabusError(f"{path}: {identity}: {', '.join(unknown) or 'no name'}")
    taught = {
        lesson: (titles,) if isinstance(titles, str) else tuple(titles)
        for lesson, titles in told.get("taught", {}).items()
    }
    return System(
        identity, told["name"], group, taught, tuple(told.get("planned", ())), told.get("not_taught", "")
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SyllabusError(f"{path} cannot be read: {error}") from error
