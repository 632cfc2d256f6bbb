"""Which packages the course asks for and which are installed; works where none of them is."""

from __future__ import annotations

import importlib.metadata
import re

from course_utils.launch import DISTRIBUTION, course_root


def requirements() -> dict[str, list[tuple[str, str]]]:
    """{extra: [(package, allowed versions), ...]} of this course; "" is the core.

    A package that several extras ask for stands in the first of them only.
    """
    found: dict[str, list[tuple[str, str]]] = {"": []}
    seen = {DISTRIBUTION}
    for text in sorted(stated(), key=lambda text: list(EXTRAS).index(extra_of(text))):
        requirement = text.partition(";")[0].strip()
        name = re.match(r"[\w.-]+", requirement).group()
        if name not in seen:
            seen.add(name)
            found.setdefault(extra_of(text), []).append((name, requirement[len(name) :].strip()))
    return found


# What each extra is for, in the order in which a reader meets them.
EXTRAS = {
    "": "the lessons",
    "lab": "`course lab`",
    "dev": "tests and building the course",
    "tracking": "curves of `course train` in TensorBoard and Weights & Biases",
}


def extra_of(text: str) -> str:
    """The extra that a requirement such as "ruff; extra == 'dev'" belongs to; "" for the core."""
    found = re.search(r"extra\s*==\s*['\"](\w+)['\"]", text)
    return found.group(1) if found else ""


def stated() -> list[str]:
    """The requirements as the installed course states them; pyproject.toml's when it is not installed."""
    try:
        return importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        import tomllib

        text = (course_root() / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        extras = project["optional-dependencies"].items()
        return project["dependencies"] + [
            f"{name}; extra == '{extra}'" for extra, names in extras for name in names
        ]


def installed(name: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def fits(version: str, allowed: str) -> bool:
    """True when a version lies in a range such as ">=7.7,<9"; also true when nothing here can judge it."""
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:
        return True
    return SpecifierSet(allowed).contains(version, prereleases=True)
