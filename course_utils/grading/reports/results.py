"""Write a run into its folder: scores.csv, scores.json, junit.xml, class.html and feedback/*.html."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_utils.grading.batch.results_folder import write_whole
from course_utils.grading.records import Run
from course_utils.grading.reports.class_report import class_html
from course_utils.grading.reports.feedback import feedback_html
from course_utils.grading.reports.junit import junit_xml
from course_utils.grading.reports.links import checked, feedback_files, published_lessons
from course_utils.grading.reports.tables import FEEDBACK, scores_csv, scores_json
from course_utils.launch import LessonNotFound, course_root


def write_results(
    run: Run, folder: Path, pairs: Sequence[Any] = (), base: str | None = None, published: Sequence[Any] = ()
) -> list[Path]:
    """Write every report of `run` into `folder`; returns the files, scores.csv first.

    Args:
        pairs: submissions to look at together; published: those that hold the course's own answers (see
            `class_html`).
        base: the address of the folder with the lessons; None takes the one that the course is published at.

    Raises:
        GradingError: `base` is no address, or a file cannot be written; each is there whole or not.
    """
    base = _published() if base is None else checked(base)
    texts = {
        "scores.csv": scores_csv(run),
        "scores.json": scores_json(run, pairs),
        "junit.xml": junit_xml(run),
    }
    for record, name in zip(run.records, feedback_files(run.records), strict=True):
        texts[f"{FEEDBACK}/{name}"] = feedback_html(record, base)
    texts["class.html"] = class_html(run, pairs, base, published)
    for name, text in texts.items():
        write_whole(folder / name, text)
    return [folder / name for name in texts]


def _published() -> str:
    """Nothing where the course is installed without its lessons: paragraphs are then named and not linked."""
    try:
        return published_lessons(course_root())
    except (LessonNotFound, OSError):
        return ""
