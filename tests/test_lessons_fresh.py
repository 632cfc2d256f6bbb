"""The committed lessons are what `course build` makes of their sources, and keep the form of a lesson."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lesson_files import LESSONS, ROOT

from course_utils.authoring.source import read_source

CELL_LINES, TEXT_WORDS, MEDIAN_LINES = 20, 130, 6
LISTS = ("## What you now know", "## References")


def test_nothing_is_stale():
    command = [sys.executable, "-m", "course_utils.cli", "build", "--check"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ})
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("lesson", LESSONS)
class TestForm:
    def test_cells_are_short(self, lesson):
        cells = read_source(ROOT / "solutions" / f"{lesson}.py").cells
        sizes = sorted(len(cell.text.splitlines()) for cell in cells if cell.kind == "code")
        assert sizes[len(sizes) // 2] <= MEDIAN_LINES
        long = [c.line for c in cells if c.kind == "code" and len(c.text.splitlines()) > CELL_LINES]
        assert not long, f"code cells over {CELL_LINES} lines begin in lines {long}"
        prose = [c for c in cells if c.kind == "markdown" and not c.text.startswith(LISTS)]
        wordy = [c.line for c in prose if len(c.text.split()) > TEXT_WORDS]
        assert not wordy, f"text cells over {TEXT_WORDS} words begin in lines {wordy}"

    def test_the_parts_of_a_lesson(self, lesson):
        text = (ROOT / "solutions" / f"{lesson}.py").read_text(encoding="utf-8")
        parts = ["You will be able to", "## What you now know", "## References"]
        places = [text.find(part) for part in parts]
        assert -1 not in places, dict(zip(parts, places, strict=True))
        assert places == sorted(places)
        assert "## Where this goes wrong in the wild" in text

    def test_between_four_and_fourteen_exercises(self, lesson):
        assert 4 <= len(read_source(ROOT / "solutions" / f"{lesson}.py").exercises) <= 14

    def test_every_picture_has_its_text_alternative(self, lesson):
        notebook = nbformat.read(ROOT / "solutions" / f"{lesson}.ipynb", as_version=4)
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if "image/png" in data:
                    words = str(data.get("text/plain", "")).split()
                    assert len(words) >= 6 and "<Figure" not in words, f"{cell.id}: {data.get('text/plain')}"

    def test_the_notebooks_are_small(self, lesson):
        for folder, most in (("lessons", 150_000), ("solutions", 900_000)):
            assert Path(ROOT / folder / f"{lesson}.ipynb").stat().st_size < most
