"""What `course grade` and `course grade merge` say at their end."""

from grading_pattern import pretend, record, run

from course_utils.grading.batch.results_folder import SCORES, write_json
from course_utils.grading.batch.summary import MOST_PROBLEMS, as_json, run_lines, several_lessons_line
from course_utils.grading.records import REFUSED, Result

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


def test_notebooks_of_another_lesson_are_told_from_those_that_could_not_be_graded():
    wrong = [record(f"a{number}", results=(), fatal="The wrong lesson: this is 04.") for number in range(30)]
    mixed = run([*wrong, record("bad", fatal="broken"), record("good")])
    lines = run_lines(mixed, "results", 32, "course grade")
    assert "02_convolution: 1 submission graded, median 3 of 3 points" in lines
    assert "1 submission could not be graded: see below" in lines
    assert "30 submissions of another lesson: not graded" in lines
    listed = lines[lines.index("To look at:") + 1 :]
    assert listed[0] == "  bad: broken" and len(listed) == MOST_PROBLEMS + 1
    told = as_json(mixed, "results", 32, 32)
    assert (told["without_verdict"], told["of_another_lesson"]) == (31, 30)


def test_what_the_program_could_not_judge_is_not_called_secret():
    unknown = Result(exercise="MendedNet", points=0, possible=2, state=REFUSED, says="A person will look.")
    secret = Result(exercise="conv2d", points=0, possible=3, state=REFUSED)
    lines = run_lines(run([record("anna", results=(unknown, secret))]), "results", 1, "course grade")
    assert "  anna: MendedNet could not be judged by the program: see class.html" in lines
    assert [line for line in lines if "is secret" in line] == [
        "  02_convolution.conv2d is secret and was not judged: it needs bubblewrap, or --allow-baseline"
    ]
