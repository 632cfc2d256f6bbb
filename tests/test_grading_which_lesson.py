"""A judge process recognises a notebook among all lessons, whichever of them were asked for."""

import pytest
from grading_files import ROOT, as_bytes, lessons, notebook

from course_utils.grading.judging.keeping import Judge

SETTINGS = {"root": ROOT, "tier": "", "tier_why": "", "seed": 1, "seconds": 1.0, "allow_baseline": False}


def judge(*asked, only=None):
    return Judge({**SETTINGS, "lessons": list(asked or lessons()), "only": only, "versions": {}})


@pytest.mark.parametrize("only", [None, "02_convolution"])
def test_a_notebook_of_a_lesson_that_was_not_asked_for(only):
    asked = [only] if only else ["02_convolution", "04_cross_entropy"]
    chosen = judge(*asked, only=only)
    given, _, _ = chosen.take(as_bytes(notebook("06_first_cnn")), "02_convolution_peter")
    assert given.fatal.startswith("The wrong lesson: this is 06_first_cnn") and not given.answers
    assert list(chosen.lessons_and_points()) == asked == list(chosen.forms())


def test_any_lesson_may_be_handed_in_when_none_was_asked_for():
    given, slug, _ = judge().take(as_bytes(notebook("06_first_cnn")), "02_convolution_peter")
    assert slug == "06_first_cnn" and not given.fatal
