"""Preparing that is killed, damaged or done twice at once ends with the bytes of one that was left alone."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from data_helpers import everything_under, make_picture, make_tree

from course_utils.data import CourseDataError, arrays, decode, load_dataset, prepare_tree
from course_utils.data.roots import one_at_a_time, prepared_folder
from course_utils.data.trees import prepared_name

CHUNK = 4


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    monkeypatch.setattr(arrays, "CHUNK_PICTURES", CHUNK)
    return tmp_path / "root"


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "tree", ("ant", "bee", "cat"), train=8, val=3)  # 24 and 9 pictures


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def whole(tmp_path, tree, monkeypatch):
    """What one undisturbed preparation makes, in another data root."""
    with monkeypatch.context() as patch:
        patch.setenv("COURSE_DATA", str(tmp_path / "undisturbed"))
        return contents(prepare_tree(tree, 16))


def stop_after(monkeypatch, count):
    """Preparing is interrupted when `count` pictures are decoded; returns the names of those that are."""
    names = []

    def decode_some(path, *args):
        if len(names) == count:
            raise KeyboardInterrupt
        names.append(path)
        return decode.decode(path, *args)

    monkeypatch.setattr(arrays, "decode", decode_some)
    return names


def interrupt(tree, monkeypatch, count, **options):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_after(patch, count)
        prepare_tree(tree, 16, workers=1, **options)
    return prepared_folder(prepared_name(tree), 16).parent / ".16px.part"


@pytest.mark.parametrize("count", [0, 3, 5, 17, 24, 27, 32])
def test_interrupted_preparing_goes_on(tree, whole, root, monkeypatch, count):
    interrupt(tree, monkeypatch, count)
    with pytest.raises(CourseDataError, match="are not prepared at 16 pixels"):
        load_dataset(tree, 16)
    names = stop_after(monkeypatch, 1000)
    folder = prepare_tree(tree, 16)
    assert contents(folder) == whole
    assert len(names) <= 33 - (count // CHUNK - 1) * CHUNK  # a chunk and a few of the queue are done again
    assert [path.name for path in folder.parent.iterdir()] == ["16px"]


def cut(data):
    return data[: len(data) // 2]


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("file", ["journal.jsonl", "train_images.npy", "val_images.npy"])
@pytest.mark.parametrize(
    "damage", [cut, flip, lambda _: b"", lambda data: data + b"\0more"], ids=["cut", "flip", "empty", "more"]
)
def test_damage_to_what_was_begun_is_seen(tree, whole, monkeypatch, file, damage):
    part = interrupt(tree, monkeypatch, 31)
    (part / file).write_bytes(damage((part / file).read_bytes()))
    assert contents(prepare_tree(tree, 16)) == whole


@pytest.mark.parametrize("line", ["[]", "{}", '"text"', '{"split": "test"}', '{"split": "train", "bad": 3}'])
def test_a_journal_of_another_form(tree, whole, monkeypatch, line):
    part = interrupt(tree, monkeypatch, 13)
    lines = (part / "journal.jsonl").read_text().splitlines()
    (part / "journal.jsonl").write_text("\n".join([lines[0], line, *lines[1:]]) + "\n")
    assert contents(prepare_tree(tree, 16)) == whole


def test_what_was_begun_of_other_pictures_is_dropped(tree, monkeypatch):
    interrupt(tree, monkeypatch, 20)
    make_picture(tree / "train" / "ant" / "aaa.JPEG", seed=77)
    names = stop_after(monkeypatch, 1000)
    prepare_tree(tree, 16)
    assert len(names) == 34 and len(load_dataset(tree, 16).train) == 25


def test_what_was_begun_by_another_rule_is_dropped(tree, monkeypatch):
    interrupt(tree, monkeypatch, 20, resize="squeeze")
    names = stop_after(monkeypatch, 1000)
    prepare_tree(tree, 16)
    assert len(names) == 33


def test_refused_for_bad_pictures_and_then_allowed(tree, monkeypatch):
    for name in ("ant_1", "cat_7"):
        (tree / "train" / name[:3] / f"{name}.JPEG").write_bytes(b"no picture")
    with pytest.raises(CourseDataError) as failed:
        prepare_tree(tree, 16)
    said = str(failed.value)
    assert "2 pictures do not decode:" in said and "ant_1.JPEG" in said and "cat_7.JPEG" in said
    share = float(said.partition("--allow-bad ")[2].partition(")")[0])
    names = stop_after(monkeypatch, 1000)
    folder = prepare_tree(tree, 16, allow_bad=share)
    assert [name[-10:] for name in names] == ["ant_1.JPEG", "cat_7.JPEG"]  # tried once more, nothing else
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["left_out"] == ["train/ant/ant_1.JPEG", "train/cat/cat_7.JPEG"]
    assert "cannot identify image file" in manifest["left_out_reasons"]["train/cat/cat_7.JPEG"]
    with pytest.raises(CourseDataError, match="2 pictures do not decode"):
        prepare_tree(tree, 16)  # what was allowed then is not allowed now
    assert len(load_dataset(tree, 16).train) == 22


def test_many_bad_pictures_are_counted_and_some_named(tmp_path):
    tree = make_tree(tmp_path / "bad", train=40, val=1)
    for picture in (tree / "train").rglob("*.JPEG"):
        picture.write_bytes(b"no picture")
    with pytest.raises(CourseDataError) as failed:
        prepare_tree(tree, 8)
    assert str(failed.value).count("does not decode") == arrays.NAMED
    assert "pictures do not decode:" in str(failed.value) and "more\nNothing was" in str(failed.value)


def test_a_picture_that_has_been_mended_in_the_meantime(tree, whole, monkeypatch):
    """A file that could not be read, and now can: same name, same size, so the tree looks the same."""
    good = (tree / "train" / "bee" / "bee_3.JPEG").read_bytes()
    (tree / "train" / "bee" / "bee_3.JPEG").write_bytes(b"x" * len(good))
    with pytest.raises(CourseDataError, match=r"bee_3\.JPEG does not decode"):
        prepare_tree(tree, 16)
    (tree / "train" / "bee" / "bee_3.JPEG").write_bytes(good)
    assert contents(prepare_tree(tree, 16)) == whole


PREPARE = """
import sys
from course_utils.data import arrays, prepare_tree
arrays.CHUNK_PICTURES = 4
prepare_tree(sys.argv[1], 16, workers=2)
print("done")
"""


def start(tree):
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE, str(tree)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_killed_at_random_points(tmp_path, tree, whole, monkeypatch):
    """Killed again and again, each time a little after it has begun to write, until it gets to the end."""
    target = prepared_folder(prepared_name(tree), 16)
    part, draw, kills = target.parent / ".16px.part", random.Random(0), 0
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for _ in range(20):
        process = start(tree)
        while not part.exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(draw.random() * 0.05)
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if target.exists():
            assert contents(target) == whole
            shutil.rmtree(target)
    assert kills
    done = start(tree)
    said, errors = done.communicate()
    assert said == "done\n", errors
    assert contents(target) == whole
    assert [path.name for path in target.parent.iterdir()] == ["16px"]


@pytest.mark.parametrize("step", ["unlink", "swap"])
def test_killed_in_the_last_steps(tree, whole, monkeypatch, step):
    from course_utils.data import prepare

    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if step == "swap":
            patch.setattr(prepare, "swap_in", stopped)
        else:
            patch.setattr(type(tree), "unlink", stopped)
        prepare_tree(tree, 16)
    names = stop_after(monkeypatch, 1000)
    assert contents(prepare_tree(tree, 16)) == whole and names == []


def test_leftovers_of_a_killed_process_are_removed(tree, whole):
    target = prepared_folder(prepared_name(tree), 16)
    for name in (
        ".16px-old-abc_1234.tmp/old",
        ".16px-abc_1234.tmp",
        ".16px-b-abc_1234.tmp",
        "16px-mine.tmp",
    ):
        (target.parent / name).mkdir(parents=True)
    assert contents(prepare_tree(tree, 16)) == whole
    kept = sorted(path.name for path in target.parent.iterdir())
    assert kept == [".16px-b-abc_1234.tmp", "16px", "16px-mine.tmp"]


def test_two_processes_at_once(tree, whole, root):
    """Both end well, with the same whole arrays, whichever was first."""
    processes = [start(tree) for _ in range(3)]
    for process in processes:
        said, errors = process.communicate()
        assert said == "done\n" and process.returncode == 0, errors
    assert contents(prepared_folder(prepared_name(tree), 16)) == whole
    assert not [name for name in everything_under(root) if "part" in name or "tmp" in name]


def test_the_second_says_that_it_waits_and_finds_it_done(tree, whole):
    target = prepared_folder(prepared_name(tree), 16)
    with one_at_a_time(target):
        second = start(tree)
        assert "Another process is making" in second.stderr.readline()
        assert second.poll() is None and not target.exists()
    said, errors = second.communicate()
    assert said == "done\n" and "Traceback" not in errors
    assert contents(target) == whole


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_lock_of_a_killed_process_blocks_nobody(tree, whole):
    hold = (
        "import sys, time\nfrom course_utils.data.roots import one_at_a_time, prepared_folder\n"
        "with one_at_a_time(prepared_folder(sys.argv[1], 16)):\n"
        "    print('held', flush=True)\n    time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, prepared_name(tree)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    assert contents(prepare_tree(tree, 16)) == whole


def test_prepared_data_on_a_disk_that_may_not_be_written(tree, root, monkeypatch):
    """A class shares one prepared folder: nothing is written, not even a lock, where all is there."""
    from course_utils.data import prepare

    folder = prepare_tree(tree, 16)
    monkeypatch.setattr(prepare, "one_at_a_time", None)
    before = everything_under(root)
    assert prepare_tree(tree, 16) == folder and everything_under(root) == before


def test_journal_costs_no_second_decoding(tree, monkeypatch):
    names = stop_after(monkeypatch, 1000)
    prepare_tree(tree, 16)
    assert len(names) == len(set(names)) == 33
    assert all(os.path.isabs(name) for name in names)
