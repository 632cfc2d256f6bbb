"""What is said to a student about one exercise. Nothing that the student's code made up at run time is said.

Used are only: the course's own labels and sentences, the name of a built-in exception, and lines of the
student's own source. `Result.text`, which shows values, is for the instructor and does not occur here.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from course_utils.grading import records
from course_utils.grading.records import Result

HEADINGS = {
    records.RIGHT: "right",
    records.WRONG: "not right yet",
    records.NOT_ATTEMPTED: "not attempted",
    records.MISSING: "answer cell missing",
    records.STOPPED: "stopped",
    records.REFUSED: "not judged",
}
ON_THIS_CALL, ON_SOME = "On this call you get", "On some cases you get"
REMEDIES = {
    "time": "Is there a loop that does not end, or one that could be a single operation on tensors?",
    "memory": "Does it build something far larger than its inputs?",
    "died": "It ended Python itself: look for a call that leaves the program.",
    "too much": "It gave back far more than was asked for.",
}


def heading(result: Result) -> str:
    """The state in a word or two."""
    if result.state == records.WRONG and result.points > 0:
        return "partly right"
    return HEADINGS.get(result.state, result.state)


def explanation(result: Result) -> list[str]:
    """The sentences, in the order in which they help; none for a right answer.

    The line of the source in which an exception was raised is not among them: see `raised`.
    """
    if result.state == records.RIGHT:
        return []
    lines = [sentence(result), result.form, raised(result), _state(result), _cases(result)]
    return [line for line in lines if line]


def sentence(result: Result) -> str:
    """The sentence about the mistake: a check shows one call, here none is shown, so it says "some cases"."""
    return result.says.replace(ON_THIS_CALL, ON_SOME, 1)


def raised(result: Result) -> str:
    """Which exception ended the answer, and in which line of it."""
    if not result.error_type:
        return ""
    known = getattr(builtins, result.error_type, None)
    builtin = isinstance(known, type) and issubclass(known, BaseException)
    kind = f"a {result.error_type}" if builtin else "an exception"
    kind = kind.replace("a ", "an ", 1) if builtin and result.error_type[0] in "AEIOU" else kind
    where = f" at {result.error_line}" if result.error_line else ""
    return f"Your code raised {kind}{where}"


def with_reference(names: Sequence[str]) -> str:
    """Said when an earlier answer was replaced, so that a slip there costs nothing here."""
    if not names:
        return ""
    listed = " and ".join(f"`{name}`" for name in names)
    several = len(names) > 1
    return f"Your own {listed} {'are' if several else 'is'} not right yet, so this was tried with ours."


def _cases(result: Result) -> str:
    if result.state not in (records.WRONG, records.STOPPED):
        return ""
    if result.total < 2:
        told = result.says or result.form or result.error_type or result.state == records.STOPPED
        return "" if told else "What it gives is not what is asked for."
    if result.right == 0:
        return f"None of the {result.total} cases is right yet."
    text = f"{result.right} of {result.total} cases {'is' if result.right == 1 else 'are'} right."
    labels = [label for label in result.failed_cases if label]
    return f"{text} Not yet: {'; '.join(labels)}." if labels else text


def _state(result: Result) -> str:
    if result.state == records.NOT_ATTEMPTED and not result.says:
        return "The answer is still `raise NotImplementedError`, in whole or in part."
    if result.state == records.MISSING:
        return "The cell for this answer is not in the notebook that was handed in."
    if result.state == records.REFUSED and not result.says:
        return "Your instructor has to grade this one on another machine; nothing is lost yet."
    if result.state == records.STOPPED:
        return REMEDIES.get(result.stopped, "")
    return ""
