"""Finding what was handed in: every nesting, and every file made to do harm."""

import io
import os
import random
import stat
import struct
import zipfile

import pytest

from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in import archives
from course_utils.grading.handed_in.archives import Limits, Unreadable
from course_utils.grading.handed_in.submissions import find_submissions

RANDOM = random.Random(0)
NOTEBOOK = b'{"cells": []}'


def zipped(members, method=zipfile.ZIP_DEFLATED):
    """A zip of {name or ZipInfo: content} as bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content, method)
    return made.getvalue()


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def found(*paths, **limits):
    """Name -> content or the reason why it cannot be read; and the problems as text."""
    submissions, problems = find_submissions(paths, Limits(**limits))
    read = {}
    for each in submissions:
        try:
            read[each.name] = each.read()
        except Unreadable as error:
            read[each.name] = str(error)
    assert len(read) == len(submissions)
    return read, [str(problem) for problem in problems]


def test_notebooks_folders_and_zips_in_any_nesting(tmp_path):
    inner = zipped({"deep/x.ipynb": b"3"})
    write(
        tmp_path,
        {
            "bob/x.ipynb": b"1",
            "alice.zip": zipped({"x.ipynb": b"2", "more.ZIP": inner}),
            "b/c/d/x.IPYNB": b"4",
            "y.ipynb.txt": b"5",
        },
    )
    read, problems = found(tmp_path)
    assert read == {
        "alice/more/deep/x": b"3",
        "alice/x": b"2",
        "b/c/d/x": b"4",
        "bob/x": b"1",
        "y": b"5",
    }
    assert list(read) == sorted(read) and not problems


def test_paths_given_one_by_one(tmp_path):
    write(tmp_path, {"a/x.ipynb": b"1", "b/x.ipynb": b"2", "c.zip": zipped({"x.ipynb": b"3"}), "d.txt": b"4"})
    read, _ = found(tmp_path / "b", tmp_path / "a", tmp_path / "c.zip", tmp_path / "d.txt")
    assert read == {"b/x": b"2", "a/x": b"1", "c/x": b"3", "d.txt": b"4"}
    assert found(tmp_path / "a")[0] == {"x": b"1"} and found(tmp_path / "c.zip")[0] == {"x": b"3"}


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(GradingError, match=r"nowhere does not exist"):
        find_submissions([tmp_path / "nowhere"])


def test_names_are_unique_and_stable(tmp_path):
    write(tmp_path, {"a.ipynb": b"1", "a.zip": zipped({"../b": b""}), "A.ipynb": b"2"})
    write(tmp_path, {"a/x.ipynb": b"3", "a.ipynb.json": b"4"})
    read, _ = found(tmp_path)
    assert read == {"A": b"2", "a (2)": b"1", "a (3)": b"4", "a/x": b"3"}
    assert found(tmp_path)[0] == read


def test_what_computers_leave_behind_is_ignored(tmp_path):
    names = [".ipynb_checkpoints/x.ipynb", "__MACOSX/._x.ipynb", "._x.ipynb", ".git/x.ipynb"]
    write(tmp_path, {f"s/{name}": b"0" for name in names} | {"s/x.ipynb": b"1"})
    write(tmp_path, {"t.zip": zipped({name: b"0" for name in names} | {"./x.ipynb": b"2"})})
    assert found(tmp_path) == ({"s/x": b"1", "t/x": b"2"}, [])


def test_links_pipes_and_sockets_are_left_out_and_said(tmp_path):
    secret = write(tmp_path, {"secret/x.ipynb": b"secret"}) / "secret"
    folder = write(tmp_path, {"class/x.ipynb": b"1"}) / "class"
    (folder / "file.ipynb").symlink_to(secret / "x.ipynb")
    (folder / "folder").symlink_to(secret)
    (folder / "round").symlink_to(folder)
    (folder / "broken.ipynb").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.ipynb")
    os.mkfifo(folder / "pipe.zip")
    read, problems = found(folder)
    assert read == {"x": b"1"}
    assert [line.split(":")[0] for line in problems] == [
        "broken.ipynb",
        "file.ipynb",
        "folder",
        "pipe.ipynb",
        "pipe.zip",
        "round",
    ]
    assert all("link" in line or "no regular file" in line for line in problems)


def test_a_path_given_by_the_instructor_may_be_a_link(tmp_path):
    write(tmp_path, {"class/x.ipynb": b"1"})
    (tmp_path / "now").symlink_to(tmp_path / "class")
    assert found(tmp_path / "now")[0] == {"x": b"1"}


def test_a_file_that_becomes_a_link_or_goes_is_not_read(tmp_path):
    write(tmp_path, {"a.ipynb": b"1", "b.ipynb": b"2", "secret": b"secret"})
    (first, second), _ = find_submissions([tmp_path])
    (tmp_path / "a.ipynb").unlink()
    (tmp_path / "a.ipynb").symlink_to(tmp_path / "secret")
    (tmp_path / "b.ipynb").unlink()
    for each in (first, second):
        with pytest.raises(Unreadable, match="cannot be opened"):
            each.read()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path):
    write(tmp_path, {"a.ipynb": b"1", "s/b.ipynb": b"2"})
    (tmp_path / "a.ipynb").chmod(0)
    (tmp_path / "s").chmod(0)
    read, problems = found(tmp_path)
    (tmp_path / "s").chmod(0o700)
    assert "ermission" in read["a"] and "cannot be looked into" in problems[0]


def test_a_folder_without_a_notebook_is_named(tmp_path):
    write(tmp_path, {"a/report.pdf": b"", "b/x.ipynb": b"1", "c.zip": zipped({"x.py": b""}), "d/e.rar": b""})
    assert found(tmp_path)[1] == [
        "c: is a zip that holds no notebook",
        "d/e.rar: is an archive of a kind that is not opened: only zips are",
        "a: holds no notebook",
    ]


MOODLE = "Übung 2-9931/{}_4821{}_assignsubmission_file_/{}"
HANDED_IN = {
    MOODLE.format("Anna Schaf", 3, "x.ipynb"): b"1",
    MOODLE.format("Ben Maß", 4, "report.pdf"): b"",
    MOODLE.format("Zoe\u0308 Klee", 5, "02.ipynb"): b"2",
    MOODLE.format("Zoe\u0308 Klee", 5, "plot.png"): b"",
    "Übung 2-9931/Anna Schaf_48213_assignsubmission_onlinetext_/onlinetext.html": b"",
    "Übung 2-9931/Ole Abgabe.pdf": b"",
    "Übung 2-9931/Pia 02_convolution.py": b"",
}
NOBODY_VANISHES = [
    "Ben Maß_48214: holds no notebook",
    "Ole Abgabe.pdf: is no notebook (.ipynb): not graded",
    "Pia 02_convolution.py: is no notebook (.ipynb): not graded",
]


def test_nobody_vanishes_from_a_class_s_zip_or_folder(tmp_path):
    wrapped = [f"Übung 2-9931/{line}" for line in NOBODY_VANISHES]
    write(tmp_path, {"alone/class.zip": zipped(HANDED_IN)})
    write(tmp_path / "on_disk", HANDED_IN)
    assert found(tmp_path / "alone" / "class.zip")[1] == wrapped
    assert found(tmp_path / "on_disk")[1] == wrapped
    assert found(tmp_path / "alone")[1] == [f"class/{line}" for line in wrapped]
    write(tmp_path, {"two/class.zip": zipped(HANDED_IN), "two/Eve/x.ipynb": b"1"})
    assert found(tmp_path / "two")[1] == [f"class/{line}" for line in wrapped]


def test_what_lies_beside_a_notebook_in_one_student_s_zip_or_folder_is_not_listed(tmp_path):
    own = {"x.ipynb": b"1", "notes.pdf": b"", "data/y.csv": b"", "code/x.py": b""}
    write(tmp_path, {"a.zip": zipped(own), "c.zip": zipped(own)} | {f"b/{name}": own[name] for name in own})
    assert found(tmp_path)[1] == []


def test_names_are_composed_and_without_what_moodle_adds(tmp_path):
    write(tmp_path, {"class.zip": zipped(HANDED_IN)})
    read, _ = found(tmp_path / "class.zip")
    assert list(read) == ["Übung 2-9931/Anna Schaf_48213/x", "Übung 2-9931/Zoë Klee_48215/02"]


def test_names_on_disk_and_in_zips_are_made_visible(tmp_path):
    write(tmp_path, {"\u202ex\x1b[31m.ipynb": b"1", "z.zip": zipped({"\n=1+1\u2066.ipynb": b"2"})})
    (tmp_path / os.fsdecode(b"\xff.ipynb")).write_bytes(b"3")
    assert sorted(found(tmp_path)[0]) == ["\\u202ex\\x1b[31m", "\\udcff", "z/\\x0a=1+1\\u2066"]


def encrypted(data):
    """The zip with its files marked as encrypted, in both places."""
    return data.replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0").replace(
        b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"
    )


def quine_like():
    """Fifty entries that all point to the same packed bytes, as in the bombs without nesting."""
    data = zipped({"x.ipynb": b"0" * 900_000})
    start = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entries = data[start:end] * 50
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 50, 50, len(entries), start, 0)
    return data[:start] + entries + tail


def link_member():
    info = zipfile.ZipInfo("l.ipynb")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped({info: b"/etc/passwd"})


def nested(levels):
    data = NOTEBOOK
    for level in range(levels):
        data = zipped({"in.zip" if level else "x.ipynb": data})
    return data


UNREADABLE = {
    "no_zip": (b"hello", "not a zip"),
    "empty": (b"", "not a zip"),
    "cut_off": (zipped({"x.ipynb": RANDOM.randbytes(9999)})[:5000], "not a zip"),
    "overlapping": (quine_like(), "overlap"),
    "too_deep": (nested(4), "within more than 2 others"),
    "long_list": (zipped({RANDOM.randbytes(30_000).hex(): b"" for _ in range(150)}), "list of contents"),
    "bomb": (zipped({"x.ipynb": b"0" * 30_000_000}), "200 times"),
    "lzma": (zipped({"x.ipynb": b"0" * 10}, zipfile.ZIP_LZMA), "unusual"),
    "bzip2": (zipped({"x.ipynb": b"0" * 10}, zipfile.ZIP_BZIP2), "unusual"),
    "encrypted": (encrypted(zipped({"x.ipynb": b"0" * 10})), "password"),
    "damaged": (zipped({"x.ipynb": b"a" * 100}, zipfile.ZIP_STORED).replace(b"aaa", b"aba"), "damaged"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_zip_made_to_do_harm_is_one_row_and_stops_nobody(tmp_path, name):
    data, told = UNREADABLE[name]
    write(tmp_path, {"harm.zip": data, "honest/x.ipynb": NOTEBOOK, "wrapped.zip": zipped({"harm.zip": data})})
    read, _ = found(tmp_path)
    assert read.pop("honest/x") == NOTEBOOK
    assert len(read) == 2 and all(told in reason for reason in read.values())


def test_members_that_lead_elsewhere_are_left_out(tmp_path):
    names = ["../x.ipynb", "/etc/x.ipynb", "a/../../x.ipynb", "C:\\x.ipynb", "..\\x.ipynb"]
    write(tmp_path, {"a.zip": zipped(dict.fromkeys(names, b"1")), "b.zip": link_member()})
    read, problems = found(tmp_path)
    assert not read and sum("leads out of its zip" in line for line in problems) == 5
    assert "b/l.ipynb: is a link" in "\n".join(problems)


def test_twice_the_same_name_in_a_zip(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x.ipynb", b"1")
        archive.writestr("x.ipynb", b"2")
    write(tmp_path, {"a.zip": made.getvalue()})
    assert found(tmp_path)[0] == {"a/x": b"1", "a/x (2)": b"2"}


def test_no_more_is_read_than_the_limit_and_one(tmp_path):
    write(tmp_path, {"a.ipynb": RANDOM.randbytes(5000), "b.zip": zipped({"x.ipynb": RANDOM.randbytes(5000)})})
    read, _ = found(tmp_path, notebook_bytes=1000)
    assert {name: len(data) for name, data in read.items()} == {"a": 1001, "b/x": 1001}
    write(tmp_path, {"c.zip": zipped({"in.zip": zipped({"x.ipynb": RANDOM.randbytes(5000)})})})
    assert "the most for a zip within a zip" in found(tmp_path, zip_bytes=1000)[0]["c/in"]


def notebooks(count):
    return zipped({f"{number:04}.ipynb": b"" for number in range(count)})


def test_thousands_of_files(tmp_path):
    write(tmp_path, {"alone/many.zip": notebooks(300), "two/many.zip": notebooks(51), "two/t.ipynb": b"1"})
    told = {"many": "is a zip of more than 299 notebooks: none was taken"}
    assert found(tmp_path / "alone", zip_notebooks=299)[0] == told
    assert len(found(tmp_path / "alone")[0]) == len(found(tmp_path / "alone" / "many.zip")[0]) == 300
    read, _ = found(tmp_path / "two")
    assert read.pop("t") == b"1" and "more than 50 notebooks beside others" in read.pop("many") and not read


def test_one_student_s_thousand_files_take_nobody_else_s_place(tmp_path):
    many = zipped({"1.zip": zipped(dict.fromkeys(map(str, range(15)), b"")), "2.zip": notebooks(30)})
    others = {"bob.ipynb": b"1", "zoe/x.ipynb": b"2"}
    write(tmp_path, {"c/adam.zip": many} | {f"c/{name}": others[name] for name in others})
    write(tmp_path, {f"c/carl/{number}.txt": b"" for number in range(50)})
    write(tmp_path, {"class.zip": zipped({"adam.zip": many, **others})})
    for path in (tmp_path / "c", tmp_path / "class.zip"):
        read, problems = found(path, files=20)
        assert read["bob"] == b"1" and read["zoe/x"] == b"2"
        assert "adam: holds more than 20 files: the rest was not looked at" in problems


def test_a_zip_in_a_class_s_zip_is_counted_to_itself(tmp_path):
    others = {f"{number}/x.ipynb": b"1" for number in range(3)}
    write(tmp_path, {"class.zip": zipped({"adam.zip": notebooks(6), "eve.zip": notebooks(4), **others})})
    read, _ = found(tmp_path / "class.zip", zip_notebooks=4, student_notebooks=5)
    assert "more than 5 notebooks" in read.pop("adam") and len(read) == 3 + 4
    assert "more than 2 notebooks" in found(tmp_path / "class.zip", zip_notebooks=2)[0]["class"]


def test_one_student_s_folder_does_not_crowd_the_others_out_of_a_class_s_zip(tmp_path):
    many = {f"hw/adam/{number}.ipynb": b"" for number in range(20)}
    write(tmp_path, {"class.zip": zipped(many | {"hw/bob/x.ipynb": b"1", "hw/zoe.ipynb": b"2"})})
    read, _ = found(tmp_path / "class.zip", zip_notebooks=9, student_notebooks=5)
    assert "a folder of more than 5 notebooks" in read.pop("hw/adam")
    assert read == {"hw/bob/x": b"1", "hw/zoe": b"2"}
    assert len(found(tmp_path / "class.zip", student_notebooks=5)[0]) == 22


def test_the_zips_in_one_student_s_zip_unpack_to_no_more_than_their_room(tmp_path):
    large = zipped({"x.ipynb": RANDOM.randbytes(5000)})
    write(tmp_path, {"a.zip": zipped({"1.zip": large, "2.zip": large}), "b.zip": zipped({"1.zip": large})})
    read, _ = found(tmp_path, unpacked_bytes=8000)
    assert "zips hold more than 0.008 MB" in read["a/2"] and len(read["a/1/x"]) == len(read["b/1/x"]) == 5000


def test_a_zip_in_a_zip_is_unpacked_once_for_all_its_notebooks(tmp_path, monkeypatch):
    inner = zipped({f"{number}.ipynb": bytes([number]) for number in range(20)})
    write(tmp_path, {"a.zip": zipped({"in.zip": inner}), "b.zip": zipped({"in.zip": inner})})
    unpacked, whole = [], archives._unpacked
    monkeypatch.setattr(archives, "_unpacked", lambda *args: unpacked.append(1) or whole(*args))
    read, _ = found(tmp_path)
    assert all(data == bytes([int(name.split("/")[-1])]) for name, data in read.items()) and len(read) == 40
    assert len(unpacked) <= 40 + 4  # each inner zip to look into it, and once more to read it


def test_a_zip_that_was_replaced_is_read_anew(tmp_path):
    write(tmp_path, {"a.zip": zipped({"x.ipynb": b"1"})})
    (submission,), _ = find_submissions([tmp_path])
    assert submission.read() == b"1"
    write(tmp_path, {"b.zip": zipped({"x.ipynb": b"22"})})
    (tmp_path / "b.zip").replace(tmp_path / "a.zip")
    assert submission.read() == b"22"
    (tmp_path / "a.zip").unlink()
    (tmp_path / "a.zip").symlink_to(tmp_path / "b.zip")
    with pytest.raises(Unreadable):
        submission.read()


def test_folders_without_end(tmp_path):
    deep = "a/" * 60
    write(tmp_path, {deep + "x.ipynb": b"1", "b.zip": zipped({deep + "x.ipynb": b"2"}), "y.ipynb": b"3"})
    read, problems = found(tmp_path)
    assert read == {"y": b"3"} and sum("40 folders deep" in line for line in problems) == 2


def test_a_thousand_problems_are_not_a_thousand_lines(tmp_path):
    write(tmp_path, {"a.zip": zipped({f"../{number}.ipynb": b"" for number in range(1000)})})
    write(tmp_path, {"b/report.pdf": b"", "c/x.ipynb": b""})
    problems = found(tmp_path)[1]
    assert len(problems) == 203 and problems[200] == "a: has more such files; they are not named"
    assert problems[201:] == ["a: is a zip that holds no notebook", "b: holds no notebook"]
