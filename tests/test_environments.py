"""The environments that the course describes: constraints, Binder, the CI script and its workflow."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from course_utils import cli

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(path: Path) -> dict[str, Requirement]:
    """{package: its requirement} of a requirements file; options and comments left out."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("-")]
    names = [canonicalize_name(requirement.name) for requirement in found]
    assert len(names) == len(set(names)), f"{path.name} names a package twice"
    return dict(zip(names, found, strict=True))


def version_of(pin: Requirement) -> str:
    (only,) = pin.specifier
    assert only.operator == "==", f"{pin} is not an exact version"
    return only.version


def wanted(*groups: str) -> dict[str, Requirement]:
    """The requirements of pyproject.toml: the core and these extras."""
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][group] for group in groups)]
    found = [Requirement(text) for group in lists for text in group]
    return {canonicalize_name(each.name): each for each in found if each.name != PROJECT["name"]}


def test_constraints_are_exact_and_lie_in_the_ranges_of_pyproject():
    held = pins(ROOT / "constraints.txt")
    for pin in held.values():
        assert not (pin.url or pin.marker or pin.extras), f"{pin}: names and versions only"
        version_of(pin)
    for name, requirement in wanted("lab", "dev").items():
        assert name in held, f"constraints.txt does not hold {name}"
        assert requirement.specifier.contains(version_of(held[name])), f"{held[name]} is not in {requirement}"


def test_binder_pins_what_the_lessons_need():
    held, constraints = pins(ROOT / "binder" / "requirements.txt"), pins(ROOT / "constraints.txt")
    needed = wanted("lab").keys() - {"jupytext"}
    assert held.keys() == needed
    for name, pin in held.items():
        version, _, local = version_of(pin).partition("+")
        assert version == version_of(constraints[name]), f"{pin} differs from constraints.txt"
        assert local == ("cpu" if name in ("torch", "torchvision") else ""), pin
    python = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)


def test_binder_builds_the_environment_that_is_meant(tmp_path):
    pytest.importorskip("repo2docker")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout + done.stderr
    assert '/bin/pip install --no-cache-dir -r "binder/requirements.txt"' in said
    assert "RUN ./binder/postBuild" in said
    assert "py-2d3-2e11" in said  # the frozen base environment of Python 3.11


@pytest.fixture
def stage(tmp_path):
    """A folder of programs that stand in for the real ones, and a copy of the scripts to run there."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in (".ci", "binder"):
        shutil.copytree(ROOT / folder, tmp_path / folder)

    def program(name: str, text: str) -> None:
        path = programs / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> "{tmp_path}/calls"\n{text}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(script: str):
        environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(["bash", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done, (tmp_path / "calls").read_text().splitlines()

    return program, run


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@needs_bash
@pytest.mark.parametrize(("fetched", "said"), [(0, ""), (2, "the lessons use the embedded photographs")])
def test_binder_does_without_imagenette(stage, fetched, said):
    program, run = stage
    program("python", "exit 0")
    program("course", f"exit {fetched}")
    done, calls = run("binder/postBuild")
    assert done.returncode == 0
    assert said in done.stdout
    assert calls[1] == "course data get imagenette --size 64"
    cli.parse(shlex.split(calls[1])[1:])


@needs_bash
def test_binder_does_not_do_without_the_course(stage):
    program, run = stage
    program("python", "exit 1")
    program("course", "exit 0")
    done, calls = run("binder/postBuild")
    assert done.returncode != 0
    assert calls == ["python -m pip install --no-cache-dir --no-deps -e ."]


@needs_bash
@pytest.mark.parametrize("outcome", [0, 1])
def test_ci_runs_the_command_of_the_readme_and_tells_its_outcome(stage, outcome):
    program, run = stage
    program("apt-get", "exit 100")  # no Chromium to be had: the tests go on without
    program("python3", 'mkdir -p "$3/bin" && touch "$3/bin/activate"')
    program("pip", "exit 0")
    program("pytest", f"echo the closing line; exit {outcome}")
    done, calls = run(".ci/run")
    assert done.returncode == outcome
    assert done.stdout.endswith("the closing line\n")
    readme = (ROOT / "README.md").read_text()
    install, test = re.search(
        r"^    (pip install -e \".\[dev\]\") && (pytest.*)$", readme, re.MULTILINE
    ).groups()
    assert calls[-1] == test
    assert calls[-2].split()[-2:] == shlex.split(install)[-2:]
    assert "--constraint constraints.txt" in calls[-2]


def test_the_workflow_runs_the_same_script():
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == ["bash .ci/run"]
