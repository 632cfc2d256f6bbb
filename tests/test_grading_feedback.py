"""The page for a student: what it says, what it must not say, and that nothing in it can act."""

import json
from pathlib import Path

import pytest
from nbconvert.filters import add_anchor

from course_utils.checks.exercise import Exercise, Misconception
from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in import transplant as reading
from course_utils.grading.judging.verdicts import error_line, error_type
from course_utils.grading.records import MISSING, NOT_ATTEMPTED, REFUSED, STATES, STOPPED, WRONG
from course_utils.grading.reports.feedback import NOT_TAKEN, feedback_html
from course_utils.grading.reports.links import paragraph, published_lessons
from course_utils.grading.reports.sentences import ON_THIS_CALL, explanation, raised, sentence
from course_utils.worker.codec import decode, encode
from tests.grading_records import LESSON, NASTY, SECRET, Page, assert_inert, flipped, record, result

LESSONS = Path(__file__).parent.parent / "lessons"
BASE = "https://example.org/lessons"


def text_of(*results, **more):
    return " ".join(assert_inert(feedback_html(record("ana", results, **more), BASE)).text.split())


def test_points_and_what_is_right():
    told = text_of(result(), flipped("output_size"))
    assert "3 of 6 points" in told and "1 of 2 exercises right" in told
    assert told.index("Worth another look") < told.index("output_size") < told.index("conv2d")


def test_a_known_mistake_is_named_with_its_sentence_its_cases_and_its_paragraph():
    html = feedback_html(record("ana", [flipped()]), BASE)
    told = " ".join(Page(html).text.split())
    assert "kernel flipped" in told and "Your kernel is flipped." in told
    assert "1 of 3 cases is right. Not yet: stride 2." in told
    assert Page(html).links == [f"{BASE}/02_convolution.ipynb#Many-channels"]


def test_without_an_address_a_paragraph_is_named_and_not_linked():
    page = Page(feedback_html(record("ana", [flipped()])))
    assert not page.links and "“Many channels”" in page.text


def test_an_exception_is_told_with_the_students_own_line():
    told = text_of(result("conv2d", WRONG, error_type="IndexError", error_line="line 3: return image[9]"))
    assert "Your code raised an IndexError: line 3: return image[9]" in told


def test_the_line_that_raised_comes_through_the_sandbox_from_the_submission():
    source = "def conv2d(image):\n    kernel = [1]\n    return kernel[5]  # far"
    cell = {}
    exec(compile(source, "<answer conv2d>", "exec"), cell)
    with pytest.raises(IndexError) as caught:
        cell["conv2d"](0)
    received = decode(encode(caught.value))
    assert (error_type(received), error_line(received, "conv2d", source)) == (
        "IndexError",
        "line 3: return kernel[5]  # far",
    )
    assert error_line(received, "conv2d", "one = 'line'") == ""  # a line that the submission does not have


def test_only_names_of_built_in_exceptions_are_told():
    assert raised(result("conv2d", WRONG, error_type="ValueError")) == "Your code raised a ValueError"
    for name in ("The answer is 42", "int", "print", "__doc__"):
        assert raised(result("conv2d", WRONG, error_type=name)) == "Your code raised an exception"


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_told_and_no_value_of_the_students_code(state):
    html = feedback_html(
        record("ana", [result("conv2d", state, stopped="time" if state == STOPPED else "")]), BASE
    )
    assert_inert(html)
    assert "conv2d" in html and SECRET not in html


def test_the_seed_is_not_told():
    """With it the cases could be drawn before handing in again."""
    html = feedback_html(record("ana", [flipped()], seed=987654321, tier="bubblewrap"), BASE)
    assert "987654321" not in html


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"state": STOPPED, "stopped": "time", "says": "It took too long."}, "loop that does not end"),
        ({"state": MISSING}, "not in the notebook"),
        ({"state": REFUSED}, "Your instructor has to grade this one"),
        ({"state": WRONG, "total": 4}, "None of the 4 cases is right yet."),
        (
            {"state": WRONG, "with_reference": ("conv2d",)},
            "Your own conv2d is not right yet, so this was tried with ours",
        ),
        (
            {"state": NOT_ATTEMPTED, "warnings": ("It calls `F.conv2d`.",)},
            "It calls F.conv2d. This takes no points away",
        ),
    ],
)
def test_what_happened_is_said_in_plain_words(given, words):
    assert words in text_of(result("im2col", **given))


def test_remarks_on_the_notebook_are_handed_back_and_what_the_instructor_looks_at_is_not():
    told = text_of(result(), remarks=("Cell `conv2d` has moved.",), look_at=("conv2d: imports gc",))
    assert "Cell conv2d has moved." in told and "gc" not in told


def test_a_remark_on_an_exercise_stands_in_its_card_with_what_to_do():
    remark = f"conv2d: It uses helper, {NOT_TAKEN}: not taken."
    told = text_of(
        result("conv2d", WRONG, error_type="NameError", see="Many channels"), remarks=(remark, "It is short.")
    )
    assert told.count("It uses helper") == 1 and "About the notebook It is short. Worth another" in told
    assert "not taken. Only the answer cells and imports are taken: put what it needs into" in told
    assert "Read again" not in told


