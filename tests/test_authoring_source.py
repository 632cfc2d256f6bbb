"""What a lesson's source may not be: each mistake is refused with file and line."""

import pytest
from authoring_course import SLUG, SOURCE, tiny  # noqa: F401

from course_utils.authoring.errors import AuthoringError
from course_utils.authoring.source import read_source

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def line_of(text, fragment):
    return next(number for number, line in enumerate(text.splitlines(), 1) if fragment in line)


def refused(folder, text, name=f"02_{SLUG}.py"):
    path = folder / "solutions" / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AuthoringError) as caught:
        read_source(path)
    return str(caught.value)


def test_a_good_source(tiny):  # noqa: F811
    lesson = read_source(tiny / "solutions" / f"02_{SLUG}.py")
    assert (lesson.title, lesson.minutes, lesson.number) == ("Tiny", 5, "02")
    answer = next(cell for cell in lesson.cells if cell.exercise)
    assert answer.line == line_of(SOURCE, 'exercise="double"')
    assert lesson.student_text(answer) == (
        'def double(x):\n    """Twice x."""\n    raise NotImplementedError'
    )


@pytest.mark.parametrize(
    "old, new, at, message",
    [
        (f"    {END}\n", "", BEGIN, f"{BEGIN!r} without {END!r}"),
        (f"    {BEGIN}\n", "", END, f"{END!r} without a {BEGIN!r} before it"),
        ("    return 2 * x\n", f"    {BEGIN}\n", None, f"a second {BEGIN!r}"),
        (BEGIN, "### BEGIN ANSWER", "### BEGIN ANSWER", "is no mark"),
        ('"""Twice x."""\n', '"""Twice x."""\n    ### end solution\n', "### end", "is no mark"),
        ('exercise="double"', 'exercise="dubble"', "dubble", "no Exercise is called 'dubble'; known: double"),
        ('# %% check="double"\n', "# %%\n", 'exercise="double"', 'the cell after must be check="double"'),
        ('exercise="double"', "", "def double", "solution marks in a cell without exercise"),
        ("### Exercise: double it", "double it", 'exercise="double"', "must be its statement"),
        ('#     title: "Tiny"\n', "", "course:", "needs 'title' (str)"),
        ("#     minutes: 5\n", "#     minutes: soon\n", "course:", "needs 'minutes' (int)"),
        ("prerequisites: []", "prerequisites: [03_later]", "course:", "does not come before this lesson"),
        ("prerequisites: []", "prerequisites: [algebra]", "course:", "is not the name of a lesson"),
        ('output="varies"', 'output="changes"', 'output="changes"', 'the only value is "varies"'),
        ('tags=["solution"]', 'tags=["hidden"]', 'tags=["hidden"]', 'the only tag is "solution"'),
        ('output="varies"', 'outputs="varies"', 'outputs="varies"', "unknown cell key 'outputs'"),
        ("## Doubling", "## Twice", 'exercise="double"', "sends to 'Doubling', which is no title here"),
    ],
)
def test_a_mistake_is_refused_with_file_and_line(tiny, old, new, at, message):  # noqa: F811
    assert SOURCE.count(old) == 1
    text = SOURCE.replace(old, new)
    line = line_of(text, at) if at and at != "def double" else None
    said = refused(tiny, text)
    assert said.startswith(f"solutions/02_{SLUG}.py:{line or ''}"), said
    assert message in said


def test_a_duplicate(tiny):  # noqa: F811
    start = SOURCE.index("# %% [markdown]\n# ### Exercise")
    end = SOURCE.index('# %% tags=["solution"]')
    text = SOURCE[:end] + SOURCE[start:end] + SOURCE[end:]
    said = refused(tiny, text)
    assert f'a second exercise="double"; the first is in line {line_of(SOURCE, "exercise=")}' in said


def test_an_exercise_without_a_cell(tiny):  # noqa: F811
    start = SOURCE.index("# %% [markdown]\n# ### Exercise")
    check = '# %% check="double"\nassert double(2) == 4\n'
    text = SOURCE[:start] + check
    assert "the exercise 'double' is defined but has no cell" in refused(tiny, text)


def test_a_check_module_that_is_missing(tiny):  # noqa: F811
    said = refused(tiny, SOURCE, "02_other_for_tests.py")
    assert "there is no course_utils.checks.other_for_tests" in said


def test_a_name_that_is_no_lessons(tiny):  # noqa: F811
    assert "a lesson's source is called NN_slug.py" in refused(tiny, SOURCE, "Tiny.py")


def test_text_before_the_first_cell(tiny):  # noqa: F811
    text = SOURCE.replace("# %% [markdown]\n# # 02", "stray = 1\n\n# %% [markdown]\n# # 02")
    assert "is there text before the first" in refused(tiny, text)
