"""What is taken from a submission: whatever it is, a transplant and its remarks, and never an exception."""

import json

import pytest
from grading_files import ROOT, answer_cell, as_bytes, code_cell, lessons, notebook, texts

from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in import archives
from course_utils.grading.handed_in.transplant import transplant
from course_utils.grading.judging import keeping

SLUG = "02_convolution"
RIGHT = "def output_size(size, kernel, stride=1, padding=0, dilation=1):\n    return 7\n"


def taken(book, wanted=None, **options):
    return transplant(as_bytes(book), lessons(), wanted, **options)


def with_answer(source, exercise="output_size", folder="lessons"):
    book = notebook(SLUG, folder)
    answer_cell(book, exercise)["source"] = source
    return book


@pytest.mark.parametrize("slug", lessons())
def test_the_solutions_are_taken_whole_and_without_a_remark(slug):
    given = transplant(as_bytes(notebook(slug)), lessons())
    assert given.lesson.slug == slug and not given.fatal and not given.remarks and not given.not_attempted
    assert list(given.answers) == list(lessons()[slug].checks)


@pytest.mark.parametrize("slug", lessons())
def test_what_was_handed_out_is_not_attempted(slug):
    given = transplant(as_bytes(notebook(slug, "lessons")), lessons())
    assert given.not_attempted == set(lessons()[slug].checks) and not given.remarks


@pytest.mark.parametrize(
    "change",
    [
        lambda source: source + "\n\n# no idea\n",
        lambda source: source.replace("    ", "\t").replace("\traise", "\t# ?\n\traise"),
        lambda source: "",
        lambda source: "# later",
        lambda source: source.splitlines(keepends=True),
    ],
)
def test_space_and_comments_are_no_attempt(change):
    stub = lessons()[SLUG].answers["one_pixel"].stub
    assert "one_pixel" in taken(with_answer(change(stub), "one_pixel")).not_attempted


def test_the_whole_cell_is_the_answer():
    source = "def half(x):\n    return x // 2\n\n" + RIGHT
    given = taken(with_answer(source))
    assert given.answers["output_size"] == source and "output_size" not in given.not_attempted


def test_a_missing_cell_is_said():
    book = notebook(SLUG)
    book["cells"].remove(answer_cell(book, "output_size"))
    given = taken(book)
    assert "output_size" not in given.answers and texts(given) == ["output_size: The answer cell is missing."]


def test_of_copies_the_last_attempt_above_the_check_counts():
    book = with_answer(RIGHT)
    cell = answer_cell(book, "output_size")
    at = book["cells"].index(cell)
    book["cells"].insert(at + 1, {**cell, "source": RIGHT.replace("7", "8")})
    book["cells"].insert(at + 2, {**cell, "source": lessons()[SLUG].answers["output_size"].stub})
    book["cells"].append({**cell, "source": RIGHT.replace("7", "9")})
    given = taken(book)
    assert "return 8" in given.answers["output_size"]
    assert (
        f"there 4 times (cells {at + 1}, {at + 2}, {at + 3}, {len(book['cells'])}); cell {at + 2} was taken"
        in (texts(given)[0])
    )


def test_a_copy_that_is_no_python_does_not_hide_one_that_is():
    book = with_answer(RIGHT)
    cell = answer_cell(book, "output_size")
    book["cells"].insert(book["cells"].index(cell) + 1, {**cell, "source": "def output_size(:"})
    assert taken(book).answers["output_size"] == RIGHT


def test_a_syntax_error_stays_for_the_worker_to_report():
    assert taken(with_answer("def output_size(:\n  ?")).answers["output_size"] == "def output_size(:\n  ?"


def test_a_moved_cell_is_graded_and_named():
    book = notebook(SLUG)
    cell = answer_cell(book, "cross_correlate")
    book["cells"].remove(cell)
    book["cells"].append(cell)
    given = taken(book)
    assert texts(given) == ["cross_correlate: The answer cell was moved to another place."]
    assert given.answers["cross_correlate"] == "".join(cell["source"])


def test_unknown_marks_are_named_and_left_out():
    book = notebook(SLUG)
    for number in range(900):
        book["cells"].append(
            code_cell("x = 1", nbgrader={"grade_id": f"\u202eextra{number}", "solution": True})
        )
    [line] = texts(taken(book))
    assert "and 895 more" in line and "\\u202eextra0" in line and "\u202e" not in line


