"""The learner's own view of a lesson: `pytest --nbval lessons/02_convolution.ipynb`, and no more to type.

A pytest plugin on top of nbval, loaded by pytest wherever the course is installed. Without --nbval it does
nothing, and it touches only notebooks that use the course. Cells are named by their exercise, a cell may take
120 s (--nbval-cell-timeout), nothing after a cell that hung or killed the kernel counts, and the last lines
are the score. In a folder called `solutions` every output is compared with the stored one; elsewhere only
errors count.
"""

import os

import pytest

CELL_TIMEOUT = 120.0  # seconds
NOT_ATTEMPTED = "not attempted"


def pytest_configure(config):
    """With --nbval, keep the cells of one notebook in one xdist worker: they share a kernel."""
    if _wanted(config) and getattr(config.option, "dist", "no") not in ("no", "loadfile", "each"):
        config.option.dist = "loadfile"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Put a LessonFile in the place of nbval's own collector of a notebook of the course."""
    collectors = yield
    if file_path.suffix != ".ipynb" or not _wanted(parent.config) or not uses_the_course(file_path):
        return collectors
    from nbval.plugin import IPyNbFile

    from course_utils.grading.lesson_cells import LessonFile

    return [
        LessonFile.from_parent(parent, path=file_path) if type(collector) is IPyNbFile else collector
        for collector in collectors
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Write on the report of a cell what the summary needs; plain data, so that xdist can carry it."""
    report = yield
    tally = getattr(item, "tally", None)
    if tally is not None and (report.when == "call" or not report.passed):
        report.course = tally()
        if report.skipped:  # the reason stands beside the name of the notebook, not of a file of ours
            report.longrepr = (str(item.path), None, report.longrepr[-1])
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report):
    """Count an exercise that was not tried apart from those that went wrong: no text, and yet no pass."""
    if report.failed and getattr(report, "course", {}).get("state") == NOT_ATTEMPTED:
        return NOT_ATTEMPTED, "u", ("NOT ATTEMPTED", {"yellow": True})
    return None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    """Print the score of each lesson last: `7 of 9 exercises, 14 of 18 points`, and what is left."""
    yield
    lessons = {}
    for reports in terminalreporter.stats.values():
        for cell in (report.course for report in reports if hasattr(report, "course")):
            lesson = lessons.setdefault(cell["lesson"], {"points": cell["exercises"], "states": {}})
            lesson["states"][cell["exercise"]] = cell["state"]
    lessons = {name: lesson for name, lesson in lessons.items() if lesson["points"]}
    if not lessons:
        return
    terminalreporter.ensure_newline()
    terminalreporter.section("exercises")
    for name in sorted(lessons):
        for line in score_lines(name, **lessons[name]):
            terminalreporter.write_line(line)


def score_lines(lesson, points, states):
    """The score of a lesson as lines of text.

    `points` maps each exercise of the lesson to its points, `states` each one that was run to 'right',
    'wrong', 'not attempted' or 'not run'.
    """
    by_state = {"right": [], "wrong": [], NOT_ATTEMPTED: [], "not run": []}
    for exercise in points:
        by_state[states.get(exercise, "not run")].append(exercise)
    right = by_state.pop("right")
    earned, possible = sum(points[exercise] for exercise in right), sum(points.values())
    yield f"{lesson}: {len(right)} of {len(points)} exercises, {earned:g} of {possible:g} points"
    for state, exercises in by_state.items():
        if exercises:
            yield f"  {state}: {', '.join(exercises)}"


def cell_timeout(config):
    """Seconds that a cell may take: nbval's own option where somebody gave it, else 120."""
    given = [*config.invocation_params.args, *config.getini("addopts"), os.environ.get("PYTEST_ADDOPTS", "")]
    asked = any("--nbval-cell-timeout" in str(argument) for argument in given)
    return config.option.nbval_cell_timeout if asked else CELL_TIMEOUT


def uses_the_course(path):
    """Whether a notebook names the package or carries the metadata that `course build` writes."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return "course_utils" in text or '"course":' in text


def _wanted(config):
    return getattr(config.option, "nbval", False) or getattr(config.option, "nbval_lax", False)
