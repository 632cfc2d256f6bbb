"""Open a lesson in JupyterLab: find the lessons, choose one, hand over."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

DISTRIBUTION = "imagenet-course"
LESSON = re.compile(r"(?P<number>\d\d)_(?P<slug>\w+)\.ipynb")


class LessonNotFound(Exception):
    """There are no lessons here, or none of that name; the message says what to do."""


def lab(args: Namespace) -> int:
    """`course lab [LESSON] [options]`: start JupyterLab on a lesson; returns when it ends."""
    root = course_root()
    name, options = split(args.arguments, lessons(root))
    lesson = find(name, root)
    try:
        from jupyterlab.labapp import LabApp
    except ImportError as error:
        raise LessonNotFound(
            f"JupyterLab cannot be loaded ({error}).\nIn the course's folder, run:  pip install -e '.[lab]'"
        ) from None
    print(f"Opening {lesson.relative_to(root).as_posix()}. To stop JupyterLab, press Ctrl-C here, twice.")
    LabApp.launch_instance(argv=jupyter_options(root, lesson, options))
    return 0


def course_root(start: Path | None = None) -> Path:
    """The clone that holds the lessons: around `start` (the current folder), else around this file.

    Raises LessonNotFound when neither is a clone, which is so after an installation without one.
    """
    here = Path.cwd() if start is None else start
    for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
        if is_clone(folder):
            return folder
    raise LessonNotFound(
        f"the lessons are not here: {here} is not inside a clone of the course.\n"
        "The installed package holds the tools only. Clone the course's repository (or unpack its archive),\n"
        "then run in that folder:  pip install -e '.[lab]' && course lab"
    )


def is_clone(folder: Path) -> bool:
    """True for the top folder of the course's repository."""
    project = folder / "pyproject.toml"
    if not ((folder / "lessons").is_dir() and project.is_file()):
        return False
    return f'"{DISTRIBUTION}"' in project.read_text(encoding="utf-8")


def lessons(root: Path) -> dict[str, Path]:
    """The lessons in order, by name: {"02_convolution": .../lessons/02_convolution.ipynb, ...}."""
    found = sorted((root / "lessons").glob("*.ipynb"))
    return {path.stem: path for path in found if LESSON.fullmatch(path.name)}


def find(name: str | None, root: Path) -> Path:
    """The lesson that `name` means (04, 4, 04_cross_entropy, cross_entropy, a path); the first for None."""
    known = lessons(root)
    if not known:
        raise LessonNotFound(f"there is no lesson in {root / 'lessons'}. To make them, run:  course build")
    if name is None:
        return next(iter(known.values()))
    wanted = match(name, known)
    if wanted is None:
        listing = "\n".join(f"  {stem}" for stem in known)
        raise LessonNotFound(f"no lesson is called {name!r}. There are:\n{listing}")
    return known[wanted]


def match(name: str, known: Sequence[str]) -> str | None:
    """The stem in `known` that `name` means, or None."""
    plain = Path(name).name.removesuffix(".ipynb").removesuffix(".py").replace("-", "_").lower()
    if plain.isdecimal():
        plain = f"{int(plain):02d}"
    for stem in known:
        number, _, slug = stem.partition("_")
        if plain in (stem, number, slug):
            return stem
    return None


def split(arguments: Sequence[str], known: Sequence[str]) -> tuple[str | None, list[str]]:
    """Part the words after `course lab` into the lesson and what is JupyterLab's.

    A first word without a dash is always the lesson, so that a misspelt one is refused. Later words may be
    the values of options (`--port 9000`): one of them is the lesson only when it names one of the course.
    """
    if arguments and not arguments[0].startswith("-"):
        return arguments[0], list(arguments[1:])
    for place, word in enumerate(arguments):
        if not word.startswith("-") and match(word, known):
            return word, [*arguments[:place], *arguments[place + 1 :]]
    return None, list(arguments)


def jupyter_options(root: Path, lesson: Path, options: Sequence[str]) -> list[str]:
    """The command line of JupyterLab. An option that the learner gives takes the place of ours.

    The lesson is the default address, not a file to run: so the address printed for `--no-browser` opens it.
    """
    ours = {
        "--ServerApp.root_dir": str(root),
        "--LabApp.default_url": f"/lab/tree/{lesson.relative_to(root).as_posix()}",
        # No question about news, no search for updates: a lesson opens the same way without a network.
        "--LabApp.news_url": "None",
        "--LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        # Jupytext opens the text file beside a notebook in its place when that is newer, and an answer that
        # another program saved in the notebook is lost. A learner's notebook is the only truth.
        "--ServerApp.jpserver_extensions": "jupyterlab_jupytext=False",
    }
    same = {"--notebook-dir": "--ServerApp.root_dir"}
    given = {option.partition("=")[0] for option in options}
    given |= {same[option] for option in given & same.keys()}
    return [*(f"{name}={value}" for name, value in ours.items() if name not in given), *options]
