"""What `course grade` and `course grade merge` say at their end."""

from grading_pattern import pretend, record, run

from course_utils.grading.batch.results_folder import SCORES, write_json
from course_utils.grading.batch.summary import run_lines, several_lessons_line

OTHER = record("ben", lesson="04_cross_entropy")


def test_several_lessons_in_one_table_are_remarked_upon():
    both = run([record("anna"), OTHER], lessons=("02_convolution", "04_cross_entropy"))
    lines = run_lines(both, "results", 2, "course grade")
    assert any(line.startswith("Several lessons:") and "--out" in line for line in lines)


def test_one_lesson_is_not_remarked_upon():
    assert several_lessons_line([record("anna"), record("ben"), record("bad", lesson="")]) == []


def test_merge_names_every_report_that_it_writes(tmp_path, capsys):
    write_json(tmp_path / "part" / SCORES, run([record("anna")]).to_json())
    assert pretend(["grade", "merge", tmp_path / "part", "--out", tmp_path / "whole"]) == 0
    told = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Reports:"))
    reports = {path.name for path in (tmp_path / "whole").iterdir()} - {"run.json", "records", ".lock"}
    assert "junit.xml" in reports
    assert all(name in told for name in reports), told