def test_an_answer_turned_into_text_is_said():
    book = notebook(SLUG)
    answer_cell(book, "conv2d")["cell_type"] = "markdown"
    assert "conv2d: Its answer cell was turned into text, which is not graded." in texts(taken(book))


def strip(book, *keys):
    for cell in book["cells"]:
        cell.pop("id", None)
        cell["metadata"] = {key: cell["metadata"][key] for key in keys if key in cell["metadata"]}
    return book


@pytest.mark.parametrize("slug", lessons())
def test_lost_marks_are_made_up_for_by_the_names_of_functions(slug):
    given = transplant(as_bytes(strip(notebook(slug))), lessons())
    whole = transplant(as_bytes(notebook(slug)), lessons())
    assert given.lesson.slug == slug and given.answers == whole.answers and not given.not_attempted
    assert len(texts(given)) == 1 and texts(given)[0].startswith("The marks of its answer cells are lost")


@pytest.mark.parametrize("slug", lessons())
def test_a_stub_without_a_mark_is_not_attempted_and_not_missing(slug):
    given = transplant(as_bytes(strip(notebook(slug, "lessons"))), lessons())
    assert given.not_attempted == set(lessons()[slug].checks) == given.answers.keys()
    assert len(texts(given)) == 1 and "marks of its answer cells are lost" in texts(given)[0]


def test_two_looks_on_one_line_are_one_line_in_the_remark():
    looks = "show_matrix(1); show_matrix(\n2);  # both\nx = 1; show_matrix(x)\nshow_matrix(3);"
    given = taken(with_answer(RIGHT + looks))
    assert texts(given)[0].endswith("(line 3, 6).")
    assert given.answers["output_size"] == RIGHT + "pass\n\nx = 1; show_matrix(x)\npass"


def test_colab_keeps_a_part_of_the_metadata():
    book = strip(notebook(SLUG), "course")
    for number, cell in enumerate(book["cells"]):
        cell["metadata"] |= {"id": f"aB{number}", "colab": {"base_uri": "x"}, "executionInfo": {"user": {}}}
    given = taken(book)
    assert len(given.answers) == 10 and not given.fatal and not texts(given)


def test_one_altered_mark_among_others():
    book = with_answer(RIGHT)
    answer_cell(book, "output_size")["metadata"] = {"nbgrader": {"grade_id": "cell-4f2a", "solution": True}}
    given = taken(book)
    assert given.answers["output_size"] == RIGHT
    assert any("marks of answer cells are lost" in line and "output_size" in line for line in texts(given))


def test_an_answer_below_an_untouched_stub_is_found():
    book = notebook(SLUG, "lessons")
    at = book["cells"].index(answer_cell(book, "output_size"))
    book["cells"].insert(at + 1, code_cell(RIGHT))
    given = taken(book)
    assert given.answers["output_size"] == RIGHT and "output_size" not in given.not_attempted
    assert any("left as handed out" in line for line in texts(given))


def test_a_cell_that_was_split_is_put_together():
    slug = "04_cross_entropy"
    book = notebook(slug)
    cell = answer_cell(book, "softmax_gradient")
    steps = "".join(cell["source"]).split("\n\n\n")
    at = book["cells"].index(cell)
    book["cells"][at : at + 1] = [{**cell, "source": steps[0]}, *map(code_cell, steps[1:])]
    given = transplant(as_bytes(book), lessons())
    assert all(
        f"def {name}(" in given.answers["softmax_gradient"] for name in ("dloss_dp", "dp_dz", "dloss_dz")
    )
    assert any("Put together" in line for line in texts(given))


def test_an_import_in_another_cell_goes_with_the_answer_and_a_helper_does_not():
    book = with_answer("def output_size(size, kernel, *a):\n    return math.floor(helper(size))")
    book["cells"].insert(1, code_cell("import math\nimport matplotlib\ndef helper(x): return x"))
    given = taken(book)
    assert given.answers["output_size"].startswith("import math\n")
    assert any("It uses helper, defined in a cell that is no answer" in line for line in texts(given))


USES_FLOOR = "def output_size(size, kernel, *a):\n    return {}(size)\n"


@pytest.mark.parametrize("before", ["", '"""Mine."""\n'])
def test_an_import_is_added_behind_those_that_python_wants_first(before):
    first = before + "from __future__ import annotations\n"
    book = with_answer(first + USES_FLOOR.format("math.floor"))
    book["cells"].insert(1, code_cell("import math"))
    source = taken(book).answers["output_size"]
    assert source == first + "import math\n" + USES_FLOOR.format("math.floor")
    compile(source, "answer", "exec")


