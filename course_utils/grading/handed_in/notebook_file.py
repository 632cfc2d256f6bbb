"""The bytes of a notebook that anybody may have written, as a list of its cells; nothing here raises."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 20_000_000
MOST_VALUES = 4_000_000  # lists, objects and commas: what decides about the memory that JSON takes
MOST_CELLS = 20_000
AGAIN = "Open it in JupyterLab, clear the outputs, save it and hand it in again."
SURROGATES = {code: "\N{REPLACEMENT CHARACTER}" for code in range(0xD800, 0xE000)}


@dataclass(frozen=True)
class Cell:
    """A cell as handed in. `number` counts all cells from 1; the marks are "" where they are missing."""

    number: int
    is_code: bool
    source: str
    grade_id: str = ""
    exercise: str = ""
    role: str = ""


@dataclass
class NotebookFile:
    """What a file turned out to hold. `fatal` says why it holds nothing; `lesson` is what it calls itself."""

    cells: list[Cell] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    lesson: str = ""
    fatal: str = ""


def read_notebook(data: bytes, most_bytes: int = MOST_BYTES) -> NotebookFile:
    """The cells of a notebook of format 4, as much of them as can be made out."""
    found = NotebookFile()
    try:
        content = _json(data, most_bytes, found.remarks)
        _take(content, found)
    except Unusable as problem:
        found.fatal = str(problem)
    except (RecursionError, MemoryError):
        found.fatal = f"The notebook is nested too deeply to be read. {AGAIN}"
    return found


class Unusable(Exception):
    """Says why no cells can be taken from a file. Never leaves this module."""


def _json(data: bytes, most_bytes: int, remarks: list[str]) -> Any:
    if len(data) > most_bytes:
        size = f"larger than {most_bytes / 1e6:g} MB"
        raise Unusable(f"The notebook is {size}, the most that is read. {AGAIN}")
    if not data.strip(b"\0 \t\r\n"):
        raise Unusable("The file is empty. Hand in the notebook again.")
    text = _text(data, remarks)
    if sum(map(text.count, "[{,")) > MOST_VALUES:
        raise Unusable(f"The notebook holds more than {MOST_VALUES:,} values. {AGAIN}")
    doubled: set[str] = set()

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            names = [name for name, _ in pairs]
            doubled.update(name for name in made if name in ("cells", "source") and names.count(name) > 1)
        return made

    try:
        content = json.loads(text, object_pairs_hook=as_object, parse_int=_small)
    except ValueError as error:
        raise Unusable(_why_no_json(text, error)) from None
    for name in sorted(doubled):
        remarks.append(f"The file gives {name!r} twice in one place; the last was taken, as Jupyter does.")
    return content


def _small(digits: str) -> int:
    """No number of a notebook that matters here is long; Python refuses to read the longest."""
    return int(digits) if len(digits) < 10 else 0


def _text(data: bytes, remarks: list[str]) -> str:
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data[1:2] == b"\0" or data[:1] == b"\0":
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    if encoding != "utf-8-sig":
        remarks.append("The file is UTF-16 text, not UTF-8; it was read all the same.")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        remarks.append("Some bytes of the file are no text; they were replaced by \N{REPLACEMENT CHARACTER}.")
        return data.decode(encoding, errors="replace")


def _why_no_json(text: str, error: ValueError) -> str:
    start = text.lstrip()[:200].lower()
    if start.startswith("<"):
        return "The file is a web page, not a notebook. Download the notebook itself and hand it in."
    if text.startswith("PK\x03\x04"):
        return "The file is a zip archive under the name of a notebook. Give it the ending .zip."
    if "\n<<<<<<< " in text and "\n>>>>>>> " in text:
        return (
            "The file holds the marks of an unfinished git merge. Settle the conflict and hand it in again."
        )
    if start.startswith("{") and not text.rstrip().endswith("}"):
        return "The notebook is cut off: the file ends in the middle. Save it and hand it in again."
    place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
    return f"The file is no notebook: it is not JSON{place}. Save it in JupyterLab and hand it in again."


def _take(content: Any, found: NotebookFile) -> None:
    if not isinstance(content, dict):
        raise Unusable("The file is JSON, but no notebook: a notebook is an object with cells.")
    if "worksheets" in content or content.get("nbformat") in (1, 2, 3):
        raise Unusable(
            "The notebook is of a format before 4. Open it in JupyterLab, save it and hand it in again."
        )
    cells = content.get("cells")
    if not isinstance(cells, list) or not cells:
        raise Unusable("The notebook has no cells. Hand in the lesson's notebook with your answers.")
    if len(cells) > MOST_CELLS:
        raise Unusable(f"The notebook has {len(cells):,} cells; no more than {MOST_CELLS:,} are read.")
    if content.get("nbformat") != 4:
        found.remarks.append("The notebook is not of format 4; its cells were read as if it were.")
    course = _object(_object(content, "metadata"), "course")
    found.lesson = _string(course, "lesson")
    odd = 0
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict):
            found.cells.append(_cell(number, cell))
        else:
            odd += 1
    if odd:
        found.remarks.append(f"{odd} of its cells are no cells; they were left out.")


def _cell(number: int, cell: dict[str, Any]) -> Cell:
    metadata = _object(cell, "metadata")
    course, marks = _object(metadata, "course"), _object(metadata, "nbgrader")
    return Cell(
        number,
        cell.get("cell_type") == "code",
        _source(cell.get("source")),
        _string(marks, "grade_id"),
        _string(course, "exercise"),
        _string(course, "role"),
    )


def _source(value: Any) -> str:
    """The text of a cell: a string, or a list of lines. What UTF-8 cannot hold is replaced."""
    lines: Iterable[Any] = value if isinstance(value, list) else [value]
    text = "".join(line for line in lines if isinstance(line, str))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(SURROGATES) if not text.isascii() else text


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _string(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return value.translate(SURROGATES) if isinstance(value, str) else ""
