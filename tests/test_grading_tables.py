"""scores.csv and scores.json: read back by other programs, harmless in a spreadsheet."""

import csv
import io
import json
from collections import namedtuple
from pathlib import Path

import pytest

from course_utils.grading.batch import results_folder
from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in.transplant import transplant
from course_utils.grading.lessons.lesson import load_lessons
from course_utils.grading.records import MISSING, WRONG, Run
from course_utils.grading.reports.results import write_results
from course_utils.grading.reports.tables import harmless, scores_csv, scores_json
from course_utils.grading.visible import moment, number, short, visible
from tests.grading_records import LESSON, NASTY, record, result, run

Pair = namedtuple("Pair", "a b exercises")


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_row_a_submission_and_a_column_an_exercise():
    half = result("conv2d", WRONG, points=1.5)
    text = scores_csv(run(record("ana"), record("bo", [half, result("output_size", possible=2.0)])))
    assert text == (
        "submission,conv2d,output_size,total,possible,feedback\r\n"
        "ana,3,0,3,5,feedback/ana.html\r\nbo,1.5,2,3.5,5,feedback/bo.html\r\n"
    )


def test_several_lessons_are_told_apart_and_share_a_row_where_the_name_is_the_same():
    other = record("ana", [result("softmax", possible=2.0)], lesson="04_cross_entropy")
    table = rows(scores_csv(run(record("ana"), other, record("bo"))))
    assert table[0][1:4] == [
        "02_convolution.conv2d",
        "02_convolution.output_size",
        "04_cross_entropy.softmax",
    ]
    assert table[1] == ["ana", "3", "0", "2", "5", "7", "feedback/ana.html feedback/ana-2.html"]
    assert table[2] == ["bo", "3", "0", "", "3", "5", "feedback/bo.html"]


def test_two_records_of_one_lesson_are_two_rows():
    table = rows(scores_csv(run(record("ana"), record("ana", [result("conv2d", WRONG)]))))
    assert [row[1] for row in table[1:]] == ["3", "0"]


def test_a_notebook_that_cannot_be_read_has_no_points_of_all_possible():
    unread = record(
        "bo", [result("conv2d", MISSING), result("output_size", MISSING, possible=2.0)], fatal="no JSON"
    )
    stranger = record("cy", [], lesson="", fatal="of no lesson")
    table = rows(scores_csv(run(record("ana"), unread, stranger)))
    assert [row[:-1] for row in table[2:]] == [["bo", "0", "0", "0", "5"], ["cy", "0", "0", "0", "5"]]


def test_a_notebook_of_another_lesson_has_no_points_at_all_and_a_page():
    wrong = "The wrong lesson: this is 04_cross_entropy, not 02_convolution."
    other = record("bo", [result("conv2d", MISSING), result("output_size", MISSING)], fatal=wrong)
    stranger = record("cy", [], lesson="", fatal=wrong)
    table = rows(scores_csv(run(record("ana"), other, stranger)))
    assert table[1][1:-1] == ["3", "0", "3", "5"]
    assert table[2:] == [
        ["bo", "", "", "", "", "feedback/bo.html"],
        ["cy", "", "", "", "", "feedback/cy.html"],
    ]


def test_a_notebook_of_another_lesson_is_known_by_what_reading_it_says():
    asked = load_lessons(Path(__file__).parent.parent)
    data = (Path(__file__).parent.parent / "lessons" / "04_cross_entropy.ipynb").read_bytes()
    given = transplant(data, asked, LESSON)
    assert record(fatal=given.fatal).of_another_lesson


def test_the_page_in_the_table_is_the_file_that_is_written(tmp_path):
    whole = run(record("Ana/02", slug="Ana"), record("ana/02", slug="ana"), record("Weiß", slug="Weiß"))
    write_results(whole, tmp_path, base="")
    pages = [row[-1] for row in rows((tmp_path / "scores.csv").read_text(encoding="utf-8"))[1:]]
    assert len(set(pages)) == 3 and pages[2] == "feedback/Weiss.html"
    for page, each in zip(pages, whole.records, strict=True):
        assert each.submission in (tmp_path / page).read_text(encoding="utf-8")


def test_no_record_still_has_a_heading():
    assert scores_csv(run()) == "submission,total,possible,feedback\r\n"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "\ufeff=", "＝"])
