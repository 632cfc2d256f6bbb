"""IPython's own lines in an answer: taken out where the answer is run as plain Python."""

from __future__ import annotations

import re

from course_utils.grading.lessons.parsing import parsed

# A line of its own for IPython: %magic, !shell, ?help, name? and name = %magic or !shell.
COMMAND = re.compile(r"[ \t]*(?:%%?\w|!|\?|[^\W\d][\w.]*\?\??[ \t]*(?:#.*)?$)", re.MULTILINE)
ASSIGNED = re.compile(r"[ \t]*[^\W\d][\w.,\[\] \t]*=[ \t]*(?:!|%\w)")
TIMED = re.compile(r"([ \t]*)%time[ \t]+(?=\S)")
PYTHON_CELLS = {"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "heat", "scalene"}
TOKEN = re.compile(
    r"""(?P<string>"{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3}|\Z)|'{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3}|\Z)"""
    r"""|"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?)"""
    r"""|(?P<comment>\#[^\n]*)|(?P<joined>\\\n)|(?P<open>[\[({])|(?P<close>[\])}])|(?P<end>\n)|[^"'\#\\\n\[\](){}]+|.""",
    re.DOTALL,
)


def without_magics(source: str) -> tuple[str, list[str]]:
    """The cell as plain Python, and the commands that were taken out of it.

    Each becomes `pass` on its own line, so that line numbers and indented blocks stay; of `%time statement`
    the statement stays. Text that is Python as it stands is never touched: a `%` in it is the operator.
    A cell of another language (`%%bash`) is empty as Python.
    """
    if not any(sign in source for sign in "%!?") or parsed(source) is not None:
        return source, []
    first = re.match(r"\s*%%(\w+)[^\n]*", source)
    if first and first[1] not in PYTHON_CELLS:
        return "", [first[0].strip()]
    kept, taken, at = [], [], 0
    while at < len(source):
        end = _line_of_command(source, at)
        if end:
            line = source[at:end]
            taken.append(line.strip())
            kept.append(_in_its_place(line))
        else:
            end = _end_of_statement(source, at)
            kept.append(source[at:end])
        at = end
    return "".join(kept), taken


def _line_of_command(source: str, at: int) -> int:
    """Where IPython's line that begins at `at` ends, its newline included; 0 when it is none of IPython's."""
    if not (COMMAND.match(source, at) or ASSIGNED.match(source, at)):
        return 0
    end = at
    while True:
        end = source.find("\n", end) + 1 or len(source)
        if end == len(source) or not source[at:end].rstrip("\n").endswith("\\"):
            return end


def _in_its_place(line: str) -> str:
    timed = TIMED.match(line)
    if timed:
        return timed[1] + line[timed.end() :]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return f"{indent}pass" + "\n" * line.count("\n")


def _end_of_statement(source: str, at: int) -> int:
    """Where the line of Python that begins at `at` ends: behind its brackets, strings and joined lines."""
    depth = 0
    for token in TOKEN.finditer(source, at):
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth = max(0, depth - 1)
        elif token.lastgroup == "end" and depth == 0:
            return token.end()
    return len(source)
