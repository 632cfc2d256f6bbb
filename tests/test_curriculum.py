"""The lessons hold together: their order, their exercises, their goals, the systems that they teach."""

import jupytext
import pytest
from curriculum import goal_faults, id_faults, order_faults, system_faults
from lesson_files import LESSONS, ROOT

from course_utils.syllabus.lessons import Assigned, Lesson, describe, read_lessons
from course_utils.syllabus.plan import Link, System, read_plan, read_systems

PLAN = read_plan()
SYSTEMS = read_systems()


def written(name):
    """The lesson as its source has it, whether or not its notebooks have been built."""
    return describe(name, jupytext.read(ROOT / "solutions" / f"{name}.py", fmt="py:percent"))


@pytest.fixture(scope="module")
def course():
    return {name: written(name) for name in LESSONS}


def test_the_order_of_the_lessons_respects_what_they_need(course):
    assert order_faults(course, PLAN) == []


def test_every_exercise_has_an_id_of_its_own(course):
    assert id_faults(course) == []


@pytest.mark.parametrize("name", LESSONS)
def test_every_goal_is_met_by_an_exercise_or_a_figure(course, name):
    assert goal_faults(course[name], PLAN[name].goals) == []


def test_every_system_has_its_place(course):
    assert system_faults(SYSTEMS, course, PLAN) == []


def test_the_systems_are_the_180():
    assert [system.id for system in SYSTEMS] == [f"S{number:03d}" for number in range(1, 181)]


def test_notebooks_say_of_themselves_what_their_sources_say(course):
    for name, built in read_lessons(ROOT).items():
        if name in course:
            assert (built.title, built.goals, built.headings) == (
                course[name].title,
                course[name].goals,
                course[name].headings,
            )
            assert [each.name for each in built.exercises] == [each.name for each in course[name].exercises]
            assert all(each.points and each.minutes for each in built.exercises)


# Each test above can fail: a small course with one fault at a time.


def lesson(name, prerequisites=(), exercises=("softmax",), goals=("explain the loss",), headings=("Why",)):
    assigned = tuple(Assigned(exercise, exercise) for exercise in exercises)
    return Lesson(
        name, "T", 60, tuple(prerequisites), tuple(goals), assigned, headings, frozenset(headings[:1])
    )


def course_of(*lessons):
    return {each.name: each for each in lessons}


def system(identity="S001", taught=None, planned=(), reason=""):
    return System(identity, "a name", "a group", taught or {}, planned, reason)


FIRST, SECOND = "02_convolution", "04_cross_entropy"


@pytest.mark.parametrize(
    ("lessons", "says"),
    [
        ([lesson(FIRST, [SECOND]), lesson(SECOND, [FIRST])], "need each other"),
        ([lesson(FIRST, [FIRST])], "need each other"),
        (
            [lesson(FIRST, [SECOND]), lesson(SECOND)],
            "02_convolution needs 04_cross_entropy, which comes later",
        ),
        ([lesson(FIRST, ["01_alchemy"])], "needs 01_alchemy, which is no lesson of the plan"),
        ([lesson("02_alchemy")], "02_alchemy is not in the plan"),
        ([lesson(FIRST), lesson("02_alchemy")], "two lessons have the number 02"),
    ],
)
def test_a_fault_of_order_is_seen(lessons, says):
    assert any(says in fault for fault in order_faults(course_of(*lessons), PLAN))


def test_a_prerequisite_that_is_only_planned_is_no_fault():
    assert order_faults(course_of(lesson(SECOND, ["01_images_and_imagenet"])), PLAN) == []


def test_an_exercise_given_twice_is_seen_and_a_name_in_two_lessons_is_no_fault():
    twice = lesson(FIRST, exercises=("conv2d", "conv2d"))
    assert id_faults(course_of(twice)) == ["02_convolution/conv2d: two exercises"]
    assert id_faults(course_of(lesson(FIRST), lesson(SECOND))) == []


@pytest.mark.parametrize(
    ("goals", "links", "says"),
    [
        (["explain the loss"], {}, "'explain the loss' is met by nothing"),
        (["explain the loss"], {"explain": Link()}, "'explain the loss' is met by nothing"),
        (["explain the loss"], {"explain": Link(("relu",))}, "no exercise 'relu'"),
        (["explain the loss"], {"explain": Link((), ("Why not",))}, "no figure under 'Why not'"),
        (["explain the loss"], {"explain": Link((), ("Later",))}, "no figure under 'Later'"),
        (
            ["explain the loss"],
            {"explain": Link(("softmax",)), "draw": Link(("softmax",))},
            "'draw' begins 0 goals",
        ),
        (["explain a", "explain b"], {"explain": Link(("softmax",))}, "'explain' begins 2 goals"),
        ([], {}, "says no goals"),
    ],
)
def test_a_goal_that_nothing_meets_is_seen(goals, links, says):
    faulty = lesson(FIRST, goals=goals, headings=("Why", "Later"))
    assert any(says in fault for fault in goal_faults(faulty, links))


def test_goals_met_by_an_exercise_or_a_figure_are_no_fault():
    both = lesson(FIRST, goals=("explain it", "draw it"))
    assert goal_faults(both, {"explain": Link(("softmax",)), "draw": Link((), ("Why",))}) == []


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (system(taught={FIRST: ("How",)}), "S001: 02_convolution has no section 'How'"),
        (system(taught={SECOND: ("Why",)}), "S001: taught in 04_cross_entropy, which is not written"),
        (system(planned=(FIRST,)), "S001: planned for 02_convolution, which is written"),
        (system(planned=("99_alchemy",)), "S001: planned for 99_alchemy, which is no lesson of the plan"),
        (system(), "S001: neither taught nor planned, and no reason"),
        (system(planned=(SECOND,), reason="dull"), "S001: a reason for leaving out what is not left out"),
        (system(taught={FIRST: ()}), "S001: taught in 02_convolution without a section"),
    ],
)
def test_a_system_out_of_place_is_seen(entry, says):
    assert system_faults([entry], course_of(lesson(FIRST)), PLAN) == [says]


def test_a_system_given_twice_is_seen():
    fine = system(taught={FIRST: ("Why",)})
    assert system_faults([fine], course_of(lesson(FIRST)), PLAN) == []
    assert system_faults([fine, fine], course_of(lesson(FIRST)), PLAN) == ["S001: given twice"]
