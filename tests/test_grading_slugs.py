"""File names for feedback: whom a page is for can still be read from them."""

import pytest

from course_utils.grading.naming import LONG_FILE, slug, slugs

MOODLE = "KI-SoSe26-Übung 2 – Abgabe-9931 Grundlagen des Lernens/{}_{}_assignsubmission_file_/02_convolution"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Anna Schäfer-Weiß", "Anna-Schaefer-Weiss"),
        ("Anna Scha\u0308fer", "Anna-Schaefer"),  # as a Mac writes it
        ("Øyvind Ågård", "Oeyvind-Aagaard"),
        ("Zoë Łukasz", "Zoe-Lukasz"),
    ],
)
def test_letters_are_spelt_rather_than_dropped(name, file):
    assert slug(name) == file


def test_names_of_a_long_path_keep_the_person_and_the_number():
    found = slugs(MOODLE.format(*who) for who in (("Anna Schäfer", 48213), ("Bo Li", 48214)))
    assert found == ["Anna-Schaefer_48213_assignsubmission_file", "Bo-Li_48214_assignsubmission_file"]


def test_what_not_all_share_stays_and_names_stay_apart():
    names = [MOODLE.format("Anna", 1), MOODLE.format("Anna", 1) + "_b", MOODLE.format("Bo", 2)]
    found = slugs(names)
    assert found[0].startswith("Anna_1") and found[1].endswith("02_convolution_b")
    assert len(set(found)) == 3 and all(len(each) <= LONG_FILE for each in found)


def test_short_names_are_left_whole_and_of_one_alone_nothing_is_shared():
    assert slugs(["a/02", "b/02"]) == ["a-02", "b-02"]
    (alone,) = slugs([MOODLE.format("Anna", 1)])
    assert alone == slug(MOODLE.format("Anna", 1))
