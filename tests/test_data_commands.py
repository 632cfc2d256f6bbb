"""`course data`, from the command line to data that load."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from data_helpers import REAL_ARCHIVE, everything_under, make_imagenette, make_tree

from course_utils import cli
from course_utils.data import load_dataset


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


def test_list_shows_terms_and_state(tmp_path, capsys):
    assert cli.main(["data", "list"]) == 0
    said = capsys.readouterr().out
    assert "imagenette: 9,469 training and 3,925 validation photographs" in said
    assert "no: course data get imagenette\n" in said and "non-commercial research" in said
    assert "e793b78cc4c9e9a4ccc0c1155377a412" in said
    assert "not stated in the scikit-image documentation: moon, motorcycle, page" in said
    cli.main(["data", "get", "imagenette", "--from", str(make_imagenette(tmp_path)), "--size", "8", "16"])
    cli.main(["data", "prepare", str(make_tree(tmp_path / "mine"))])
    capsys.readouterr()
    cli.main(["data", "list"])
    said = capsys.readouterr().out
    assert "prepared at 8, 16 px" in said and "your own pictures, prepared at 64 px" in said


def test_get_prepares_at_64_pixels_and_says_whose_archive_it_is(tmp_path, root, capsys):
    archive = make_imagenette(tmp_path)
    assert cli.main(["data", "get", "imagenette", "--from", archive.as_uri()]) == 0
    said = capsys.readouterr().out
    assert "has the right form; its md5 is" in said and "It is not the official archive" in said
    assert "Terms: ImageNet's terms" in said and "64 px: 30 training and 20 validation" in said
    assert load_dataset("auto", 64).name == "imagenette"
    assert archive.is_file()  # the learner's own file stays
    shutil.move(archive, tmp_path / "away.tgz")
    assert cli.main(["data", "get", "imagenette", "--size", "32"]) == 0  # from what is unpacked: no network
    assert load_dataset("imagenette", 32).size == 32


def test_another_archive_makes_older_sizes_go(tmp_path, root):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    cli.main(
        ["data", "get", "imagenette", "--from", str(make_imagenette(tmp_path / "a")), "--size", "8", "16"]
    )
    cli.main(
        ["data", "get", "imagenette", "--from", str(make_imagenette(tmp_path / "b", train=4)), "--size", "8"]
    )
    assert [path.name for path in (root / "prepared" / "imagenette").iterdir()] == ["8px"]
    assert len(load_dataset("imagenette", 8).train) == 40


def test_prepare_own_pictures(tmp_path, capsys):
    tree = make_tree(tmp_path / "my pictures")
    (tree / "train" / "cat" / "cat_0.JPEG").write_bytes(b"not a picture")
    assert cli.main(["data", "prepare", str(tree), "--size", "16"]) != 0
    assert "cat_0.JPEG does not decode" in capsys.readouterr().err
    assert cli.main(["data", "prepare", str(tree), "--size", "16", "--allow-bad", "0.2"]) == 0
    assert "1 left out that do not decode" in capsys.readouterr().out
    assert len(load_dataset(str(tree), 16).train) == 5


def test_pictures_left_out_are_named_and_counted(tmp_path, capsys):
    tree = make_tree(tmp_path / "mine", train=20)
    for index in range(12):
        (tree / "train" / "cat" / f"cat_{index}.JPEG").write_bytes(b"not a picture")
    assert cli.main(["data", "prepare", str(tree), "--size", "8", "--allow-bad", "0.3"]) == 0
    said = capsys.readouterr().out
    assert "12 left out that do not decode" in said and "and 2 more; manifest.json names them all" in said
    assert "left out train/cat/cat_0.JPEG: cannot identify image file it" in said


def test_two_at_once(tmp_path, root):
    archive = make_imagenette(tmp_path)
    command = [sys.executable, "-m", "course_utils.cli", "data", "get", "imagenette", "--size", "8", "--from"]
    processes = [
        subprocess.Popen([*command, str(archive)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        said, errors = process.communicate()
        assert process.returncode == 0, errors
        assert "8 px: 30 training and 20 validation pictures" in said
    assert [path.name for path in (root / "raw").iterdir()] == ["imagenette"]
    assert [path.name for path in (root / "prepared" / "imagenette").iterdir()] == ["8px"]
    assert len(load_dataset("imagenette", 8).train) == 30


def test_where(tmp_path, root, capsys):
    cli.main(["data", "where"])
    assert capsys.readouterr().out == f"{root}\n"
    cli.main(["data", "get", "imagenette", "--from", str(make_imagenette(tmp_path)), "--size", "8"])
    capsys.readouterr()
    cli.main(["data", "where"])
    assert f"imagenette at 8 px: {root / 'prepared' / 'imagenette' / '8px'}" in capsys.readouterr().out


def test_where_without_course_data(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_DATA")
    cli.main(["data", "where"])
    assert capsys.readouterr().out.splitlines()[0].rstrip().endswith("imagenet-course")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["get", "imagenet"], "There is no source 'imagenet'. Choose one of: photo_patches, imagenette"),
        (["get", "imagenette", "--from", "missing.tgz"], "There is no archive missing.tgz"),
        (["prepare", "imagenette"], "imagenette is not here yet. Remedy: course data get imagenette"),
        (["prepare", "missing"], "There is no folder missing. Wanted: FOLDER/train/CLASS"),
    ],
)
def test_mistakes(words, says, root, capsys):
    assert cli.main(["data", *words]) != 0
    said = capsys.readouterr()
    assert says in said.err and "Traceback" not in said.err
    assert everything_under(root) == []


@pytest.mark.parametrize("verb", ["get", "prepare"])
def test_photo_patches_need_nothing(verb, capsys):
    assert cli.main(["data", verb, "photo_patches"]) == 0
    assert capsys.readouterr().out.startswith("photo_patches ")


def test_too_little_room_is_said_before_the_download(root, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 10**8))
    assert cli.main(["data", "get", "imagenette"]) != 0
    assert "needs about 297 MB, and 100 MB are free" in capsys.readouterr().err
    assert everything_under(root) == []


PEAK = r"""
import re, sys
from course_utils.cli import main
code = main(["data", "get", "imagenette", "--from", sys.argv[1]])
# Not getrusage: its peak is inherited from the process that started this one.
print("PEAK", re.search(r"VmHWM:\s*(\d+) kB", open("/proc/self/status").read())[1])
raise SystemExit(code)
"""


@pytest.mark.skipif(not REAL_ARCHIVE.is_file(), reason=f"the real archive is not at {REAL_ARCHIVE}")
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read as Linux counts it, in kB")
def test_the_real_archive():
    done = subprocess.run([sys.executable, "-c", PEAK, str(REAL_ARCHIVE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "64 px: 9,469 training and 3,925 validation pictures of 10 classes" in done.stdout
    assert int(done.stdout.split("PEAK")[1]) < 500_000
    data = load_dataset("auto", 64)
    assert data.name == "imagenette" and data.classes[-1] == "parachute"
    assert data.train.images.shape == (9469, 3, 64, 64) and data.val.images.shape == (3925, 3, 64, 64)
    assert np.bincount(data.train.labels).sum() == 9469 and set(np.unique(data.val.labels)) == set(range(10))
    # ImageNet's own channel means are 0.485, 0.456, 0.406: these photographs cannot be far from them.
    np.testing.assert_allclose(data.mean, [0.485, 0.456, 0.406], atol=0.04)
    of_imagenets_validation = sum("ILSVRC2012_val_" in file for file in data.train.files + data.val.files)
    assert of_imagenets_validation == 500