@pytest.mark.parametrize(
    ("cell", "used", "added"),
    [
        ("from math import *", "floor", "from math import floor\n"),
        ("from torch import *", "sum", "from torch import sum\n"),
        ("from fractions import *", "Fraction", "from fractions import *\n"),
        ("from fractions import *", "abs", ""),
        ("from matplotlib.pyplot import *", "floor", ""),
        (
            "try:\n    import math\nexcept ImportError:\n    !pip install math",
            "math.floor",
            "try:\n    import math\n",
        ),
        (
            "try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp",
            "xp.floor",
            "try:\n    import c",
        ),
        ("try:\n    import math\nexcept ImportError:\n    print('no')", "math.floor", "import math\n"),
        ("try:\n    import matplotlib as m\nexcept ImportError:\n    m = None", "m.floor", ""),
    ],
)
def test_other_ways_to_import_are_followed(cell, used, added):
    source = USES_FLOOR.format(used)
    book = with_answer(source)
    book["cells"].insert(1, code_cell(cell))
    given = taken(book)
    assert given.answers["output_size"].startswith(added) and given.answers["output_size"].endswith(source)
    assert bool(added) == (given.answers["output_size"] != source)
    assert bool(added) == any(
        "Imports that stand in another cell were added" in line for line in texts(given)
    )


def test_an_answer_merged_into_the_cell_of_another_exercise_is_found():
    book = with_answer(RIGHT, folder="solutions")
    cell, other = answer_cell(book, "output_size"), answer_cell(book, "cross_correlate")
    whole = "".join(other["source"])
    other["source"] = f"{whole}\n\n{RIGHT}"
    book["cells"].remove(cell)
    given = taken(book)
    assert given.answers["output_size"] == given.answers["cross_correlate"] == other["source"]
    assert texts(given) == [
        "The marks of answer cells are lost; by their functions were found: output_size.",
    ]


def test_a_cell_of_another_exercise_is_no_answer_while_there_is_one():
    book = with_answer(RIGHT, folder="solutions")
    other = answer_cell(book, "cross_correlate")
    other["source"] = "".join(other["source"]) + "\n\n" + RIGHT.replace("7", "8")
    assert taken(book).answers["output_size"] == RIGHT


def test_the_judge_reads_as_much_as_the_limits_say(monkeypatch):
    limits = archives.Limits(notebook_bytes=1000)
    monkeypatch.setattr(archives, "Limits", lambda: limits)
    judge = keeping.Judge({"root": ROOT, "lessons": [SLUG], "only": None} | dict.fromkeys(keeping.DECIDES))
    given, _, _ = judge.take(as_bytes(notebook(SLUG)), "x")
    assert "larger than 0.001 MB" in given.fatal


def test_looks_at_the_result_are_taken_out():
    source = (
        "def cross_correlate(image, kernel):\n    return image\n\nfigure, axes = plt.subplots(\n    1)\n"
        "show_matrix(plane, ax=axes)\nx = cross_correlate(plane, edge)  # 5\n"
        "check.cross_correlate(cross_correlate)"
    )
    given = taken(with_answer(source, "cross_correlate"))
    expected = source.splitlines()
    for line, text in ((3, "pass"), (4, ""), (5, "pass"), (7, "pass")):
        expected[line] = text
    assert given.answers["cross_correlate"] == "\n".join(expected)
    assert "(line 4, 6, 8)" in texts(given)[0]


@pytest.mark.parametrize(
    ("source", "plain", "told"),
    [
        ("%%time\n" + RIGHT, "pass\n" + RIGHT, "%%time"),
        ("!pip install 'x\n" + RIGHT, "pass\n" + RIGHT, "!pip install 'x"),
        (RIGHT + "%time output_size(3, 2)\n", RIGHT + "output_size(3, 2)\n", "%time"),
        (RIGHT + "files = !ls\n", RIGHT + "pass\n", "files = !ls"),
        (RIGHT + "torch.nn?\n", RIGHT + "pass\n", "torch.nn?"),
        (RIGHT + "?torch\n", RIGHT + "pass\n", "?torch"),
        ("if True:\n    !ls \\\n    -l\n" + RIGHT, "if True:\n    pass\n\n" + RIGHT, "!ls"),
        (
            "%matplotlib inline\ntext = '''\n%no\n!no\n'''\nx = (7\n  %2)\n" + RIGHT,
            "pass\ntext = '''\n%no\n!no\n'''\nx = (7\n  %2)\n" + RIGHT,
            "%matplotlib inline",
        ),
        ("%%bash\nrm -rf /", "", "%%bash"),
    ],
)
def test_ipython_s_lines_are_taken_out(source, plain, told):
    given = taken(with_answer(source))
    assert given.answers["output_size"] == plain
    assert any("IPython's commands were taken out" in line and told in line for line in texts(given))


