"""Answers that stand in the published solution: listed with how many, and only where they are most."""

from course_utils.grading.looks.canonical import canonical, size
from course_utils.grading.reports.look_alike import as_published, forms_that_say_nothing
from course_utils.grading.reports.similarity import TRIVIAL
from tests.grading_files import lessons
from tests.grading_records import LESSON, record

ASKED = lessons()[LESSON]
FORMS = forms_that_say_nothing([ASKED])
LONG = [name for name, cell in ASKED.answers.items() if size(cell.solution) >= TRIVIAL]
OWN = "def conv2d(a, b):\n" + "\n".join(f"    a = a + b * {i}" for i in range(20)) + "\n    return a\n"


def handed_in(**answers):
    forms = {name: canonical(source) for name, source in answers.items()}
    return record("ana", canonical=forms, sizes={name: size(source) for name, source in answers.items()})


def solved(*names):
    return {name: ASKED.answers[name].solution for name in names}


def test_the_solution_up_to_renaming_and_comments_is_as_published():
    name = LONG[0]
    comment = ASKED.answers[name].solution + "\n# my own work\n"
    (found,) = as_published([handed_in(**{name: comment})], FORMS)
    assert (found.submission, found.lesson, found.exercises, found.answered) == ("ana", LESSON, (name,), 1)


def test_half_of_the_longer_answers_is_enough_and_less_is_not():
    assert len(LONG) >= 3
    half = handed_in(**solved(LONG[0]), **{LONG[1]: OWN})
    assert [each.answered for each in as_published([half], FORMS)] == [2]
    less = handed_in(**solved(LONG[0]), **{LONG[1]: OWN, LONG[2]: OWN})
    assert as_published([less], FORMS) == []


def test_stubs_and_short_answers_do_not_count():
    stubs = {name: ASKED.answers[name].stub for name in LONG[1:]}
    (found,) = as_published([handed_in(**solved(LONG[0]), **stubs)], FORMS)
    assert (found.exercises, found.answered) == ((LONG[0],), 1)
    assert as_published([handed_in(**stubs)], FORMS) == []
    short = [name for name, cell in ASKED.answers.items() if size(cell.solution) < TRIVIAL]
    assert as_published([handed_in(**solved(*short))], FORMS) == []


def test_a_submission_of_another_or_no_lesson_is_not_listed():
    assert as_published([record("bo", [], lesson="")], FORMS) == []
    assert as_published([handed_in(**solved(LONG[0]))], {}) == []
