"""Names that others chose, for our lists and our files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from course_utils.grading.visible import visible

LONG = 200  # characters of a name that is shown
LONG_FILE = 80  # characters of a file name made from one
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}

SPELT = str.maketrans(  # letters that would be lost or would make another name without their marks
    {
        **{"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"},
        **{"æ": "ae", "Æ": "Ae", "ø": "oe", "Ø": "Oe", "å": "aa", "Å": "Aa", "œ": "oe", "Œ": "Oe"},
        **{"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ı": "i"},
    }
)


def safe_text(text: str, most: int = LONG) -> str:
    r"""`text` on one line with what cannot be seen written out (\u202e), and no longer than `most`."""
    shown = visible(text[: 2 * most])
    if len(shown) <= most and len(text) <= 2 * most:
        return shown
    end = visible(text[-most:])
    return f"{shown[: most // 2]} … {end[-(most - most // 2 - 3) :]}"


def slug(name: str) -> str:
    """A file name (without ending) for `name`: letters, digits, - and _ of ASCII, good on every system."""
    spelt = unicodedata.normalize("NFC", name).translate(SPELT)
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-_")
    if len(plain) > LONG_FILE:
        plain = f"{plain[: LONG_FILE // 2]}-{plain[-(LONG_FILE // 2 - 1) :]}".strip("-_")
    return f"{plain}-" if plain.lower() in RESERVED else plain or "submission"


def slugs(names: Iterable[str]) -> list[str]:
    """A file name for each of `names`, in order: no two the same, upper and lower case told apart or not.

    The same list always gives the same names; give it the whole class, not a part of it. Where a name is too
    long for a file, the folders that all begin with and the ending that all share are left out.
    """
    names = list(names)
    if len(names) > 1 and any(len(name) > LONG_FILE for name in names):
        names = _without_what_all_share(names)
    return unique(map(slug, names), "{}-{}")


def _without_what_all_share(names: list[str]) -> list[str]:
    """Paths less the folders at which all of them begin, and less the last part where it is the same."""
    paths = [name.split("/") for name in names]
    shortest = min(map(len, paths))
    begin = 0
    while begin < shortest - 1 and len({path[begin] for path in paths}) == 1:
        begin += 1
    end = 1 if shortest - begin > 1 and len({path[-1] for path in paths}) == 1 else 0
    return ["/".join(path[begin : len(path) - end]) for path in paths]


def unique(names: Iterable[str], form: str = "{} ({})") -> list[str]:
    """`names` in order, those that came before numbered from 2; case makes no difference."""
    taken: set[str] = set()
    counts: dict[str, int] = {}
    found = []
    for name in names:
        free = name
        while free.casefold() in taken:
            counts[name.casefold()] = counts.get(name.casefold(), 1) + 1
            free = form.format(name, counts[name.casefold()])
        taken.add(free.casefold())
        found.append(free)
    return found
