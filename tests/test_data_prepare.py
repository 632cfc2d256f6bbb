"""Preparing: the right pixels, a manifest that says all, and no half-written data."""

import builtins
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from data_helpers import everything_under, make_picture, make_tree
from PIL import Image

from course_utils.data import CourseDataError, load_dataset, prepare_tree
from course_utils.data.decode import Undecodable, decode


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


def prepared_in(root):
    """What is prepared under a data root; a hidden folder with what is begun does not count."""
    return [name for name in everything_under(root) if name.startswith("prepared/") and "/." not in name][1:]


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_arrays_hold_the_pictures_in_order(tmp_path):
    tree = make_tree(tmp_path / "tree", ("ant", "bee", "cat"), train=3, val=2, suffix=".png", size=(16, 16))
    folder = prepare_tree(tree, 16)
    data = load_dataset(tree, 16)
    assert isinstance(data.train.images, np.memmap) and not data.train.images.flags.writeable
    assert data.train.images.shape == (9, 3, 16, 16) and data.val.images.shape == (6, 3, 16, 16)
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert data.classes == ("ant", "bee", "cat")
    for split in (data.train, data.val):
        for image, label, file in zip(split.images, split.labels, split.files, strict=True):
            assert file.split("/")[1] == data.classes[label]
            expected = np.asarray(Image.open(tree / file)).transpose(2, 0, 1)
            np.testing.assert_array_equal(image, expected)
    everything = np.asarray(data.train.images) / 255
    np.testing.assert_allclose(data.mean, everything.mean(axis=(0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(data.std, everything.std(axis=(0, 2, 3)), rtol=1e-4)
    assert load_dataset(folder, 16).classes == data.classes


def test_manifest(tmp_path):
    tree = make_tree(tmp_path / "tree", ("n01440764", "n02102040"))
    (tree / "train" / "n01440764" / "notes.txt").write_text("no picture")
    folder = prepare_tree(tree, 8)
    manifest = manifest_of(folder)
    assert manifest["classes"] == ["tench", "English springer"]
    assert manifest["wnids"] == manifest["folders"] == ["n01440764", "n02102040"]
    assert manifest["size"] == 8 and manifest["ignored_files"] == 1 and manifest["left_out"] == []
    assert manifest["splits"]["train"]["per_class"] == {"n01440764": 3, "n02102040": 3}
    for split in ("train", "val"):
        for part in ("images", "labels"):
            written = (folder / f"{split}_{part}.npy").read_bytes()
            assert manifest["splits"][split][f"{part}_sha256"] == hashlib.sha256(written).hexdigest()


@pytest.mark.parametrize("size", [(64, 32), (32, 64), (96, 32), (32, 32)])
def test_resize_rule(tmp_path, size):
    """Resizing the centre square gives what resizing the shorter side and then cropping gives."""
    path = make_picture(tmp_path / "picture.png", size=size)
    picture = Image.open(path)
    smaller = picture.resize((size[0] // 4, size[1] // 4), Image.Resampling.BILINEAR)
    left, top = (smaller.width - 8) // 2, (smaller.height - 8) // 2
    expected = np.asarray(smaller.crop((left, top, left + 8, top + 8))).transpose(2, 0, 1)
    pixels = decode(path, 8)
    assert pixels.dtype == np.uint8
    # PIL rounds between its two passes, and their order may differ: one level at most.
    np.testing.assert_allclose(pixels.astype(int), expected.astype(int), atol=1)


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", ".jpg"), ("RGB", ".png"), ("CMYK", ".jpg"), ("P", ".png"), ("1", ".png")]
)
def test_every_mode_becomes_rgb(tmp_path, mode, suffix):
    pixels = decode(make_picture(tmp_path / f"picture{suffix}", mode=mode), 8)
    assert pixels.shape == (3, 8, 8)
    if mode in ("L", "1"):
        assert (pixels == pixels[:1]).all()


def test_transparency_sixteen_bits_and_exif(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (decode(tmp_path / "clear.png", 8) == 255).all()
    Image.fromarray(np.full((8, 8), 0x8000, dtype=np.uint16)).save(tmp_path / "deep.png")
    assert (decode(tmp_path / "deep.png", 8) == 0x80).all()
    upper_white = np.zeros((8, 8, 3), dtype=np.uint8)
    upper_white[:4] = 255
    upside_down = Image.Exif()
    upside_down[0x0112] = 3
    Image.fromarray(upper_white).save(tmp_path / "turned.png", exif=upside_down)
    assert (decode(tmp_path / "turned.png", 8)[:, 4:] == 255).all()


def test_nothing_is_done_twice_and_changes_are_seen(tmp_path):
    tree = make_tree(tmp_path / "tree")
    folder = prepare_tree(tree, 8)
    first = (folder / "manifest.json").stat().st_mtime_ns
    assert prepare_tree(tree, 8) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == first
    make_picture(tree / "train" / "cat" / "new.png", seed=9)
    with pytest.raises(
        CourseDataError, match=r"have changed since they were prepared\.\nRemedy: course data prep"
    ):
        load_dataset(tree, 8)
    prepare_tree(tree, 8)
    assert len(load_dataset(tree, 8).train) == 7


def test_damaged_arrays_are_made_again(tmp_path):
    tree = make_tree(tmp_path / "tree")
    folder = prepare_tree(tree, 8)
    array = folder / "train_images.npy"
    whole = array.read_bytes()
    array.write_bytes(whole[:-50])
    with pytest.raises(CourseDataError, match="is damaged or incomplete"):
        load_dataset(tree, 8)
    prepare_tree(tree, 8)
    assert array.read_bytes() == whole


def test_undecodable_picture(tmp_path, root):
    tree = make_tree(tmp_path / "tree")
    bad = tree / "val" / "dog" / "dog_1.JPEG"
    bad.write_bytes(bad.read_bytes()[:300])
    with pytest.raises(CourseDataError) as failed:
        prepare_tree(tree, 8)
    said = str(failed.value)
    assert f"The picture {bad} does not decode: " in said
    assert "Nothing was prepared. Replace or delete such files" in said and "--allow-bad" in said
    assert prepared_in(root) == []


def test_allowed_share_is_left_out_and_listed(tmp_path):
    tree = make_tree(tmp_path / "tree", train=8, val=2)  # 20 pictures
    (tree / "train" / "cat" / "cat_3.JPEG").write_bytes(b"not a picture")
    folder = prepare_tree(tree, 8, allow_bad=0.05)
    assert manifest_of(folder)["left_out"] == ["train/cat/cat_3.JPEG"]
    data = load_dataset(tree, 8)
    assert len(data.train) == 15 and data.train.labels.tolist() == [0] * 7 + [1] * 8
    assert "train/cat/cat_3.JPEG" not in data.train.files
    (tree / "val" / "dog" / "dog_0.JPEG").write_bytes(b"")
    with pytest.raises(
        CourseDataError, match=r"2 pictures do not decode:\n.*cat_3.*\n.*dog_0.*At most 1 may be left out"
    ):
        prepare_tree(tree, 8, allow_bad=0.05)
    assert manifest_of(folder)["splits"]["train"]["count"] == 15  # the older data stay as they were


def test_class_whose_pictures_all_fail(tmp_path, root):
    tree = make_tree(tmp_path / "tree", val=1)
    (tree / "val" / "dog" / "dog_0.JPEG").write_bytes(b"not a picture")
    with pytest.raises(CourseDataError, match="No picture of the class folder val/dog decodes"):
        prepare_tree(tree, 8, allow_bad=0.5)
    assert prepared_in(root) == []


def test_reason_does_not_repeat_the_path(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    found = decode(tmp_path / "a.jpg", 8)
    assert isinstance(found, Undecodable) and str(tmp_path) not in found.reason


def remove_split(tree):
    shutil.rmtree(tree / "val")


def pictures_without_classes(tree):
    for split in ("train", "val"):
        for picture in (tree / split).rglob("*.JPEG"):
            picture.rename(tree / split / picture.name)
        for folder in ("cat", "dog"):
            (tree / split / folder).rmdir()


def one_class(tree):
    for split in ("train", "val"):
        shutil.rmtree(tree / split / "dog")


def class_missing_in_val(tree):
    shutil.rmtree(tree / "val" / "dog")


def empty_class(tree):
    for picture in (tree / "train" / "dog").iterdir():
        picture.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            remove_split,
            r"tree holds no train/ and val/ folders; it holds train\.\nWanted: FOLDER/train/CLASS",
        ),
        (pictures_without_classes, r"train has no class folders in it, only 6 files\.\nWanted: "),
        (one_class, r"train has one class folder only, cat: a classifier needs two\.\nWanted: "),
        (class_missing_in_val, r"val lacks the class folder dog that .*train has\.\nWanted: "),
        (empty_class, r"The class folder .*dog holds no pictures .*\nPut pictures there"),
        (shutil.rmtree, r"There is no folder .*tree\. Wanted: "),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tree_of_the_wrong_form(tmp_path, root, spoil, says):
    tree = make_tree(tmp_path / "tree")
    spoil(tree)
    with pytest.raises(CourseDataError, match=says):
        prepare_tree(tree, 8)
    assert everything_under(root) == []


@pytest.mark.parametrize(
    ("size", "allow_bad", "says"), [(4, 0, "8 to 1024 pixels, not 4"), (8, 1, "below 1, not 1")]
)
def test_bad_arguments(tmp_path, size, allow_bad, says):
    with pytest.raises(CourseDataError, match=says):
        prepare_tree(make_tree(tmp_path / "tree"), size, allow_bad=allow_bad)


def test_full_disk_while_writing(tmp_path, root, monkeypatch):
    tree = make_tree(tmp_path / "tree")
    real_open = builtins.open

    class FullAfterTheHeader:
        def __init__(self, file):
            self.file, self.writes = file, 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            self.writes += 1
            if self.writes > 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(data)

    def limited(path, mode="r", *args, **kwargs):
        file = real_open(path, mode, *args, **kwargs)
        return FullAfterTheHeader(file) if str(path).endswith("train_images.npy") and "+" in mode else file

    with monkeypatch.context() as patch, pytest.raises(CourseDataError) as failed:
        patch.setattr(builtins, "open", limited)
        prepare_tree(tree, 8)
    said = str(failed.value)
    assert "The disk is full: no room to write under" in said and str(root) in said and "COURSE_DATA" in said
    assert "is kept in" in said and prepared_in(root) == []
    assert len(load_dataset(prepare_tree(tree, 8), 8).train) == 6  # there is room again


def test_too_little_room_is_said_before_the_work(tmp_path, root, monkeypatch):
    tree = make_tree(tmp_path / "tree")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(
        CourseDataError, match=r"The disk is too full: .* needs about .* MB, and 0 MB are free"
    ):
        prepare_tree(tree, 8)
    assert prepared_in(root) == []


def test_interrupt_leaves_nothing_prepared(tmp_path, root, monkeypatch):
    from course_utils.data import prepare

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "facts", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare_tree(make_tree(tmp_path / "tree"), 8)
    assert prepared_in(root) == []


ON_A_SMALL_DISK = """
import os, pathlib, subprocess, sys
from unittest import mock
sys.path.insert(0, sys.argv[3])
disk, tree = sys.argv[1:3]
def mount(options):
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk]
    return subprocess.run(command, capture_output=True, text=True)
mounted = mount("size=250k")
if mounted.returncode:
    print("SKIP", mounted.stderr.strip())
    raise SystemExit
os.environ["COURSE_DATA"] = disk
from course_utils.data import CourseDataError, arrays, decode, load_dataset, prepare_tree
arrays.CHUNK_PICTURES = 4
prepare_tree(tree, 8)
try:
    with mock.patch("course_utils.data.prepare.require_room"):  # let it run into the end of the disk
        prepare_tree(tree, 64)
except CourseDataError as error:
    print(error)
print("OLD", len(load_dataset(tree, 8).train))
print("LEFT", *[path for path in pathlib.Path(disk).glob("prepared/*/*px") if path.name != "8px"])
assert not mount("remount,size=2m").returncode
decoded = []
def counting(path, *args):
    decoded.append(path)
    return decode.decode(path, *args)
with mock.patch("course_utils.data.arrays.decode", counting):
    folder = prepare_tree(tree, 64)
print("AGAIN", len(decoded))
print("SUM", arrays.sha256(folder / "train_images.npy"))
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("unshare"), reason="Linux with unshare")
def test_a_disk_that_is_really_full(tmp_path):
    """A file system of 250 kB in a mount namespace of its own; the arrays want 370 kB. With more room the
    same call goes on where it was."""
    tree, disk = make_tree(tmp_path / "tree", train=10, val=5, size=(64, 64)), tmp_path / "disk"
    disk.mkdir()
    command = ["unshare", "--map-root-user", "--mount", sys.executable, "-c", ON_A_SMALL_DISK]
    repository = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run([*command, str(disk), str(tree), repository], capture_output=True, text=True)
    if done.stdout.startswith("SKIP") or "unshare" in done.stderr:
        pytest.skip(f"no small file system can be mounted here: {done.stdout or done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The disk is full: no room to write under" in done.stdout, done.stdout + done.stderr
    assert "What is prepared so far is kept in" in done.stdout
    said = dict(line.partition(" ")[::2] for line in done.stdout.splitlines()[-4:])
    assert said["OLD"] == "20" and said["LEFT"] == ""
    assert 0 < int(said["AGAIN"]) < 30
    whole = manifest_of(prepare_tree(tree, 64))["splits"]["train"]["images_sha256"]
    assert said["SUM"] == whole
