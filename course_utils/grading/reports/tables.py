"""The results as tables for other programs: scores.csv and scores.json."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from course_utils.grading.records import Record, Run
from course_utils.grading.visible import number, visible

FORMULA = "=+-@\t\r\n＝＋－＠"  # what a spreadsheet takes for the beginning of a formula
PLAIN = re.compile(r"[\w./ -]*")  # cells that no reader of CSV can misunderstand, whatever its separator


def scores_csv(run: Run) -> str:
    """A row for each submission, as RFC 4180 has it (CRLF, quotes doubled), in UTF-8.

    Columns: `submission`, one for each exercise (`lesson.exercise` where the run holds several lessons),
    `total`, `possible`. A cell is empty where the submission is not of that lesson. Unseen characters of a
    name are written out; a name that a spreadsheet would calculate begins with an apostrophe.
    """
    columns = exercise_columns(run.records)
    several = len({lesson for lesson, _ in columns}) > 1
    names = [f"{lesson}.{exercise}" if several else exercise for lesson, exercise in columns]
    rows = [["submission", *names, "total", "possible"]]
    for name, records in by_submission(run.records):
        found = {(record.lesson, each.exercise): each for record in records for each in record.results}
        points = [number(found[column].points) if column in found else "" for column in columns]
        total = sum(record.total for record in records)
        possible = sum(record.possible for record in records)
        rows.append([harmless(name), *points, number(total), number(possible)])
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows)


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
    for record in sorted(records, key=lambda record: -len(record.results)):
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
