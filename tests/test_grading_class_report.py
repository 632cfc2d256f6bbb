"""The instructor's page: its figures, its order, its links, and that nothing in it can act."""

import math
import re
from collections import namedtuple

import pytest

from course_utils.grading.records import MISSING, NOT_ATTEMPTED, REFUSED, STOPPED, WRONG
from course_utils.grading.reports.charts import histogram, stacked
from course_utils.grading.reports.class_figures import Entry, lesson_figures
from course_utils.grading.reports.class_report import class_html
from course_utils.grading.reports.look_alike import AsPublished
from tests.grading_records import LESSON, NASTY, SECRET, Page, assert_inert, flipped, record, result, run

Pair = namedtuple("Pair", "a b exercises")
BASE = "https://example.org/lessons"


def figures(*records):
    return lesson_figures(LESSON, [Entry(each, f"{each.slug}.html") for each in records])


def chart_texts(chart, name):
    """What the <text> elements of one class say."""
    return re.findall(rf'<text class="{name}"[^>]*>([^<]*)</text>', str(chart.svg))


def text_of(html):
    return " ".join(assert_inert(html).text.split())


def forgotten(**more):
    return flipped(misconception="stride forgotten", says="Stride is missing.", **more)


def test_what_the_class_misunderstood_is_ranked_by_students_of_those_who_tried():
    found = figures(
        record("ana", [forgotten()]),
        record("bo", [flipped(certain=False, says="On this call you get exactly: flipped.")]),
        record("cy", [flipped()]),
        record("di", [result("conv2d", NOT_ATTEMPTED)]),
        record("ed", [result("conv2d", STOPPED)]),
        record("fi", [result("conv2d")]),
    ).misunderstood
    assert [(each.name, len(each.who), each.tried, each.unsure) for each in found] == [
        ("kernel flipped", 2, 5, 1),
        ("stride forgotten", 1, 5, 0),
    ]
    assert found[0].says == "Your kernel is flipped."  # the sentence that is sure, whoever came first


def test_the_same_mistake_in_two_exercises_is_two_lines_and_the_larger_share_comes_first():
    others = [record(f"r{i}", [result("conv2d"), result("im2col", NOT_ATTEMPTED)]) for i in range(3)]
    found = figures(record("ana", [flipped(), flipped("im2col")]), *others).misunderstood
    assert [(each.exercise, each.tried) for each in found] == [("im2col", 1), ("conv2d", 4)]


def test_wrong_answers_without_a_name_are_counted_with_the_cases_that_failed():
    wrong = [
        result("conv2d", WRONG, failed_cases=("stride 2",), error_type=kind)
        for kind in ("", "", "IndexError")
    ]
    wrong.append(result("conv2d", WRONG, failed_cases=("stride 2", "padding 1", "")))
    (found,) = figures(*(record(f"r{i}", [each]) for i, each in enumerate(wrong))).unexplained
    assert (len(found.who), found.tried) == (4, 4)
    assert found.commonest() == [("stride 2", 4), ("padding 1", 1), ("raised IndexError", 1)]


def test_the_hardest_exercise_comes_first_and_a_missing_cell_was_not_attempted():
    found = figures(
        record("ana", [result("easy"), result("hard", WRONG), result("asked", MISSING)]),
        record("bo", [result("easy"), result("hard", STOPPED), result("asked")]),
    )
    assert [each.exercise for each in found.hardest_first()] == ["hard", "asked", "easy"]
    assert +found.hardest_first()[1].states == {"open": 1, "right": 1}


def test_numbers_at_a_glance_leave_out_what_could_not_be_read():
    found = figures(
        record("ana", [result(), result("b")]),
        record("bo", [result("conv2d", WRONG, points=1.0), result("b", NOT_ATTEMPTED)]),
        record("cy", [result("conv2d", MISSING), result("b", MISSING)], fatal="no JSON"),
    )
    assert (found.median, found.totals, found.finished, found.full, found.possible) == (3.5, [6, 1], 1, 1, 6)
    told = text_of(class_html(run(*(entry.record for entry in found.entries))))
    assert "2 submissions graded, 1 more not readable 3.5 median, of 6 points 1 – 6 lowest – highest" in told


