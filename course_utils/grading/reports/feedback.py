"""The page that a student gets back: one file that needs nothing else, kind and plain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.grading import records
from course_utils.grading.records import Record, Result
from course_utils.grading.reports.links import paragraph
from course_utils.grading.reports.pages import page
from course_utils.grading.reports.sentences import explanation, heading, raised, with_reference

# What to look at first, what is still open, what is done.
GROUPS = (
    ("Worth another look", (records.WRONG, records.STOPPED)),
    ("Still open", (records.NOT_ATTEMPTED, records.MISSING, records.REFUSED)),
    ("Right", (records.RIGHT,)),
)
CLASSES = {records.RIGHT: "right", records.WRONG: "wrong", records.STOPPED: "stopped"}
SIGNS = {"right": "✓", "wrong": "✗", "stopped": "■", "open": "○"}


NOT_TAKEN = "defined in a cell that is no answer"  # in a remark: the cell's name error has its cause there
MOVE_IT = "Only the answer cells and imports are taken: put what it needs into the answer cell itself."
AT_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)

BRIEF = (records.RIGHT, records.NOT_ATTEMPTED)  # a line is enough where nothing else is to be said


@dataclass(frozen=True)
class Card:
    """One exercise as the page shows it; every string is plain text."""

    result: Result
    kind: str
    sign: str
    heading: str
    lines: list[str]
    raised: str
    source: str
    remarks: list[str]
    reference: str
    warnings: list[str]
    see: str
    link: str

    @property
    def brief(self) -> bool:
        return _is_brief(self.result)


def feedback_html(record: Record, base: str = "") -> str:
    """The feedback of one submission as an HTML page.

    `base` is the address of the folder `lessons` (see `links`); without it paragraphs are named, not linked.
    The page holds neither the seed nor values: with them the cases could be drawn before handing in again.
    """
    cards = [_card(record, result, base) for result in record.results]
    in_cards = {f"{card.result.exercise}: {remark}" for card in cards for remark in card.remarks}
    groups = [(title, [card for card in cards if card.result.state in states]) for title, states in GROUPS]
    return page(
        "feedback.html",
        record=record,
        move_it=MOVE_IT,
        not_taken=NOT_TAKEN,
        groups=[(title, found) for title, found in groups if found],
        remarks=[remark for remark in record.remarks if remark not in in_cards or record.fatal],
        right=sum(result.state == records.RIGHT for result in record.results),
    )


def _card(record: Record, result: Result, base: str) -> Card:
    kind = CLASSES.get(result.state, "open")
    line = raised(result)
    said = [each for each in explanation(result) if each != line]
    remarks = [] if _is_brief(result) else _remarks_on(record, result)
    if result.state == records.MISSING and remarks:
        said = []  # the remark tells more exactly why there is no answer
    see = "" if any(NOT_TAKEN in remark for remark in remarks) else result.see
    return Card(
        result=result,
        kind=kind,
        sign=SIGNS[kind],
        heading=heading(result),
        lines=said,
        raised=line.partition(" at ")[0] if result.error_line else line,
        source=result.error_line,
        remarks=remarks,
        reference=with_reference(result.with_reference),
        warnings=_together(result.warnings),
        see=see,
        link=paragraph(base, record.lesson, see),
    )


def _is_brief(result: Result) -> bool:
    return result.state in BRIEF and not result.warnings and not result.with_reference


def _remarks_on(record: Record, result: Result) -> list[str]:
    """What was odd about this exercise's cell."""
    begin = f"{result.exercise}: "
    return [remark.removeprefix(begin) for remark in record.remarks if remark.startswith(begin)]


def _together(warnings: Sequence[str]) -> list[str]:
    """Sentences that end in a full stop; those that say the same of several lines as one."""
    lines: dict[str, list[str]] = {}
    for warning in warnings:
        found = AT_LINE.fullmatch(warning)
        lines.setdefault((found[2] if found else warning).rstrip("."), []).extend([found[1]] if found else [])
    where = {
        text: f"Line{'s' if len(n) > 1 else ''} {', '.join(n)}: " if n else "" for text, n in lines.items()
    }
    return [f"{where[text]}{text}." for text in lines]
