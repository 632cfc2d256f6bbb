"""Checkers as they are often written: in the process of the answer. They show that the attacks are alive.

`python naive.py NAME...` runs each named attack in a fork of its own and prints a line of JSON: which of them
the check named in its notebook takes for right. Only for attacks that harm nobody: those whose `fools` is not
empty.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from attacks import ATTACKS, Attack

SECONDS = 120  # an attack that takes longer fools nobody


def exercise_of(attack: Attack) -> Any:
    module = {"02": "convolution", "04": "cross_entropy", "06": "first_cnn"}[attack.lesson[:2]]
    return importlib.import_module(f"course_utils.checks.{module}").check.exercises[attack.exercise]


def compared(same: Callable[[Any, Any], Any]) -> Callable:
    """A check that has the expected value in a variable, calls the answer and compares."""

    def check(attack: Attack, space: dict) -> bool:
        exercise = exercise_of(attack)
        for case in exercise.draw(3):
            expected = exercise.oracle(*case.args, **case.kwargs)
            got = space[attack.exercise](*case.args, **case.kwargs)
            if not same(got, expected):
                return False
        return True

    return check


def _equal(got: Any, expected: Any) -> bool:
    return bool(got == expected)


def _unpickled(got: Any, expected: Any) -> bool:
    return pickle.loads(pickle.dumps(got)) == expected


def _numpy(got: Any, expected: Any) -> bool:
    np.testing.assert_allclose(got, expected)
    return True


def _course(attack: Attack, space: dict) -> bool:
    return exercise_of(attack).examine(space[attack.exercise]).passed


def _imported(attack: Attack, space: dict) -> bool:
    from course_utils.checks.convolution import check

    return bool(check.exercises[attack.exercise].examine(space[attack.exercise]).passed)


def _json(attack: Attack, space: dict) -> bool:
    verdict = {"passed": _course(attack, space), "points": 0}
    return json.loads(json.dumps(verdict))["passed"]


def _ipython(attack: Attack, space: dict) -> bool:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("import torch")
    shell.run_cell(attack.source)
    return shell.run_cell("assert output_size(5, 3) == 3").success


CHECKS = {
    "equal": compared(_equal),
    "allclose": compared(lambda got, expected: torch.allclose(got, expected)),
    "tensor_equal": compared(lambda got, expected: (got == expected).all()),
    "greater": compared(lambda got, expected: not (got - expected).abs().max() > 1e-4),
    "distance": compared(lambda got, expected: abs(got - expected) < 1e-6),
    "numpy": compared(_numpy),
    "unpickle": compared(_unpickled),
    "course": _course,
    "imported": _imported,
    "json": _json,
    "ipython": _ipython,
}


def verdict(attack: Attack, output: io.StringIO) -> bool:
    """Run the attack's cell here and check it here."""
    space = {"__name__": "__main__", "torch": torch}
    if attack.fools != "ipython":
        exec(attack.source, space)
    if attack.fools == "stdout":
        print(json.dumps({"passed": _course(attack, space)}))
        return False  # the parent reads the output
    if attack.fools == "printed":
        print(exercise_of(attack).examine(space[attack.exercise]).text)
        return "all 8 cases right" in output.getvalue()
    if attack.fools == "exit":
        CHECKS["equal"](attack, space)
        return False  # the parent reads the exit code
    return CHECKS[attack.fools](attack, space)


def fooled(attack: Attack) -> bool:
    """Fork, check in the fork, and believe what it says."""
    exercise_of(attack)  # a notebook has imported its checks before any answer
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as written:
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            os.dup2(written.fileno(), 1)
            os.dup2(written.fileno(), 2)
            code, output = 1, io.StringIO()
            try:
                with contextlib.redirect_stdout(output if attack.fools == "printed" else sys.stdout):
                    right = verdict(attack, output)
                os.write(said.fileno(), b"right" if right else b"wrong")
            except SystemExit as end:
                code = int(end.code or 0)
            except BaseException as error:
                os.write(said.fileno(), repr(error)[:500].encode())
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        written.seek(0)
        if attack.fools == "exit":
            return code == 0
        if attack.fools == "stdout":
            return json.loads(written.readline())["passed"]
        word = said.read()
        if word not in ("right", "wrong"):
            print(attack.name, word, file=sys.stderr)
        return word == "right"


if __name__ == "__main__":
    torch.set_num_threads(1)
    wanted = [each for each in ATTACKS if each.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        print(json.dumps({each.name: fooled(each) for each in wanted}))