@pytest.mark.parametrize(
    ("totals", "possible"),
    [([0, 23, 23, 4.5], 23), ([0.0], 1), ([3] * 1000, 3), ([100, 57.25, 0], 100), ([640], 640), ([0], 0)],
)
def test_the_bars_of_the_histogram_hold_everybody_and_lie_inside(totals, possible):
    chart = histogram(totals, possible)
    page = Page(str(chart.svg))
    bars = page.having("rect", "bar")
    assert bars
    for bar in bars:
        x, y, width, height = (float(bar[name]) for name in ("x", "y", "width", "height"))
        assert (
            x >= 0
            and y >= 0
            and width > 1
            and height > 0
            and x + width <= 720
            and math.isclose(y + height, 220)
        )
    counts = [int(label) for label in chart_texts(chart, "value") if label.isdigit()]
    assert sum(counts) == len(totals) and len(counts) == len(bars)
    assert page.elements[0][1]["aria-label"] == chart.text and f"{len(totals):,} submission" in chart.text
    assert "submissions (number)" in page.text and "points (of" in page.text


def test_the_height_of_a_bar_is_its_number():
    bars = Page(str(histogram([0, 2, 2, 2], 2).svg)).having("rect", "bar")
    low, high = (float(bar["height"]) for bar in bars)
    assert high == pytest.approx(3 * low, abs=0.2)


def test_a_stacked_bar_is_full():
    bar = Page(str(stacked([("right", 1), ("wrong", 0), ("open", 2)], "one right, two open")))
    widths = [float(each["width"].rstrip("%")) for tag, each in bar.elements if tag == "rect"]
    assert len(widths) == 2 and sum(widths) == pytest.approx(100, abs=0.02)


def test_what_the_program_could_not_judge_is_listed_for_a_person():
    whole = run(
        record("ana", [result("MendedNet", REFUSED, possible=2.0, says="A person will look.")]),
        record("bo", [result("conv2d", REFUSED)]),  # secret: nobody can judge it here
    )
    told = text_of(class_html(whole, [], BASE))
    assert "Judge these yourself (1)" in told and "MendedNet (2 points): A person will look." in told


def test_the_page_tells_whatever_a_run_holds():
    whole = run(
        record("ana", [flipped()], remarks=("A cell has moved.",), look_at=("conv2d: imports `gc`",)),
        record("bo", [result("conv2d", STOPPED, says="Your code was stopped: it took too long.")]),
        record("cy", [result("conv2d", REFUSED, warnings=("calls F.conv2d",))]),
        record("di", [], lesson="", fatal="It is of no lesson."),
        record("ed", [result("conv2d", MISSING)], fatal="The wrong lesson: this is 04."),
        problems=("x.zip: broken",),
        seconds=12.3,
    )
    published = [AsPublished("cy", LESSON, ("conv2d", "im2col"), 3)]
    html = class_html(whole, [Pair("ana", "bo", ("conv2d",)), Pair("ana", "nobody", ())], BASE, published)
    told = text_of(html)
    for words in (
        "1 of 2 students kernel flipped in conv2d Your kernel is flipped. Teach again: Many channels ana",
        "As published (1 submission)",
        "cy 2 of 3 exercises: conv2d, im2col",
        "Of another lesson (1) Not graded, and in no figure above. ed The wrong lesson: this is 04.",
        "The same up to renaming (2 pairs) ana and bo conv2d ana and nobody",
        "Stopped by a limit (1) bo conv2d: Your code was stopped: it took too long.",
        "Things in the source (2) ana conv2d: imports gc cy conv2d: calls F.conv2d",
        "Remarks on notebooks (1) ana A cell has moved.",
        "Not readable (1) di It is of no lesson.",
        "Files that hold no submission (1) x.zip: broken",
        "Sandbox: bubblewrap (it works here)",
        "course grade SUBMISSIONS --out RESULTS --lesson 02_convolution --seed 7",
        "torch 2.6 · 12 s",
        "graded 4 Mar 2026, 05:06 UTC",
        "1 file in which no lesson of this course was recognised",
    ):
        assert words in told, words
    assert f"{BASE}/02_convolution.ipynb#Many-channels" in Page(html).links
    assert SECRET not in html


def test_who_gets_no_grade_stands_before_what_is_only_worth_knowing():
    whole = run(
        record("ana", remarks=("A cell has moved.",), look_at=("conv2d: imports `gc`",)),
        record("bo", [], lesson="", fatal="It ends in line 3."),
        problems=("x.zip: broken",),
    )
    told = text_of(class_html(whole))
    order = ["Not readable (1)", "Files that hold no submission (1)", "Things in the source", "Remarks on"]
    assert [told.index(each) for each in order] == sorted(told.index(each) for each in order)


