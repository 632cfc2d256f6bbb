"""The page that a student gets back: one file that needs nothing else, kind and plain."""

from __future__ import annotations

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
    reference: str
    link: str

    @property
    def brief(self) -> bool:
        return self.result.state in BRIEF and not self.result.warnings and not self.reference


def feedback_html(record: Record, base: str = "") -> str:
    """The feedback of one submission as an HTML page.

    `base` is the address of the folder `lessons` (see `links`); without it paragraphs are named, not linked.
    The page holds neither the seed nor values: with them the cases could be drawn before handing in again.
    """
    cards = [_card(record, result, base) for result in record.results]
    groups = [(title, [card for card in cards if card.result.state in states]) for title, states in GROUPS]
    return page(
        "feedback.html",
        record=record,
        groups=[(title, found) for title, found in groups if found],
        right=sum(result.state == records.RIGHT for result in record.results),
    )


def _card(record: Record, result: Result, base: str) -> Card:
    kind = CLASSES.get(result.state, "open")
    line = raised(result)
    said = [each for each in explanation(result) if each != line]
    return Card(
        result=result,
        kind=kind,
        sign=SIGNS[kind],
        heading=heading(result),
        lines=said,
        raised=line.partition(" at ")[0] if result.error_line else line,
        source=result.error_line,
        reference=with_reference(result.with_reference),
        link=paragraph(base, record.lesson, result.see),
    )
