"""From a check's verdict to a result: points, what was misunderstood, nothing that a student could plant."""

from __future__ import annotations

import builtins
import warnings
from dataclasses import replace
from typing import Any

from course_utils.checks import Exercise, Verdict
from course_utils.checks.networks import NetworkNotJudged
from course_utils.grading.judging.forms import form
from course_utils.grading.judging.remote import place_of
from course_utils.grading.records import NOT_ATTEMPTED, REFUSED, RIGHT, STOPPED, WRONG, Result

WORDS = {
    "time": "it took too long",
    "memory": "it asked for too much memory",
    "died": "it ended the process",
    "forged": "it sent something that is no answer",
    "too much": "it sent too much",
}


NOT_SENT = (
    "Your network has parts that the program does not know, so it could not be judged. A person will look."
)


def without_answer(exercise: Exercise, state: str) -> Result:
    """An exercise that was not judged: its cell is missing, or it is refused."""
    return Result(exercise=exercise.name, points=0.0, possible=float(exercise.points), state=state)


def not_defined(exercise: Exercise, missing: list[str]) -> Result:
    """The cell ran and does not define what the exercise asks for."""
    names = ", ".join(f"`{name}`" for name in missing)
    says = f"The cell does not define {names}: keep the names of the stub."
    return _wrong(exercise, says=says, text=f"{exercise.name}: {says}")


def stopped(exercise: Exercise, reason: str, detail: str) -> Result:
    """The worker did not live to give the answers."""
    says = f"Your code was stopped: {WORDS.get(reason, 'it broke a rule of the sandbox')}."
    found = _wrong(exercise, says=says, text=f"{exercise.name}: stopped ({reason}). {detail}".strip())
    return _with(found, state=STOPPED, stopped=reason)


def cell_failed(exercise: Exercise, error: BaseException, source: str) -> Result:
    """Running the cell itself raised."""
    kind, line = error_type(error), error_line(error, exercise.name, source)
    if type(error) is NotImplementedError and not error.args:
        return _with(without_answer(exercise, NOT_ATTEMPTED), says="The stub still stands.")
    text = f"{exercise.name}: the cell raised {kind}: {error}"
    told = unreadable(source)
    if told is not None:  # no paragraph helps here, and neither does the name of the exception
        return _with(_wrong(exercise, says=told[0], text=text), error_line=told[1], see="")
    says = "The cell itself could not be run."
    return _with(_wrong(exercise, says=says, text=text), error_type=kind, error_line=line)


def unreadable(source: str) -> tuple[str, str] | None:
    """Why Python cannot read a cell, and the line; None when it can.

    The judge asks the parser itself: what it says is about the text that was handed in, and no code has run.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<answer>", "exec", dont_inherit=True)
    except SyntaxError as error:
        lines, number = source.split("\n"), error.lineno or 0
        line = f"line {number}: {lines[number - 1].strip()}" if 1 <= number <= len(lines) else ""
        return f"Python cannot read the cell: {(error.msg or 'invalid syntax')[:200]}.", line
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return "Python cannot read the cell.", ""
    return None


def not_judged(exercise: Exercise, error: Exception) -> Result:
    """A fault of the course: said to the instructor, who can judge by eye."""
    text = (
        f"{exercise.name}: could not be judged ({type(error).__name__}: {error}). Please look at it yourself."
    )
    says = "This answer could not be judged by the program; a person will look."
    return _with(_wrong(exercise, says=says, text=text), state=REFUSED)


def result(exercise: Exercise, verdict: Verdict, source: str) -> Result:
    """The result of a verdict. `text` holds values, for the instructor; the rest is safe to hand back."""
    known = verdict.misconception
    failed = verdict.failures
    if any(isinstance(each.response.error, NetworkNotJudged) for each in failed):
        return _with(_wrong(exercise, says=NOT_SENT, text=verdict.text), state=REFUSED)
    raised = next((each.response.error for each in failed if each.response.error is not None), None)
    state = RIGHT if verdict.passed else WRONG if verdict.attempted else NOT_ATTEMPTED
    return Result(
        exercise=exercise.name,
        points=float(verdict.points(exercise)),
        possible=float(exercise.points),
        state=state,
        right=verdict.right,
        total=verdict.total,
        misconception=known.name if known else "",
        says=(known.says if verdict.certain else exercise.partly(known)) if known else "",
        see=((known.see if known else "") or exercise.see) if state == WRONG else "",
        certain=bool(known and verdict.certain),
        failed_cases=verdict.failed_labels,
        form=form(verdict) if state == WRONG and not (known and verdict.certain) else "",
        error_type=error_type(raised) if raised is not None else "",
        error_line=error_line(raised, exercise.name, source) if raised is not None else "",
        text=verdict.text,
    )


def _wrong(exercise: Exercise, *, says: str, text: str) -> Result:
    return _with(without_answer(exercise, WRONG), says=says, text=text, see=exercise.see)


def _with(found: Result, **changes: Any) -> Result:
    return replace(found, **changes)


def error_type(error: BaseException) -> str:
    """The name of a built-in exception; a class that a student defined has a name that a student chose."""
    name = type(error).__name__
    is_builtin = isinstance(getattr(builtins, name, None), type) and type(error).__module__ == "builtins"
    return name if is_builtin else "Exception"


def error_line(error: BaseException, name: str, source: str) -> str:
    """The line of the student's own text in which it was raised, or nothing."""
    place = place_of(error, name, source)
    return "line {1}: {2}".format(*place) if place else ""
