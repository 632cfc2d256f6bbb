"""`course build`: bring lessons/ and the solution notebooks up to date, or say what is stale."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import nbformat

from course_utils.authoring import notebooks
from course_utils.authoring.execute import carry_outputs, execute
from course_utils.authoring.publication import Publication, read_publication, stamped
from course_utils.authoring.source import LessonSource, read_source, read_title


class NothingToBuild(Exception):
    """There is no source here, or none of that name."""


def build(args: Namespace) -> int:
    """Generate what is stale; with `--check` only name it. Returns 1 when `--check` found something."""
    root = find_root(Path.cwd())
    place = read_publication(root)
    paths = sorted((root / "solutions").glob("*.py"))
    titles = {path.stem: f"{path.stem[:2]} {read_title(path)}" for path in paths}
    lessons = [read_source(path) for path in chosen(paths, args.lesson)]
    stale = 0
    for lesson in lessons:
        for path, text in outdated(root, lesson, place, titles, rerun=args.execute, dry=args.check):
            stale += 1
            report(root, path, text, args.check)
    if not args.lesson:
        for path, text in whole_course(root, lessons, place):
            stale += 1
            report(root, path, text, args.check)
    if not stale:
        print("Everything is up to date.")
    return 1 if args.check and stale else 0


def find_root(start: Path) -> Path:
    """The clone around `start`, else the one that this package is installed from in editable mode.

    Raises:
        NothingToBuild: neither holds a `solutions` folder.
    """
    for folder in (start, *start.parents, Path(__file__).resolve().parents[2]):
        if (folder / "solutions").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise NothingToBuild(f"no course to build around {start}: run this inside a clone, beside solutions/")


def chosen(paths: list[Path], wanted: str | None) -> list[Path]:
    """All sources, or the one that `wanted` names: 02, 02_convolution, convolution or a path."""
    if wanted is None:
        return paths
    plain = Path(wanted).name.removesuffix(".py").removesuffix(".ipynb")
    found = [path for path in paths if plain in (path.stem, path.stem[:2], path.stem[3:])]
    if not found:
        known = ", ".join(path.stem for path in paths) or "none"
        raise NothingToBuild(f"no source is called {wanted!r}; there are: {known}")
    return found


def outdated(
    root: Path, lesson: LessonSource, place: Publication, titles: dict[str, str], *, rerun: bool, dry: bool
) -> Iterator[tuple[Path, str]]:
    """The generated files whose bytes should change, with their new text ("" on a dry run of code)."""
    student = notebooks.student_notebook(lesson, place, titles)
    yield from changed(root / "lessons" / f"{lesson.name}.ipynb", notebooks.as_json(student))
    yield from changed(root / "lessons" / f"{lesson.name}.py", notebooks.paired_text(student))
    solved = notebooks.solution_notebook(lesson, place, titles)
    target = root / "solutions" / f"{lesson.name}.ipynb"
    solved.metadata["course"]["code_sha256"] = fingerprint = notebooks.code_hash(solved)
    old = nbformat.read(target, as_version=4) if target.is_file() else None
    same_code = old is not None and notebooks.code_hash(old) == fingerprint
    ran = old is not None and old.metadata.get("course", {}).get("code_sha256") == fingerprint
    if same_code and ran and not rerun:
        yield from changed(target, notebooks.as_json(carry_outputs(old, solved)))
    else:
        yield target, "" if dry else notebooks.as_json(execute(lesson, solved))


def whole_course(root: Path, sources: list[LessonSource], place: Publication) -> Iterator[tuple[Path, str]]:
    """The README's table, and generated files whose source is gone (text "" and not on a dry run: remove)."""
    readme = root / "README.md"
    yield from changed(readme, stamped(readme.read_text(encoding="utf-8"), place.table(sources)))
    names = {lesson.name for lesson in sources}
    for folder, ending in (("lessons", "ipynb"), ("lessons", "py"), ("solutions", "ipynb")):
        for path in sorted((root / folder).glob(f"*.{ending}")):
            if path.stem not in names:
                yield path, ""


def changed(path: Path, text: str) -> Iterator[tuple[Path, str]]:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        yield path, text


def report(root: Path, path: Path, text: str, dry: bool) -> None:
    """Say what happens to `path`, and unless `dry` do it."""
    name = path.relative_to(root).as_posix()
    if dry:
        print(f"stale: {name}")
    elif not text:
        path.unlink()
        print(f"removed: {name} (its source is gone)")
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote: {name}")
