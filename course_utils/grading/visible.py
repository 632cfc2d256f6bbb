"""Text that others chose, made harmless to read: what cannot be seen is written out."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

# Letters that no one sees and that change how others are drawn; the two joiners are part of real names.
JOINERS = "\u200c\u200d"
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MARKS = 4  # accents on one letter; more of them are drawn over the neighbouring lines
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"  # in English on every machine
LONG = 160  # characters of a name on a page


def visible(text: str) -> str:
    r"""`text` with control, bidirectional, private and lone surrogate characters written as \u202e.

    The result can be encoded in UTF-8, stands in XML 1.0, and is drawn from its first character to its last.
    """
    if text.isascii() and text.isprintable():
        return text
    seen, marks = [], 0
    for character in text:
        kind = unicodedata.category(character)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        hidden = (kind in UNSEEN and character not in JOINERS) or marks > MARKS
        seen.append(_written(character) if hidden else character)
    return "".join(seen)


def short(name: str) -> str:
    """A visible name of at most LONG characters: beginning and end, for the end tells files apart."""
    name = visible(name)
    return name if len(name) <= LONG else f"{name[: LONG // 2]} … {name[-LONG // 2 + 3 :]}"


def number(value: float) -> str:
    """Points as people write them: 3, 1.5, 0.33."""
    return f"{round(value, 2):.2f}".rstrip("0").rstrip(".")


def lesson_title(slug: str) -> str:
    """'02_first_cnn' as 'Lesson 02, first cnn'; an unknown lesson has no number."""
    head, _, rest = slug.partition("_")
    if head.isdigit() and rest:
        return f"Lesson {head}, {rest.replace('_', ' ')}"
    return slug.replace("_", " ") or "no lesson"


def moment(started: str) -> str:
    """'2026-11-21T16:30:00+00:00' as '21 Nov 2026, 16:30 UTC'; anything else as it stands."""
    try:
        when = datetime.fromisoformat(started).astimezone(UTC)
    except ValueError:
        return started
    return f"{when.day} {MONTHS.split()[when.month - 1]} {when:%Y, %H:%M} UTC"


def _written(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
