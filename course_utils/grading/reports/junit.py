"""The results as JUnit XML, which every system of continuous integration can show."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

from course_utils.grading import records
from course_utils.grading.records import Record, Result, Run
from course_utils.grading.reports.sentences import explanation, heading
from course_utils.grading.visible import number, visible

# A state as JUnit knows it; right has no element.
ELEMENTS = {
    records.WRONG: "failure",
    records.MISSING: "failure",
    records.STOPPED: "error",
    records.NOT_ATTEMPTED: "skipped",
    records.REFUSED: "skipped",
}


def junit_xml(run: Run) -> str:
    """A testsuite for each submission, a testcase for each exercise; points and possible are properties.

    It holds what the feedback holds and no more: such files are often shown to whoever handed in.
    """
    suites = ElementTree.Element("testsuites", name="course grade", time=_seconds(run.seconds))
    for record in run.records:
        suites.append(_suite(record, run))
    for name in ("tests", "failures", "errors", "skipped"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ElementTree.indent(suites)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"
    )


def _suite(record: Record, run: Run) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=visible(record.submission), time=_seconds(record.seconds))
    if run.started:
        suite.set("timestamp", visible(run.started))
    points = "" if record.of_another_lesson else number(record.total)
    possible = "" if record.of_another_lesson else number(record.possible)
    _properties(suite, points=points, possible=possible, lesson=record.lesson)
    if record.fatal:
        case = ElementTree.SubElement(suite, "testcase", name="notebook", classname=visible(record.lesson))
        kind = (
            ("skipped", "of another lesson") if record.of_another_lesson else ("error", "could not be graded")
        )
        _said(case, kind[0], record.fatal, kind[1])
    for result in () if record.of_another_lesson else record.results:
        suite.append(_case(record, result))
    kinds = Counter(child.tag for case in suite.iter("testcase") for child in case)
    suite.set("tests", str(len(suite.findall("testcase"))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(kinds[tag]))
    return suite


def _case(record: Record, result: Result) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase",
        name=visible(result.exercise),
        classname=visible(record.lesson),
        time=_seconds(result.seconds),
    )
    _properties(case, points=number(result.points), possible=number(result.possible))
    if result.state in ELEMENTS:
        _said(case, ELEMENTS[result.state], "\n".join(explanation(result)), heading(result))
    return case


def _said(case: ElementTree.Element, tag: str, text: str, title: str) -> None:
    """`text` as the body; each line of it is made visible on its own, so that the lines stay."""
    element = ElementTree.SubElement(case, tag, message=visible(title), type=visible(title))
    element.text = "\n".join(visible(line) for line in text.split("\n"))


def _properties(parent: ElementTree.Element, **values: str) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=visible(value))


def _seconds(value: float) -> str:
    return f"{value:.3f}"
