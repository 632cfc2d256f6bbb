"""The lessons as grading reads them, and lessons that do not fit together."""

import json
import shutil

import pytest
from grading_files import ROOT, answer_cell, lessons, notebook

from course_utils.grading.errors import GradingError
from course_utils.grading.lessons.lesson import load_lessons


@pytest.mark.parametrize("slug", lessons())
def test_every_exercise_has_its_cell_stub_and_solution(slug):
    lesson = lessons()[slug]
    assert list(lesson.answers) == list(lesson.checks)
    places = [cell.position for cell in lesson.answers.values()]
    assert places == sorted(places)  # the order of the notebook
    for name, cell in lesson.answers.items():
        assert lesson.cells[cell.position].source == cell.stub and cell.grade_id == name
        assert "NotImplementedError" in cell.stub and "NotImplementedError" not in cell.solution
        assert "### " not in cell.solution
        for each in lesson.names(name):
            assert f"def {each}(" in cell.solution or f"class {each}(" in cell.solution


def test_a_derivation_has_a_name_for_each_step():
    assert lessons()["04_cross_entropy"].names("softmax_gradient") == ("dloss_dp", "dp_dz", "dloss_dz")


@pytest.mark.parametrize(
    "wanted", ["04", "04_cross_entropy", "cross_entropy", "lessons/04_cross_entropy.ipynb"]
)
def test_a_lesson_is_found_by_any_of_its_names(wanted):
    assert list(load_lessons(ROOT, wanted)) == ["04_cross_entropy"]


def test_no_lesson_of_that_name():
    with pytest.raises(
        GradingError, match="no lesson is called '77'; there are: 01_images_and_imagenet, 02_convolution, "
    ):
        load_lessons(ROOT, "77")


def test_no_course_there(tmp_path):
    with pytest.raises(GradingError, match="inside a clone of the course"):
        load_lessons(tmp_path)


@pytest.fixture
def course(tmp_path):
    for folder in ("lessons", "solutions"):
        (tmp_path / folder).mkdir()
        shutil.copy(ROOT / folder / "02_convolution.ipynb", tmp_path / folder)
    return tmp_path


def test_an_answer_cell_that_is_missing_is_named(course):
    book = notebook("02_convolution")
    book["cells"].remove(answer_cell(book, "conv2d"))
    (course / "solutions" / "02_convolution.ipynb").write_text(json.dumps(book))
    with pytest.raises(GradingError, match=r"do not match \(conv2d\): run `course build`"):
        load_lessons(course)


@pytest.mark.parametrize("damage", ["", "[]", '{"cells": [1]}', '{"cells": [{"metadata": {}}]}'])
def test_a_damaged_notebook_of_the_course_is_named(course, damage):
    (course / "lessons" / "02_convolution.ipynb").write_text(damage)
    with pytest.raises(GradingError, match=r"02_convolution.ipynb: .*run `course build`"):
        load_lessons(course)


def test_a_lesson_without_exercises_is_named(course):
    shutil.copy(course / "lessons" / "02_convolution.ipynb", course / "lessons" / "03_none.ipynb")
    shutil.copy(course / "solutions" / "02_convolution.ipynb", course / "solutions" / "03_none.ipynb")
    with pytest.raises(GradingError, match="lesson 03_none has no exercises"):
        load_lessons(course)