def test_the_operator_at_the_start_of_a_line_is_no_magic():
    source = RIGHT + "x = '''\n%time\n!ls\n'''\ny = (3\n%2)\n"
    given = taken(with_answer(source))
    assert given.answers["output_size"] == source and not texts(given)


def test_another_lesson_is_the_wrong_one():
    given = taken(notebook("04_cross_entropy"), SLUG)
    assert given.fatal == "The wrong lesson: this is 04_cross_entropy, not 02_convolution."
    assert given.lesson.slug == SLUG and not given.answers


def test_two_lessons_in_one_notebook():
    book = notebook(SLUG)
    book["cells"] += notebook("06_first_cnn")["cells"]
    assert taken(book, "06_first_cnn").lesson.slug == "06_first_cnn"
    given = taken(book)
    assert given.lesson.slug == SLUG and "06_first_cnn, too" in texts(given)[0] and len(given.answers) == 10


def test_the_name_tells_the_lesson_of_a_notebook_without_answers():
    book = {"nbformat": 4, "metadata": {}, "cells": [code_cell("1 + 1")]}
    given = taken(book, name="alice/04_Cross_Entropy (1)")
    assert given.lesson.slug == "04_cross_entropy" and not given.answers and len(given.remarks) == 14
    assert taken(book, name="alice").lesson is None and "No answer" in taken(book).fatal


def test_of_several_lessons_none_is_taken_for_one_that_was_not_asked_for():
    book, asked = notebook("06_first_cnn"), [SLUG, "04_cross_entropy"]
    for each in (book, strip(notebook("06_first_cnn"))):
        given = taken(each, asked, name="02_convolution_peter")
        assert given.lesson is None and not given.answers
        assert given.fatal == (
            "The wrong lesson: this is 06_first_cnn, not 02_convolution or 04_cross_entropy."
        )
    given = taken(notebook(SLUG), asked, name="04_cross_entropy_paul")
    assert given.lesson.slug == SLUG and not given.fatal and len(given.answers) == 10


def test_what_the_metadata_say_goes_before_the_name():
    book = {
        "nbformat": 4,
        "metadata": {"course": {"lesson": "06_first_cnn"}},
        "cells": [code_cell("1 + 1")],
    }
    assert taken(book, name="02_convolution_peter").lesson.slug == "06_first_cnn"
    assert taken(book, [SLUG, "06_first_cnn"], name="02_convolution_peter").lesson.slug == "06_first_cnn"
    assert "this is 06_first_cnn" in taken(book, [SLUG, "04_cross_entropy"], name="02_convolution").fatal


def test_a_name_that_says_another_lesson_is_remarked():
    book = notebook("06_first_cnn")
    [line] = texts(taken(book, name="02_convolution_peter"))
    assert line.startswith("It is called 02_convolution, yet its answers are those of 06_first_cnn")
    assert not texts(taken(book, name="02_convolution/06_First_CNN"))


def test_a_lesson_that_is_not_there_is_the_instructor_s_mistake():
    with pytest.raises(GradingError, match="99_none"):
        transplant(b"", lessons(), "99_none")


