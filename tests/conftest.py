"""What all tests share: pytester, no data but what a test makes, nobody's progress, several processes."""

import functools
import os
import signal

import pytest
from lesson_files import run_once

pytest_plugins = ["pytester"]

if "PYTEST_XDIST_WORKER" in os.environ:  # `pytest -n 2`: a process has its core, and no more
    os.environ.setdefault("OMP_NUM_THREADS", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell began the tests in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else what they start would not hear Ctrl-C

# What takes longest begins first: else all processes but one would wait for it at the end.
FIRST = (
    "tests/attacks/test_attacks.py",
    "tests/test_student_notebooks.py",
    "tests/wrong_answers/",
    "tests/right_answers/",
    "solutions/",
    "tests/test_nbgrader.py",
    "tests/browser/test_lessons.py",
)


def pytest_configure(config):
    """With several processes, files are handed out in the order of a run and not by their number of tests."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """The files of FIRST, then the others as they come."""
    rank = {start: number for number, start in enumerate(FIRST)}
    items.sort(key=lambda item: next((rank[s] for s in FIRST if item.nodeid.startswith(s)), len(FIRST)))


@pytest.fixture(scope="session", autouse=True)
def no_data_of_this_machine(tmp_path_factory):
    """Hide the data sets that lie on this machine: the lessons use the embedded photographs.

    What the tests solve is nobody's progress.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_PROGRESS", "off")
        patch.setenv("COURSE_DATA", str(tmp_path_factory.mktemp("course-data")))
        yield


@pytest.fixture(scope="session")
def memory_of_a_class():
    return {}


@pytest.fixture(scope="module")
def as_a_class_is_graded(memory_of_a_class):
    """Every answer on the same cases, whose expected values are computed once; outside, all is forgotten.

    That a verdict is the same without this memory is tested in tests/wrong_answers.
    """
    from course_utils.checks.memory import _memory

    token = _memory.set(memory_of_a_class)
    yield
    _memory.reset(token)


@pytest.fixture(scope="session")
def student_run(tmp_path_factory):
    """A function: the run of a lesson as it is handed out, one for all tests of all processes."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # one for all processes
    return functools.cache(functools.partial(run_once, folder))
