"""Submissions made from the course's own notebooks, as bytes."""

import functools
import json
from pathlib import Path

from course_utils.grading.lessons.lesson import load_lessons

ROOT = Path(__file__).parent.parent


@functools.cache
def lessons():
    return load_lessons(ROOT)


def notebook(lesson, folder="solutions"):
    """The notebook of a lesson as an object to change."""
    return json.loads((ROOT / folder / f"{lesson}.ipynb").read_text(encoding="utf-8"))


def answer_cell(book, exercise):
    return next(
        cell for cell in book["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == exercise
    )


def code_cell(source, **metadata):
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def as_bytes(book):
    return json.dumps(book).encode()


def texts(given):
    """The remarks about a submission, as the report shows them."""
    return [str(remark) for remark in given.remarks]
