"""What a newcomer meets first is true: README, CONTRIBUTING, licences, and nothing of one machine in them."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from course_utils import cli

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
CPU_WHEELS = "download.pytorch.org"
REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "deb.debian" + ".org")
HOMES = re.compile("|".join(["/ro" + "ot/", "/ho" + r"me/\w", "/Us" + r"ers/\w", "/tmp/ipy" + "kernel"]))
MARKED = {"README.md": README, "CONTRIBUTING.md": CONTRIBUTING}


def code_in(text: str) -> list[str]:
    """The command lines in indented blocks, fences and `backticks`, cut at &&."""
    blocks = re.findall(r"^(?: {4})(\S.*)$", text, re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", text)
    return [part.strip() for line in blocks + spans for part in line.split("&&")]


def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git clone: there is no list of tracked files")
    names = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("document", MARKED)
def test_every_course_command_that_a_document_names_is_understood(document):
    commands = [line for line in code_in(MARKED[document]) if re.match(r"course( [a-z-]|$)", line)]
    assert commands
    for command in commands:
        words = shlex.split(command)[1:]
        if words:
            cli.parse([word.replace("NN_slug", "02_convolution") for word in words])


@pytest.mark.parametrize("document", MARKED)
def test_every_extra_that_a_document_installs_exists(document):
    extras = re.findall(r'pip install -e "\.\[(\w+)\]"', MARKED[document])
    assert extras
    assert set(extras) <= PROJECT["optional-dependencies"].keys()


def test_readme_gives_the_two_commands():
    assert "course" in PROJECT["scripts"]
    assert '    pip install -e ".[lab]" && course lab\n' in README
    assert '    pip install -e ".[dev]" && pytest -n 2\n' in README


@pytest.mark.parametrize("document", MARKED)
def test_links_lead_to_files_that_are_there(document):
    targets = re.findall(r"\]\(([^)\s]+)\)", MARKED[document])
    for target in targets:
        if not re.match(r"https?://", target):
            assert (ROOT / target.partition("#")[0]).is_file(), target
    for path in re.findall(r"`((?:lessons|solutions|tests|course_utils)/[^`<\s]*\w)`", MARKED[document]):
        assert "NN_slug" in path or (ROOT / path).exists(), path


def test_the_lesson_that_readme_judges_is_there():
    (lesson,) = re.findall(r"pytest --nbval (\S+\.ipynb)", README)
    assert (ROOT / lesson).is_file()


def test_readme_lists_every_lesson_with_its_links():
    _, _, rest = README.partition("<!-- lessons:begin -->")
    table, end, _ = rest.partition("<!-- lessons:end -->")
    assert end
    lessons = sorted(path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"))
    assert lessons
    for lesson in lessons:
        (row,) = [row for row in table.splitlines() if f"(lessons/{lesson}.ipynb)" in row]
        assert "colab.research.google.com" in row
        assert "mybinder.org" in row


def test_pictures_of_the_documents_are_small_and_described():
    for alternative, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", README):
        assert len(alternative) > 20, f"{target} needs a text alternative"
        assert (ROOT / target).stat().st_size < 200_000, target


def test_contributing_says_first_which_file_is_written_by_hand():
    first = next(line for line in CONTRIBUTING.splitlines() if line and not line.startswith("#"))
    assert "by hand" in first
    assert "`solutions/NN_slug.py`" in first


def test_no_tracked_file_names_this_machine_or_a_registry():
    faults = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        text = content.decode("utf-8")
        faults += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRIES if host in text]
        faults += [f"{path.relative_to(ROOT)}: {found}" for found in HOMES.findall(text)]
        if str(ROOT) + os.sep in text:
            faults.append(f"{path.relative_to(ROOT)}: {ROOT}")
        if CPU_WHEELS in text and path not in (
            ROOT / "binder" / "requirements.txt",
            Path(__file__).resolve(),
        ):
            faults.append(f"{path.relative_to(ROOT)}: {CPU_WHEELS}")
    assert faults == []


def test_no_data_and_no_large_file_is_tracked():
    for path in tracked():
        assert path.suffix.lower() not in {".jpeg", ".jpg", ".tgz", ".npy", ".pt", ".pth"}, path
        assert path.stat().st_size < 1_000_000, path


def test_both_licences_are_there_whole():
    code, lessons = ((ROOT / name).read_text() for name in PROJECT["license-files"])
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"
    assert code.startswith("MIT License\n")
    assert 'THE SOFTWARE IS PROVIDED "AS IS"' in code
    assert lessons.startswith("Attribution 4.0 International\n")
    titles = re.findall(r"^Section (\d) -- ", lessons, re.MULTILINE)
    assert titles == [str(number) for number in range(1, 9)]
    for name in PROJECT["license-files"]:
        assert f"]({name})" in README