def test_a_remark_on_an_exercise_without_a_card_stays_above():
    assert "About the notebook conv2d: It moved." in text_of(result("conv2d"), remarks=("conv2d: It moved.",))


def test_a_missing_answer_is_explained_once():
    told = text_of(result("conv2d", MISSING), remarks=("conv2d: Its answer cell was turned into text.",))
    assert "turned into text" in told and "not in the notebook" not in told


def test_the_remark_on_helpers_is_the_one_that_reading_makes():
    assert f"{NOT_TAKEN}: not taken" in Path(reading.__file__).read_text(encoding="utf-8")


def test_what_is_said_of_several_lines_is_said_once_and_ends_in_a_full_stop():
    said = "`conv2d` is what this exercise asks to write by hand"
    warnings = (f"line 3: {said}", f"line 18: {said}", "line 4: another")
    told = text_of(result("conv2d", warnings=warnings))
    assert (
        "Lines 3, 18: conv2d is what this exercise asks to write by hand. Line 4: another. This takes" in told
    )
    assert told.count("This takes no points away") == 1


def test_a_cell_that_is_no_python_is_shown_with_its_line():
    given = {"says": "Python cannot read the cell: expected ':'.", "error_line": "line 1: def f(x)"}
    told = text_of(result("conv2d", WRONG, **given))
    assert "expected ':'. line 1: def f(x)" in told and "raised" not in told


def test_a_wrong_answer_with_a_single_case_is_never_left_without_a_word():
    words = "What it gives is not what is asked for."
    assert explanation(result("one_pixel", WRONG, total=1)) == [words]
    assert words not in explanation(flipped("one_pixel", total=1, right=0))
    assert words not in explanation(result("one_pixel", WRONG, total=1, form="It is None."))


def test_a_page_without_a_verdict_says_nothing_of_verdicts():
    html = feedback_html(record("ana", [], lesson="", fatal="It ends in line 3."))
    told = assert_inert(html).text
    assert "Your feedback" in told and "no lesson" not in told
    assert "drawn for grading" not in told and "What now" not in told
    assert "drawn for grading" in text_of(result())


def test_a_notebook_that_could_not_be_read_gets_a_page_that_says_so():
    told = text_of(result("conv2d", MISSING), fatal="The file ends in line 3.")
    assert "could not be graded" in told and "The file ends in line 3." in told and "of 3 points" not in told


def test_nothing_that_others_wrote_can_act():
    nasty = flipped(
        NASTY,
        says=NASTY + "`code`",
        see=NASTY,
        failed_cases=(NASTY,),
        error_type="ValueError",
        error_line=NASTY,
        warnings=(NASTY,),
        with_reference=(NASTY,),
        misconception=NASTY,
    )
    html = feedback_html(record(NASTY, [nasty], remarks=(NASTY,), lesson=NASTY), BASE)
    page = assert_inert(html)
    assert "<script>alert(1)</script>" in page.text and "\\u202egpj.exe\\x00\\x1b[31m" in page.text
    assert_inert(feedback_html(record(NASTY, [], fatal=NASTY), BASE))


def test_a_backtick_without_a_partner_is_only_a_character():
    assert "a ` b <c>" in text_of(result("conv2d", WRONG, says="a ` b <c>"))


def test_some_cases_stand_in_for_the_call_that_is_not_shown():
    exercise = Exercise(name="e", points=1, minutes=1)
    says = exercise.partly(Misconception("m", None, "Stride is missing."))
    assert ON_THIS_CALL in says  # the check's words and ours stay in step
    assert sentence(result("e", WRONG, says=says)).startswith("On some cases you get exactly")


def test_a_right_answer_needs_no_words():
    assert explanation(result("conv2d", right=7, total=7)) == []


def test_a_paragraph_is_linked_as_notebooks_name_it():
    """nbconvert, which nbviewer uses, gives a heading its anchor; JupyterLab replaces the spaces likewise."""
    for path in sorted(LESSONS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        lines = [
            line
            for cell in cells
            if cell["cell_type"] == "markdown"
            for line in "".join(cell["source"]).splitlines()
        ]
        titles = [line.lstrip("#").strip() for line in lines if line.startswith("##")]
        assert titles
        for title in titles:
            link = paragraph(BASE, path.stem, title)
            assert f'href="#{link.partition("#")[2]}"'.replace("&", "&amp;") in add_anchor(
                f"<h2>{title}</h2>"
            ).replace("&#x27;", "'")


def test_the_address_comes_from_where_the_course_is_published(tmp_path):
    told = '[tool.course]\nrepository = "{}/course"\nbranch = "main"\n'
    (tmp_path / "pyproject.toml").write_text(told.format("someone"))
    assert published_lessons(tmp_path) == "https://nbviewer.org/github/someone/course/blob/main/lessons"
    (tmp_path / "pyproject.toml").write_text(told.format("OWNER"))
    assert published_lessons(tmp_path) == ""
    with pytest.raises(GradingError, match="begins with https"):
        paragraph("data:text/html,x", LESSON, "Many channels")
