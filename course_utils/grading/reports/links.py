"""Where a paragraph of a lesson can be read, and what the files of feedback are called."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from course_utils.grading.errors import GradingError
from course_utils.grading.naming import slug, unique
from course_utils.grading.records import Record

PLACEHOLDER = "OWNER/"  # the repository of a course that is not published yet
ANCHOR = "?/:@!$&'()*+,;="  # characters that nbconvert and JupyterLab leave as they are in an anchor


def published_lessons(root: Path) -> str:
    """The address of the folder `lessons` as `[tool.course]` in pyproject.toml states it, or nothing.

    It leads to nbviewer, which shows a notebook at a paragraph without an account or an installation.
    """
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text).get("tool", {}).get("course", {})
    repository, branch = told.get("repository", ""), told.get("branch", "")
    if not (repository and branch) or repository.startswith(PLACEHOLDER):
        return ""
    return f"https://nbviewer.org/github/{quote(repository)}/blob/{quote(branch)}/lessons"


def checked(base: str) -> str:
    """`base` when a link may begin with it.

    Raises:
        GradingError: it is neither a web address nor a path.
    """
    if urlsplit(base).scheme not in ("", "http", "https"):
        raise GradingError(
            f"the address of the lessons is {base!r}: give one that begins with https://, "
            "or a path such as ../lessons"
        )
    return base.rstrip("/")


def paragraph(base: str, lesson: str, title: str) -> str:
    """The link to a paragraph of a lesson by its heading, as JupyterLab and nbviewer name it, or nothing."""
    if not (base and lesson and title):
        return ""
    return f"{checked(base)}/{quote(lesson)}.ipynb#{quote(title.replace(' ', '-'), safe=ANCHOR)}"


def feedback_files(records: Sequence[Record]) -> list[str]:
    """A file name for each record, in their order: its slug, numbered where two are the same."""
    return [f"{name}.html" for name in unique((slug(record.slug) for record in records), "{}-{}")]
