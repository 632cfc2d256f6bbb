"""The results as tables for other programs: scores.csv and scores.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from course_utils.grading.records import Record, Run
from course_utils.grading.reports.links import feedback_files
from course_utils.grading.visible import number, visible

FEEDBACK = "feedback"  # the folder of the pages, beside the table
FORMULA = "=+-@\t\r\n＝＋－＠"  # what a spreadsheet takes for the beginning of a formula
PLAIN = re.compile(r"[\w./ -]*")  # cells that no reader of CSV can misunderstand, whatever its separator


def scores_csv(run: Run) -> str:
    """A row for each submission, as RFC 4180 has it (CRLF, quotes doubled), in UTF-8.

    Columns: `submission`, one for each exercise (`lesson.exercise` where the run holds several lessons),
    `total`, `possible`, `feedback` (the page to give back, from the table's folder; several of them with
    spaces between). A cell is empty where the submission is not of that lesson; one of a lesson that nobody
    asked for has no points at all. Unseen characters of a name are written out; a name that a spreadsheet
    would calculate begins with an apostrophe.
    """
    files = dict(zip(map(id, run.records), feedback_files(run.records), strict=True))
    columns = exercise_columns(run.records)
    several = len({lesson for lesson, _ in columns}) > 1
    names = [f"{lesson}.{exercise}" if several else exercise for lesson, exercise in columns]
    rows = [["submission", *names, "total", "possible", "feedback"]]
    worth = {
        (record.lesson, each.exercise): each.possible for record in run.records for each in record.results
    }
    for name, records in by_submission(run.records):
        pages = " ".join(f"{FEEDBACK}/{files[id(record)]}" for record in records)
        rows.append([harmless(name), *_points(records, columns, worth), pages])
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows)


def _points(
    records: Sequence[Record], columns: Sequence[tuple[str, str]], worth: Mapping[tuple[str, str], float]
) -> list[str]:
    """The cells of one row from the first exercise to `possible`."""
    graded = [record for record in records if not record.of_another_lesson]
    if not graded:
        return [""] * (len(columns) + 2)
    found = {(record.lesson, each.exercise): each for record in graded for each in record.results}
    points = {column: found[column].points for column in columns if column in found}
    possible = {column: found[column].possible for column in points}
    if (
        not points and len({lesson for lesson, _ in columns}) == 1
    ):  # unreadable, so of the one lesson there is
        points, possible = dict.fromkeys(columns, 0.0), dict(worth)
    cells = [number(points[column]) if column in points else "" for column in columns]
    return [*cells, number(sum(points.values())), number(sum(possible.values()))]


def scores_json(run: Run, pairs: Sequence[Any] = ()) -> str:
    """The whole run: records with seeds, tier, timings and full texts, and the pairs to look at.

    Only ASCII is written, so that the file can be shown in any terminal. It is for the instructor: it holds
    what the students' code returned and printed.
    """
    found = [{"a": pair.a, "b": pair.b, "exercises": list(pair.exercises)} for pair in pairs]
    return json.dumps({**run.to_json(), "pairs": found}, indent=1, allow_nan=False) + "\n"


def exercise_columns(records: Sequence[Record]) -> list[tuple[str, str]]:
    """(lesson, exercise) of all that was graded: lessons by name, exercises in the order of the lesson.

    The fullest record of a lesson knows the order best.
    """
    columns: dict[str, dict[str, None]] = {}
    asked = [record for record in records if not record.of_another_lesson]
    for record in sorted(asked or records, key=lambda record: -len(record.results)):
        for result in record.results:
            columns.setdefault(record.lesson, {})[result.exercise] = None
    return [(lesson, exercise) for lesson in sorted(columns) for exercise in columns[lesson]]


def by_submission(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """The records of each submission, one a lesson; a second of the same lesson is a row of its own."""
    rows: list[tuple[str, list[Record]]] = []
    latest: dict[str, list[list[Record]]] = {}
    for record in records:
        for row in latest.setdefault(record.submission, []):
            if all(other.lesson != record.lesson for other in row):
                row.append(record)
                break
        else:
            rows.append((record.submission, [record]))
            latest[record.submission].append(rows[-1][1])
    return rows


def harmless(name: str) -> str:
    """A name for a cell of a table: visible, and never the beginning of a formula."""
    begins = name.lstrip(" \u00a0\u200b\ufeff")[:1] or name[:1]
    return ("'" if begins and begins in FORMULA else "") + visible(name)


def _cell(text: str) -> str:
    return text if PLAIN.fullmatch(text) else '"' + text.replace('"', '""') + '"'
