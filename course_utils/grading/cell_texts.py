"""The words in which a failing cell is told to the learner. Plain text: no colours, no frames of ours."""

import difflib
import re

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
NUMBER = re.compile(r"\bCell In ?\[\d+\]")  # nbval keeps no history: IPython calls every cell In[1]


def plain(text):
    """The text without ANSI escape sequences."""
    return ANSI.sub("", text)


def describe_error(name, output):
    """An exception that left a cell, as IPython shows it; `output` is the notebook's own form of it."""
    traceback = plain("\n".join(output["traceback"])).strip("\n")
    traceback = NUMBER.sub("In the notebook", traceback)
    return f"{name} raised {output['ename']}\n\n{traceback}"


def describe_difference(key, expected, yours):
    """The stored output and the one of this run, the right way round and with the lines that differ marked.

    `key` says which output: a MIME type, or the name of a stream.
    """
    expected, yours = (plain(value if isinstance(value, str) else repr(value)) for value in (expected, yours))
    old, new = expected.splitlines(), yours.splitlines()
    if old == new:  # they differ in what cannot be seen, such as a newline at the end
        old, new = [repr(expected)], [repr(yours)]
    if len(old) == len(new) == 1:
        return [f"  {key}", f"    expected: {old[0]}", f"    yours:    {new[0]}"]
    lines = difflib.unified_diff(old, new, "expected", "yours", lineterm="", n=2)
    return [f"  {key}", *(f"    {line}" for line in lines)]
