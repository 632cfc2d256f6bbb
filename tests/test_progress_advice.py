"""Which exercises are worth doing again: the pauses, the order, the reasons, and the report word for word."""

from datetime import UTC, datetime, timedelta

import pytest

from course_utils.progress.advice import current_lesson, foundations, worth_again
from course_utils.progress.command import shown, summary, when
from course_utils.progress.entries import new_entry, stamp
from course_utils.syllabus.lessons import Assigned, Lesson

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def ago(days):
    return stamp(NOW - timedelta(days=days))


def lesson(name, exercises, prerequisites=()):
    assigned = tuple(Assigned(each, each, 2, 10) for each in exercises)
    return Lesson(name, name[3:].title(), 60, prerequisites, (), assigned, (), frozenset())


LESSONS = {
    each.name: each
    for each in (
        lesson("02_convolution", ("conv2d", "fields")),
        lesson("04_loss", ("softmax", "nll")),
        lesson("06_first", ("step", "evaluate"), ("02_convolution",)),
        lesson("08_craft", ("norm",), ("06_first",)),
    )
}


def solved(*days, before=()):
    times = [ago(day) for day in days]
    return {**new_entry(), "solved": times, "last": times[-1], "before": list(before), "answer": "x"}


def tried(days):
    return {**new_entry(), "wrong": 1, "last": ago(days)}


def named(suggestions):
    return [f"{each.lesson}/{each.exercise}" for each in suggestions]


def test_the_lesson_being_worked_on_is_that_of_the_last_answer_or_the_next_open_one():
    assert current_lesson({}, LESSONS) is None
    assert current_lesson({"06_first/step": tried(1), "04_loss/nll": tried(3)}, LESSONS) == "06_first"
    done = {"06_first/step": solved(1), "06_first/evaluate": solved(1)}
    assert current_lesson(done, LESSONS) == "08_craft"
    assert current_lesson({**done, "08_craft/norm": solved(0)}, LESSONS) == "02_convolution"
    assert current_lesson({"99_gone/x": tried(0)}, LESSONS) is None
    everything = {f"{each.name}/{one.name}": solved(0) for each in LESSONS.values() for one in each.exercises}
    assert current_lesson(everything, LESSONS) is None


def test_what_a_lesson_builds_on_goes_all_the_way_down():
    assert foundations("08_craft", LESSONS) == {"06_first", "02_convolution"}
    assert foundations(None, LESSONS) == set()


@pytest.mark.parametrize(
    ("entry", "due"),
    [
        (solved(1.9), False),
        (solved(2), True),
        (solved(9, 6), False),
        (solved(10, 8), True),
        (solved(40, 30, 20), False),
        (solved(40, 30, 22), True),
        (solved(200, 150, 100, 59), False),
        (solved(200, 150, 100, 90, 61), True),
        (solved(1.1, before=["kernel flipped"]), True),
        (solved(0.9, before=["kernel flipped"]), False),
        (tried(30), False),
    ],
    ids=str,
)
def test_the_pauses_grow_and_are_shorter_after_a_known_mistake(entry, due):
    assert bool(worth_again({"04_loss/softmax": entry}, LESSONS, NOW)) == due


def test_the_foundations_of_the_present_lesson_come_first_then_known_mistakes_then_the_longest_overdue():
    entries = {
        "02_convolution/conv2d": solved(3),
        "02_convolution/fields": solved(2, before=["jump too late"]),
        "04_loss/softmax": solved(9),
        "04_loss/nll": solved(9, before=["sum for mean"]),
        "06_first/step": tried(0),
    }
    found = worth_again(entries, LESSONS, NOW)
    expected = ["02_convolution/fields", "02_convolution/conv2d", "04_loss/nll", "04_loss/softmax"]
    assert named(found) == expected
    assert [each.reason for each in found] == [
        "Lesson 06, where you are, builds on lesson 02; "
        "the check named 'jump too late' before you solved it, 2 days ago.",
        "Lesson 06, where you are, builds on lesson 02; you solved it 3 days ago.",
        "The check named 'sum for mean' before you solved it, 9 days ago: is that mistake gone?",
        "Solved once, last 9 days ago; after about 2 days it pays to recall it.",
    ]


def test_five_are_enough():
    many = {"04_loss": lesson("04_loss", [f"e{number}" for number in range(9)])}
    entries = {f"04_loss/e{number}": solved(10 + number) for number in range(9)}
    assert named(worth_again(entries, many, NOW)) == [f"04_loss/e{number}" for number in (8, 7, 6, 5, 4)]


def test_the_report_word_for_word():
    entries = {
        "02_convolution/conv2d": solved(9), "02_convolution/fields": solved(1), "06_first/step": tried(0),
        "02_convolution/renamed": solved(9),
    }  # fmt: skip
    rows = [summary(entries, each) for each in LESSONS.values()]
    current = current_lesson(entries, LESSONS)
    assert "\n".join(shown(rows, current, worth_again(entries, LESSONS, NOW), NOW)) == (
        "   lesson                          exercises    points  last worked on\n"
        "02 Convolution                        2 of 2    4 of 4  yesterday\n"
        "     all solved\n"
        "04 Loss                               0 of 2    0 of 4  not begun\n"
        "06 First                              0 of 2    0 of 4  today\n"
        "     next: step\n"
        "08 Craft                              0 of 1    0 of 2  not begun\n"
        "\n"
        "Go on with lesson 06, First:  course lab 06\n"
        "\n"
        "Worth doing again now\n"
        "  02_convolution · conv2d (about 10 minutes)\n"
        "    Lesson 06, where you are, builds on lesson 02; you solved it 9 days ago.\n"
        "  02_convolution · fields (about 10 minutes)\n"
        "    Lesson 06, where you are, builds on lesson 02; you solved it 1 day ago.\n"
        "To do one again, empty its answer cell, run its check, and write it anew."
    )


@pytest.mark.parametrize(
    ("days", "says"), [(-1, "today"), (0, "today"), (1, "yesterday"), (12, "12 days ago")]
)
def test_days_are_said_in_words(days, says):
    assert when(ago(days), NOW) == says
