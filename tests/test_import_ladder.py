"""Imports go down only, read from the sources; and the doors of the house stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "course_utils"

# From the ground up. The modules of one tuple may import each other, none may import its neighbours or above.
LADDER = [
    [
        ("plots",),
        ("data.sources", "data.wordnet", "data.hierarchy"),
        ("launch",),
        ("train_options", "grade_options", "option_types"),
        ("scenes",),
    ],
    [
        ("models",),
        ("training",),
        ("data",),
        ("widgets",),
        ("packages",),
        ("worker",),
        ("syllabus",),
        ("progress",),
    ],
    [("checks",), ("training.recipes",), ("progress.advice", "progress.command")],
    [("grading",), ("authoring",), ("doctor",), ("training.command", "training.plan", "training.report")],
    [("cli",)],
    [("training.__main__",)],
]
PLACE = {
    f"course_utils.{unit}": (rung, units)
    for rung, groups in enumerate(LADDER)
    for units in groups
    for unit in units
}


def place(module):
    """The rung and the group of a module, by the longest name in the ladder that it begins with."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 1, -1)]
    return next((PLACE[name] for name in names if name in PLACE), None)


def imports(source, module, is_package):
    """The modules that a source text imports, wherever in it, relative names made absolute.

    `from a import b` gives a.b: whether b is a module or a name in a, its place on the ladder is the same or
    lower only where the ladder says so.
    """
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def faults(source, module, is_package=False):
    """What a module may not import, in words."""
    here = place(module)
    for name in imports(source, module, is_package):
        if name.split(".")[0] in ("solutions", "lessons", "tests"):
            yield f"{module} imports {name}: nothing in the package does"
        if name.endswith(".*"):
            yield f"{module} imports {name}: no star imports"
        there = place(name)
        if there and here and there[0] >= here[0] and there[1] != here[1]:
            yield f"{module} imports {name}, which is not below it"


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield path, ".".join(parts[:-1] if is_package else parts), is_package


@pytest.mark.parametrize(
    ("path", "module", "is_package"), [pytest.param(*found, id=found[1]) for found in modules()]
)
def test_imports_go_down_only(path, module, is_package):
    assert module == "course_utils" or place(module), f"{module} has no rung: give it one in LADDER"
    assert not list(faults(path.read_text(encoding="utf-8"), module, is_package))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("course_utils.plots.curves", "from course_utils.training import History"),
        ("course_utils.plots", "def later():\n    import course_utils.models"),
        ("course_utils.models.lenet", "from ..training import fit"),
        ("course_utils.models.lenet", "from .. import training"),
        ("course_utils.training.fit", "from course_utils.data import Batches"),
        ("course_utils.training.fit", "from course_utils.training.command import train"),
        ("course_utils.training.command", "from course_utils.cli import main"),
        ("course_utils.data.sources", "from course_utils.data import download"),
        ("course_utils.data.sources", "from . import download"),
        ("course_utils.widgets.stepper", "from course_utils.data import load_photograph"),
        ("course_utils.checks.core", "from course_utils.authoring import build"),
        ("course_utils.scenes.first_cnn", "from course_utils.checks import Case"),
        ("course_utils.worker.serve", "from course_utils.checks import remote"),
        ("course_utils.worker.codec", "from course_utils.grading import errors"),
        ("course_utils.checks.remote", "from course_utils.grading import sandbox"),
        ("course_utils.grading.report", "import course_utils.cli"),
        ("course_utils.cli", "from solutions import convolution"),
        ("course_utils.cli", "from course_utils.plots import *"),
    ],
)
def test_climbing_is_seen(module, source):
    assert len(list(faults(source, module))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("course_utils.plots.curves", "from course_utils.plots.palette import TEXT\nimport numpy"),
        ("course_utils.data.download", "from .sources import SOURCES\nfrom course_utils.data import roots"),
        ("course_utils.data.sources", "from .wordnet import IMAGENETTE_WORDS"),
        ("course_utils.checks.core", "from course_utils.training import evaluate"),
        ("course_utils.worker.serve", "from course_utils.scenes import first_cnn"),
        ("course_utils.checks.first_cnn", "from course_utils.scenes.first_cnn import take_steps"),
        (
            "course_utils.grading.judging.judge",
            "from course_utils.checks import Remote\nimport course_utils.worker.codec",
        ),
        ("course_utils.training.command", "from course_utils.training import fit, recipes"),
        ("course_utils.cli", "from course_utils import authoring"),
    ],
)
def test_going_down_is_allowed(module, source):
    assert not list(faults(source, module))


@pytest.mark.parametrize(
    "program",
    [
        "import course_utils",
        "import course_utils.grading.nbval_plugin, course_utils.grading.quick_start",
        "import course_utils.authoring, course_utils.data",
        "from course_utils.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass",
    ],
)
def test_the_doors_are_light(program):
    program += "\nimport sys\nprint('loaded', sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).endswith("loaded []\n")
