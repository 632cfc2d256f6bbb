"""The lessons are nbgrader assignments: its own commands make, grade and return them, with the right points.

Whole lessons run where all is right. The others hold the exercises alone, which gives the same points sooner.
So do those of lesson 06, which trains networks for minutes in cells that no exercise needs; and nobody there
attempts `small_network`, which trains another one. That the whole lesson runs is the matter of
test_solutions_nbval and test_student_notebooks.
"""

import json
import subprocess
import sys

import pytest
from benchmarks import submissions
from nbgrader_course import ROOT, NbgraderCourse

WHOLE = {("right", "02_convolution"), ("right", "04_cross_entropy")}  # the others hold the exercises alone


def mixed(lesson):
    """Answers in turn right, wrong and not attempted, and what they are worth."""
    right, wrong, worth = (
        of(lesson) for of in (submissions.right_sources, submissions.wrong_sources, submissions.points)
    )
    answers, earned = {}, {}
    for position, name in enumerate(right):
        earned[name] = worth[name] if position % 3 == 0 else 0
        if position % 3 != 2:
            chosen = right[name] if position % 3 == 0 else wrong[name][0]
            answers[name] = submissions.unmarked(chosen, "mixed")
    return answers, earned


def all_right(lesson):
    """The solution's answers, but for the one that trains a network."""
    answers, earned = dict(submissions.right_sources(lesson)), dict(submissions.points(lesson))
    if answers.pop("small_network", None):
        earned["small_network"] = 0
    return {name: submissions.unmarked(source, "right") for name, source in answers.items()}, earned


def untouched(lesson):
    return {}, dict.fromkeys(submissions.points(lesson), 0)


STUDENTS = {"right": all_right, "mixed": mixed, "untouched": untouched}


@pytest.fixture(scope="module", params=submissions.LESSONS)
def graded(request, tmp_path_factory):
    """A lesson, its nbgrader course after all commands, and what each student should get."""
    lesson = request.param
    course = NbgraderCourse(tmp_path_factory.mktemp("nbgrader"))
    course.add(lesson)
    course.run("generate_assignment", lesson)
    expected = {}
    for student, made in STUDENTS.items():
        answers, expected[student] = made(lesson)
        whole = (student, lesson) in WHOLE
        course.submit(student, lesson, submissions.handed_in(lesson, answers, exercises_only=not whole))
    course.run("autograde", lesson)
    course.run("generate_feedback", lesson)
    return lesson, course, expected


def test_the_release_is_the_students_notebook(graded):
    """What nbgrader makes of a solution is what `course build` makes of its source."""
    lesson, course, _ = graded
    ours, theirs = submissions.notebook(lesson)["cells"], course.released(lesson)["cells"]
    assert ["".join(cell["source"]) for cell in theirs] == ["".join(cell["source"]) for cell in ours]
    told = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in theirs]
    assert told == [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in ours]
    assert not any(cell.get("outputs") for cell in theirs)


@pytest.mark.parametrize("student", STUDENTS)
def test_points_exercise_by_exercise(graded, student):
    lesson, course, expected = graded
    assert course.points(lesson)[student] == expected[student]


@pytest.mark.parametrize("student", STUDENTS)
def test_feedback_tells_the_student(graded, student):
    lesson, course, expected = graded
    page = course.feedback(student, lesson)
    total, possible = sum(expected[student].values()), sum(submissions.points(lesson).values())
    assert f"{total:.1f}" in page and f"{possible:.1f}" in page
    assert lesson in page


def test_course_grade_gives_the_same_points(graded, tmp_path):
    """Ours on the very files that nbgrader graded: the same points, exercise by exercise."""
    lesson, course, expected = graded
    ours = graded_by_us(course.folder / "submitted", tmp_path / "results", lesson)
    theirs = course.points(lesson)
    assert set(ours) == set(theirs) == set(expected)
    for student in theirs:
        assert ours[student] == theirs[student], student


def graded_by_us(submitted, out, lesson):
    """{student: {exercise: points}} as `course grade` finds them."""
    call = [sys.executable, "-m", "course_utils.cli", "grade", str(submitted), "--out", str(out)]
    call += ["--lesson", lesson, "--course", str(ROOT), "--seed", "20261121", "--jobs", "1"]
    ran = subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    records = json.loads((out / "scores.json").read_text(encoding="utf-8"))["records"]
    return {
        record["submission"].partition("/")[0]: {
            result["exercise"]: result["points"] for result in record["results"]
        }
        for record in records
    }
