"""Where the course is published, and the links, badges and cells that follow from it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_utils.authoring.source import LessonSource

TABLE_BEGIN, TABLE_END = "<!-- lessons:begin -->", "<!-- lessons:end -->"

SETUP = """\
# On Colab, this brings the course's own small package and leaves every other package as it is.
import importlib.util, subprocess, sys

if importlib.util.find_spec("course_utils") is None:
    package = "git+https://github.com/{repository}@{branch}"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", package], check=True)"""


@dataclass(frozen=True)
class Publication:
    """The repository as `owner/name` and the branch that readers see."""

    repository: str
    branch: str

    def colab(self, lesson: str) -> str:
        return f"https://colab.research.google.com/github/{self.repository}/blob/{self.branch}/lessons/{lesson}.ipynb"

    def binder(self, lesson: str) -> str:
        return f"https://mybinder.org/v2/gh/{self.repository}/{self.branch}?urlpath=lab/tree/lessons/{lesson}.ipynb"

    def setup_cell(self) -> str:
        return SETUP.format(repository=self.repository, branch=self.branch)

    def under_title(self, lesson: LessonSource, titles: dict[str, str]) -> str:
        """One line below a lesson's title: how long, what first, where to run it."""
        needs = [f"[{titles.get(slug, slug)}]({slug}.ipynb)" for slug in lesson.prerequisites]
        before = f"after {' and '.join(needs)}" if needs else "no lesson needed before"
        return (
            f"*About {lesson.minutes} minutes, {before}.* "
            f"[Open in Colab]({self.colab(lesson.name)}) · [Launch on Binder]({self.binder(lesson.name)})"
        )

    def table(self, lessons: Sequence[LessonSource]) -> str:
        """The README's table of lessons."""
        rows = ["| | lesson | minutes | exercises | run it |", "|---|---|---|---|---|"]
        for lesson in lessons:
            run = f"[Colab]({self.colab(lesson.name)}) · [Binder]({self.binder(lesson.name)})"
            rows.append(
                f"| {lesson.number} | [{lesson.title}](lessons/{lesson.name}.ipynb) | {lesson.minutes} "
                f"| {len(lesson.exercises)} | {run} |"
            )
        return "\n".join(rows)


def read_publication(root: Path) -> Publication:
    """The table [tool.course] of pyproject.toml.

    Raises:
        ValueError: a field is missing, or the repository is not `owner/name`.
    """
    told = (
        tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {}).get("course", {})
    )
    repository, branch = told.get("repository", ""), told.get("branch", "")
    if repository.count("/") != 1 or not branch:
        raise ValueError(
            f'pyproject.toml: [tool.course] needs repository = "owner/name" and branch, got {told}'
        )
    return Publication(repository, branch)


def stamped(readme: str, table: str) -> str:
    """The README with its table of lessons replaced.

    Raises:
        ValueError: the two comments that enclose the table are not both there.
    """
    head, begin, rest = readme.partition(TABLE_BEGIN)
    _, end, tail = rest.partition(TABLE_END)
    if not (begin and end):
        raise ValueError(f"README.md: the table of lessons belongs between {TABLE_BEGIN} and {TABLE_END}")
    return f"{head}{TABLE_BEGIN}\n{table}\n{TABLE_END}{tail}"
