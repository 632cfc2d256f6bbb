"""The two marks of a source: what stands between them is the learner's to write."""

from __future__ import annotations

from collections.abc import Callable

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STUB = "raise NotImplementedError"


def without_solutions(source: str, fail: Callable[[int, str], Exception]) -> str:
    """The cell as a student gets it: each marked passage becomes one indented `raise NotImplementedError`.

    Args:
        source: the cell's text.
        fail: makes the exception for a mistake from its line within the cell (0-based) and a message.
    """
    kept: list[str] = []
    begun: int | None = None
    for number, line in enumerate(source.splitlines()):
        mark = line.strip()
        if mark == BEGIN:
            if begun is not None:
                raise fail(number, f"a second {BEGIN!r} before the end of the first")
            begun = number
            kept.append(line[: len(line) - len(line.lstrip())] + STUB)
        elif mark == END:
            if begun is None:
                raise fail(number, f"{END!r} without a {BEGIN!r} before it")
            begun = None
        elif mark.upper().startswith(("### BEGIN", "### END")):
            raise fail(number, f"{mark!r} is no mark: only {BEGIN!r} and {END!r} are")
        elif begun is None:
            kept.append(line)
    if begun is not None:
        raise fail(begun, f"{BEGIN!r} without {END!r}")
    return "\n".join(kept)
