"""junit.xml is read by programs of others: it parses whatever a name holds, and tells what a page tells."""

from xml.etree import ElementTree

import pytest

from course_utils.grading.records import MISSING, NOT_ATTEMPTED, REFUSED, STOPPED, WRONG
from course_utils.grading.reports.junit import junit_xml
from tests.grading_records import LESSON, NASTY, SECRET, flipped, record, result, run


def read(*records):
    return ElementTree.fromstring(junit_xml(run(*records)).encode("utf-8"))


def test_a_notebook_of_another_lesson_is_left_out_and_no_failure():
    wrong = "The wrong lesson: this is 04."
    whole = read(record("bo", [result("conv2d", MISSING)], fatal=wrong))
    suite = whole.find("testsuite")
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["1", "0", "0", "1"]
    assert wrong in suite.find("testcase/skipped").text


def test_a_suite_a_submission_and_a_case_an_exercise():
    root = read(record("ana"), record("bo", [flipped()]))
    assert [suite.get("name") for suite in root] == ["ana", "bo"]
    assert [case.get("name") for case in root[0].iter("testcase")] == ["conv2d", "output_size"]
    assert {case.get("classname") for case in root.iter("testcase")} == {LESSON}


@pytest.mark.parametrize(
    ("state", "tag"),
    [
        (WRONG, "failure"),
        (MISSING, "failure"),
        (STOPPED, "error"),
        (NOT_ATTEMPTED, "skipped"),
        (REFUSED, "skipped"),
    ],
)
def test_each_state_has_its_element(state, tag):
    case = read(record("ana", [result("conv2d", state)])).find(".//testcase")
    assert [child.tag for child in case] == ["properties", tag]
    assert case.find(tag).get("message")


def test_the_numbers_add_up():
    states = (WRONG, WRONG, MISSING, STOPPED, NOT_ATTEMPTED, REFUSED)
    many = record("ana", [result(f"e{i}", state) for i, state in enumerate(states)] + [result("right")])
    unread = record("bo", [], fatal="not a notebook")
    root = read(many, unread)
    assert [(s.get("tests"), s.get("failures"), s.get("errors"), s.get("skipped")) for s in root] == [
        ("7", "3", "1", "2"),
        ("1", "0", "1", "0"),
    ]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("8", "3", "2")


def test_points_are_properties():
    root = read(record("ana", [result("conv2d", WRONG, points=1.5)]))
    found = {each.get("name"): each.get("value") for each in root.find(".//testcase/properties")}
    assert found == {"points": "1.5", "possible": "3"}
    whole = {each.get("name"): each.get("value") for each in root.find("testsuite/properties")}
    assert whole == {"points": "1.5", "possible": "3", "lesson": LESSON}


def test_the_mistake_and_the_failed_cases_are_told():
    failure = read(record("bo", [flipped()])).find(".//failure")
    assert failure.get("message") == "not right yet"
    assert failure.text == "Your kernel is flipped.\n1 of 3 cases is right. Not yet: stride 2."


def test_it_parses_whatever_a_name_holds_and_holds_no_value():
    nasty = flipped(NASTY, says=NASTY, failed_cases=(NASTY,), error_type=NASTY, error_line=NASTY)
    text = junit_xml(run(record(NASTY, [nasty], fatal=NASTY), record("\ud800\ufffe\x0b")))
    root = ElementTree.fromstring(text.encode("utf-8"))
    names = [suite.get("name") for suite in root]
    assert names[0].startswith("</script><script>") and "\\u202e" in names[0] and "\\x00" in names[0]
    assert names[1] == "\\ud800\\ufffe\\x0b"
    assert SECRET not in text
