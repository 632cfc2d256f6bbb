"""When is a verdict still good? When nothing that decides about it has changed: its key says so."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import course_utils

PACKAGE = Path(course_utils.__file__).parent
# What never touches a verdict. All else counts: to judge once more costs a moment, a stale verdict is wrong.
FOLDERS = ("authoring", "plots", "widgets", "grading/reports", "grading/batch")
FILES = ("cli.py", "doctor.py", "grade_options.py", "train_options.py")
THE_LEARNERS = tuple(
    f"grading/{name}.py" for name in ("lesson_cells", "lesson_kernel", "nbval_plugin", "quick_start")
)


def versions(root: Path, lessons: Iterable[str]) -> dict[str, str]:
    """What the verdicts of a run depend on besides the answers.

    `checks` is the fingerprint of the sources that judge and of the notebooks of `lessons` under `root`.
    """
    notebooks = [
        root / folder / f"{slug}.ipynb" for slug in sorted(lessons) for folder in ("lessons", "solutions")
    ]
    return {
        "course": _version("imagenet-course"),
        "python": platform.python_version(),
        "torch": _version("torch"),
        "numpy": _version("numpy"),
        "checks": fingerprint([*judging_sources(PACKAGE), *notebooks]),
    }


def judging_sources(package: Path) -> list[Path]:
    """The Python files of the package that can decide about a verdict, in a stable order."""
    return [path for path in sorted(package.rglob("*.py")) if _counts(path.relative_to(package))]


def _counts(path: Path) -> bool:
    folders = {parent.as_posix() for parent in path.parents}
    return not folders & set(FOLDERS) and path.as_posix() not in FILES + THE_LEARNERS


def fingerprint(paths: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files; one that is not there counts as empty."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.parent.name}/{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def key(taken: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """SHA-256 of all that decides about a verdict.

    Args:
        taken: what was taken from the notebook: its lesson, the source of each answer, the remarks.
        settings: what is the same for the whole class: seed, tier, versions, limits.
    """
    text = json.dumps([taken, settings], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