def test_a_notebook_of_another_lesson_is_in_no_figure_and_in_no_table():
    wrong = "The wrong lesson: this is 04_cross_entropy, not 02_convolution."
    html = class_html(run(record("ana"), record("bo", [result("conv2d", MISSING)], fatal=wrong)))
    told = text_of(html)
    assert "1 submission graded 3 median" in told and "not readable" not in told.lower()
    assert len(Page(html).having("td", "who")) == 1 and "feedback/bo.html" in Page(html).links
    assert text_of(class_html(run(record("bo", [], fatal=wrong)))).count("Of another lesson (1)") == 1


def test_a_run_of_several_lessons_can_be_replayed():
    told = text_of(class_html(run(record(), lessons=("02_convolution", "04_cross_entropy"))))
    assert "--out RESULTS --lesson 02_convolution --lesson 04_cross_entropy --seed 7" in told


def test_the_form_of_answers_is_counted_among_what_the_course_does_not_know():
    said = "Your code returned None: is there a `return` at its end?"
    some = "On some cases: your code returned None: is there a `return` at its end?"
    wrong = [result("conv2d", WRONG, failed_cases=("stride 2",), form=form) for form in (said, some, "")]
    (found,) = figures(*(record(f"r{i}", [each]) for i, each in enumerate(wrong))).unexplained
    assert found.commonest() == [(said, 2), ("stride 2", 3)]
    told = text_of(class_html(run(*(record(f"r{i}", [each]) for i, each in enumerate(wrong)))))
    assert "is there a return at its end? (2); stride 2 (3)" in told


def test_every_link_to_feedback_has_its_file_and_pairs_find_theirs():
    whole = run(record("a", slug="Same"), record("b", slug="same"), record("c", slug="a b/c"))
    links = {
        link for link in Page(class_html(whole, [Pair("b", "c", ())])).links if link.startswith("feedback/")
    }
    assert links == {"feedback/Same.html", "feedback/same-2.html", "feedback/a-b-c.html"}


def test_a_lesson_has_a_part_of_its_own():
    other = record("ana", [result("softmax")], lesson="04_cross_entropy")
    told = text_of(class_html(run(record("ana"), other)))
    assert told.index("Lesson 02, convolution") < told.index("Lesson 04, cross entropy")
    assert "Scores: Lesson 04, cross entropy" in told


def test_a_part_of_a_class_says_that_it_is_one():
    assert "part 2 of 4, not the whole class" in text_of(class_html(run(record(), shard=(2, 4))))


def test_no_submission_at_all_still_gives_a_page():
    assert "No submission was found." in text_of(class_html(run()))


def test_long_lists_are_folded_and_short_ones_are_not():
    few = class_html(run(*(record(f"s{i}", [flipped()]) for i in range(5))))
    many = class_html(run(*(record(f"s{i}", [flipped()], remarks=("moved",)) for i in range(70))))
    folds = [
        [attributes for tag, attributes in Page(html).elements if tag == "details"] for html in (few, many)
    ]
    assert [("open" in attributes) for attributes in folds[0]] == [True]
    assert [("open" in attributes) for attributes in folds[1]] == [False, False, False]
    assert len(Page(many).having("td", "who")) == 70


def test_nothing_that_others_wrote_can_act():
    nasty = flipped(
        NASTY, says=NASTY, see=NASTY, misconception=NASTY, failed_cases=(NASTY,), warnings=(NASTY,)
    )
    stopped = result(NASTY + "2", STOPPED, says=NASTY, stopped=NASTY)
    unnamed = result(NASTY + "3", WRONG, failed_cases=(NASTY,), error_type=NASTY)
    whole = run(
        record(NASTY, [nasty, stopped, unnamed], remarks=(NASTY,), look_at=(NASTY,), slug=NASTY),
        record("x" * 5000, [], lesson="", fatal=NASTY),
        problems=(NASTY,),
        tier_why=NASTY,
    )
    page = assert_inert(class_html(whole, [Pair(NASTY, NASTY, (NASTY,))], BASE))
    assert "<script>alert(1)</script>" in page.text and "\\u202egpj.exe\\x00\\x1b[31m" in page.text
    names = [tag for tag, _ in page.elements].count("bdi")
    assert names >= 8  # each name is apart from the text around it
    assert "x" * 200 not in page.text
