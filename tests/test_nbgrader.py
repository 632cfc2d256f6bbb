"""The lessons are nbgrader assignments: its own commands make, grade and return them, with the right points.

All lessons go through nbgrader with a student who gets a third of the exercises right; THOROUGH ones with a
student who gets all and one who does nothing, too. `course grade` judges all three students of every lesson.

One whole lesson runs, where all is right. The others hold the exercises alone, which gives the same points
sooner; and nobody attempts `small_network`, which trains a network. That the whole lesson runs is the matter
of test_solutions_nbval and test_student_notebooks.
"""

import json
import subprocess
import sys

import pytest
from benchmarks import submissions
from nbgrader_course import ROOT, NbgraderCourse

WHOLE = ("right", "02_convolution")
THOROUGH = ("02_convolution", "04_cross_entropy", "06_first_cnn")


def mixed(lesson):
    """Answers in turn right, wrong and not attempted, and what they are worth.

    What a right answer calls is right, too: nbgrader has no reference that could stand in for it.
    """
    right, wrong, worth = (
        of(lesson) for of in (submissions.right_sources, submissions.wrong_sources, submissions.points)
    )
    answers, earned = {}, {}
    chosen_right = list(right)[::3]
    called = {other for name in chosen_right for other in right if f"{other}(" in right[name]}
    for position, name in enumerate(right):
        is_right = name in {*chosen_right, *called}
        earned[name] = worth[name] if is_right else 0
        if is_right or position % 3 != 2:
            chosen = right[name] if is_right else wrong[name][0]
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
    """A lesson, its nbgrader course after all commands, and what each student should get.

    Of a lesson that is not in THOROUGH nbgrader grades one student; the others hand in later.
    """
    lesson = request.param
    course = NbgraderCourse(tmp_path_factory.mktemp("nbgrader"))
    course.add(lesson)
    course.run("generate_assignment", lesson)
    late = () if lesson in THOROUGH else ("right", "untouched")
    expected = {student: hand_in(course, lesson, student) for student in STUDENTS if student not in late}
    course.run("autograde", lesson)
    if lesson in THOROUGH:
        course.run("generate_feedback", lesson)
    return lesson, course, expected | {student: hand_in(course, lesson, student) for student in late}


def hand_in(course, lesson, student):
    """Put what the student hands in where nbgrader looks for it; what it is worth, by exercise."""
    answers, earned = STUDENTS[student](lesson)
    whole = (student, lesson) == WHOLE
    course.submit(student, lesson, submissions.handed_in(lesson, answers, exercises_only=not whole))
    return earned


def test_the_release_is_the_students_notebook(graded):
    """What nbgrader makes of a solution is what `course build` makes of its source."""
    lesson, course, _ = graded
    ours, theirs = submissions.notebook(lesson)["cells"], course.released(lesson)["cells"]
    assert ["".join(cell["source"]) for cell in theirs] == ["".join(cell["source"]) for cell in ours]
    told = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in theirs]
    assert told == [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in ours]
    assert not any(cell.get("outputs") for cell in theirs)


def test_points_exercise_by_exercise(graded):
    lesson, course, expected = graded
    found = course.points(lesson)
    assert set(found) == (set(STUDENTS) if lesson in THOROUGH else {"mixed"})
    for student, points in found.items():
        assert points == expected[student], student


@pytest.mark.parametrize("graded", THOROUGH, indirect=True)
@pytest.mark.parametrize("student", STUDENTS)
def test_feedback_tells_the_student(graded, student):
    lesson, course, expected = graded
    page = course.feedback(student, lesson)
    total, possible = sum(expected[student].values()), sum(submissions.points(lesson).values())
    assert f"{total:.1f}" in page and f"{possible:.1f}" in page
    assert lesson in page


def test_course_grade_gives_the_same_points(graded, tmp_path):
    """Ours on the very files that nbgrader graded, and on the late ones: the right points, by exercise."""
    lesson, course, expected = graded
    ours = graded_by_us(course.folder / "submitted", tmp_path / "results", lesson)
    assert set(ours) == set(STUDENTS)
    for student, points in {**expected, **course.points(lesson)}.items():
        assert ours[student] == points, student


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