def test_a_name_is_never_a_formula(begin):
    name = f"{begin}HYPERLINK(1)"
    cell = rows(scores_csv(run(record(name))))[1][0]
    assert cell == harmless(name) and cell.startswith("'")


@pytest.mark.parametrize(
    "name", ["Ana, B.", 'the "best"', "a;=1+1", "a\tb", "Jürgen Müller", "x|y", "a=b", "'q'"]
)
def test_a_name_comes_back_from_the_table(name):
    text = scores_csv(run(record(name)))
    assert rows(text)[1][0] == visible(name)
    if ";" in name or "," in name:
        assert text.splitlines()[1].startswith('"')


def test_what_cannot_be_seen_is_written_out():
    assert visible("a\u202eb\x00\ud800\ufffe\x7f\u2028") == r"a\u202eb\x00\ud800\ufffe\x7f\u2028"
    assert visible("Ayşe Ναταλία 李小龍 \u0646\u200c\u0627") == "Ayşe Ναταλία 李小龍 \u0646\u200c\u0627"
    assert visible("e" + "\u0301" * 9).count("\u0301") == 4
    assert len(rows(scores_csv(run(record(NASTY))))) == 2
    scores_csv(run(record("a\udcff"))).encode("utf-8")


def test_points_and_names_and_dates_as_people_write_them():
    assert [number(x) for x in (3.0, 1.5, 1 / 3, 0.0, 100.0, 1234567.0)] == [
        "3",
        "1.5",
        "0.33",
        "0",
        "100",
        "1234567",
    ]
    assert len(short("x" * 999)) <= 160 and short("a" * 200 + "end").endswith("end")
    assert moment("2026-03-04T05:06:07+02:00") == "4 Mar 2026, 03:06 UTC" and moment("then") == "then"


def test_the_whole_run_comes_back_from_json():
    whole = run(record(NASTY, seed=9, tier="bubblewrap"), record("bo"), problems=("x.zip: broken",))
    text = scores_json(whole, [Pair("ana", "bo", ("conv2d",))])
    assert text.isascii()
    data = json.loads(text)
    assert Run.from_json(data) == whole
    assert data["pairs"] == [{"a": "ana", "b": "bo", "exercises": ["conv2d"]}]
    assert data["seed"] == 7 and data["versions"] == {"torch": "2.6"} and data["records"][0]["seed"] == 9


def test_every_report_is_written_and_each_student_has_a_page(tmp_path):
    whole = run(record("Ana/02", slug="Ana"), record("ana/02", slug="ana"), record("x", slug="../../x"))
    files = write_results(whole, tmp_path / "out", base="../lessons")
    assert [path.name for path in files[:3]] == ["scores.csv", "scores.json", "junit.xml"]
    assert all(path.is_file() and path.resolve().is_relative_to(tmp_path / "out") for path in files)
    pages = {path.name for path in (tmp_path / "out" / "feedback").iterdir()}
    assert pages == {"Ana.html", "ana-2.html", "x.html"}
    assert (tmp_path / "out" / "scores.csv").read_bytes() == scores_csv(whole).encode()


def test_a_disk_that_refuses_leaves_the_former_table(tmp_path, monkeypatch):
    write_results(run(record("ana")), tmp_path, base="")
    former = (tmp_path / "scores.csv").read_bytes()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results_folder.os, "replace", refuse)
    with pytest.raises(GradingError, match=r"scores\.csv could not be written .*No space left"):
        write_results(run(record("bo")), tmp_path, base="")
    assert (tmp_path / "scores.csv").read_bytes() == former
    assert not list(tmp_path.glob(".*.partial"))


def test_lessons_may_lie_at_a_path_but_not_at_a_script(tmp_path):
    with pytest.raises(GradingError, match="javascript"):
        write_results(run(record("ana")), tmp_path, base="javascript:alert(1)//")
    assert not list(tmp_path.iterdir())


def test_columns_are_in_the_order_of_the_lesson():
    fewer = record("ana", [result("output_size")])
    table = rows(
        scores_csv(run(fewer, record("bo", [result("one_pixel"), result("output_size"), result("conv2d")])))
    )
    assert table[0][1:4] == ["one_pixel", "output_size", "conv2d"]
    assert LESSON not in table[0][1]