FILES = {
    "empty": (b"", "empty"),
    "only_zeros": (b"\0" * 1000, "empty"),
    "no_json": (b"hello", "not JSON"),
    "web_page": (b"\n<!DOCTYPE html><html>", "web page"),
    "cut_off": (as_bytes(notebook(SLUG))[:20_000], "cut off"),
    "merge_conflict": (b'{"cells": [\n<<<<<<< HEAD\n{}\n=======\n>>>>>>> main\n]}', "merge"),
    "zip": (b"PK\x03\x04\x00", "zip archive"),
    "list": (b"[]", "no notebook"),
    "number": (b"1e999", "no notebook"),
    "nan": (b"NaN", "no notebook"),
    "long_number": (b"9" * 100_000, "no notebook"),
    "deep": (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
    "deep_object": (b'{"cells":' * 10_000, "nested too deeply"),
    "many_values": (b"[" + b"[]," * 3_000_000 + b"0]", "4,000,000 values"),
    "no_cells": (b'{"nbformat": 4}', "no cells"),
    "cells_are_null": (b'{"nbformat": 4, "cells": null}', "no cells"),
    "many_cells": (b'{"nbformat": 4, "cells": [' + b"0," * 30_000 + b"0]}", "30,001 cells"),
    "format_3": (b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "before 4"),
    "large": (b'{"cells": "' + b"x" * 20_000_001 + b'"}', "larger than 20 MB"),
    "binary": (bytes(range(128, 256)) * 50, "not JSON"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_told_why(name):
    data, told = FILES[name]
    for wanted in (None, SLUG):
        given = transplant(data, lessons(), wanted, name="x/02_convolution")
        assert told in given.fatal and not given.answers and given.lesson.slug == SLUG


def test_the_limit_can_be_set():
    data = as_bytes(notebook(SLUG))
    assert "larger than 0.1 MB" in transplant(data + b" " * 100_000, lessons(), most_bytes=100_000).fatal


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_read(encoding):
    data = json.dumps(notebook(SLUG), ensure_ascii=False).encode(encoding)
    given = transplant(data, lessons())
    assert len(given.answers) == 10 and not given.fatal
    assert ["UTF-16" in line for line in texts(given)] == [True] * encoding.startswith("utf-16")


def test_bytes_that_are_no_text_are_replaced_and_said():
    data = as_bytes(with_answer(RIGHT + "# @@")).replace(b"@@", b"\xff\xfe")
    given = transplant(data, lessons())
    assert "�" in given.answers["output_size"] and "no text" in texts(given)[0]


def test_lone_surrogates_and_zeros_can_be_written_and_compared():
    given = taken(with_answer("x = '\ud800'\n" + RIGHT + "\0"))
    assert given.answers["output_size"].encode("utf-8").startswith("x = '\ufffd'".encode())


ODD_CELLS = [
    None,
    7,
    [],
    {},
    {"cell_type": "code"},
    {"cell_type": "code", "source": None, "metadata": None},
    {"cell_type": "code", "source": {"a": 1}, "metadata": {"nbgrader": {"grade_id": ["conv2d"]}}},
    {"cell_type": "code", "source": [None, "x = 1", 3], "metadata": {"nbgrader": 5, "course": "x"}},
    {"cell_type": ["code"], "source": "x", "metadata": {"course": {"exercise": {}, "role": "answer"}}},
    {"cell_type": "code", "source": "x", "metadata": {"course": {"exercise": "zzz", "role": "answer"}}},
]


def test_odd_cells_are_left_out():
    book = notebook(SLUG)
    book["cells"] = [*ODD_CELLS, *book["cells"]]
    book |= {"nbformat": "four", "metadata": None}
    given = taken(book)
    assert len(given.answers) == 10 and not given.fatal
    assert texts(given)[:2] == [
        "The notebook is not of format 4; its cells were read as if it were.",
        "3 of its cells are no cells; they were left out.",
    ]


def test_a_key_given_twice_is_said():
    data = as_bytes(with_answer("first")).replace(
        b'"source": "first"', b'"source": "first", "source": "second"'
    )
    given = transplant(data, lessons())
    assert given.answers["output_size"] == "second" and "'source' twice" in texts(given)[0]


NESTED = {
    "members": "x" + ".a" * 30_000,
    "signs": "-" * 90_000 + "1",
    "brackets": "(" * 50_000,
    "sums": "1" + "+1" * 40_000,
    "lambdas": "lambda:" * 14_000 + "1",
    "calls": "f" + "()" * 40_000,
    "quotes": "'''\"" * 20_000 + "\n%x",
    "magics": "%time " * 15_000,
    "lines": "!ls\\\n" * 19_000,
    "equals": "a=" * 45_000 + "!ls",
}


@pytest.mark.parametrize("name", NESTED)
def test_text_made_to_break_a_parser(name):
    given = taken(with_answer(RIGHT + NESTED[name]))
    assert given.answers["output_size"].startswith(RIGHT)


def test_an_endless_answer_is_not_taken():
    given = taken(with_answer(RIGHT + "#" * 100_000))
    assert "output_size" not in given.answers
    assert texts(given) == ["output_size: The answer is longer than 100,000 characters: not taken."]


def test_endless_code_elsewhere_is_not_searched():
    book = with_answer(RIGHT)
    book["cells"] += [code_cell("def output_size(): pass\n" + "x = 1\n" * 15_000)] * 40
    given = taken(book)
    assert given.answers["output_size"] == RIGHT and "not all was searched" in texts(given)[0]
