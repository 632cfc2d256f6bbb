"""A hundred and more broken inputs: a clear error or a named, counted skip; nothing written outside the
target; no hang; bounded memory."""

import functools
import io
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from data_helpers import WNIDS, everything_under, make_picture, make_tree
from PIL import Image

from course_utils.data import CourseDataError, load_dataset, prepare_tree
from course_utils.data.decode import MAX_BYTES
from course_utils.data.sources import SOURCES
from course_utils.data.unpack import unpack


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


@functools.cache
def encoded(suffix, size=(60, 44), mode="RGB"):
    """A picture with something in it, as bytes."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    file, formats = io.BytesIO(), {"jpg": "JPEG", "tif": "TIFF", "ppm": "PPM"}
    options = {"progressive": True} if suffix == "progressive.jpg" else {}
    suffix = suffix.rpartition(".")[2]
    Image.fromarray(pixels).convert(mode).save(file, formats.get(suffix, suffix.upper()), **options)
    return file.getvalue()


def png(width, height, *chunks, idat=None, depth=8, color=2):
    """A PNG that says it is `width` by `height`, whatever its data are."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), *chunks, (b"IDAT", idat or b""), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data


@functools.cache
def bomb(millions=300):
    """A few hundred kilobytes that unpack to `millions` of bytes."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(millions)) + packer.flush()


def jpeg_of_size(width, height):
    """A JPEG whose header says another size than its data have."""
    data = bytearray(encoded("jpg"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def cut_at(suffix, share):
    data = encoded(suffix)
    return data[: int(len(data) * share)]


def content_cases():
    """{name: bytes of a file that must not become a picture}."""
    cases = {}
    for suffix in ("jpg", "progressive.jpg", "png", "gif", "bmp", "tif", "webp", "ppm"):
        for share in (0.01, 0.1, 0.3, 0.6, 0.9):
            cases[f"cut at {share:.0%}.{suffix}"] = functools.partial(cut_at, suffix, share)
    for name, data in {
        "empty.jpg": b"",
        "one byte.png": b"\xff",
        "zeros.jpg": bytes(5000),
        "noise.jpg": np.random.default_rng(1).bytes(5000),
        "text.jpg": b"This is no picture.\n" * 20,
        "web page.jpg": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "table.jpg": json.dumps({"error": "no such key"}).encode(),
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/tmp/x) (w) file\nshowpage\n",
        "document.jpg": b"%PDF-1.4\n1 0 obj\n",
        "program.png": b"\x7fELF" + bytes(200),
        "archive.jpg": b"PK\x03\x04" + bytes(200),
        "pickle.jpg": b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93.",
        "only a signature.png": b"\x89PNG\r\n\x1a\n",
        "only a signature.jpg": b"\xff\xd8\xff\xe0",
        "only a signature.gif": b"GIF89a",
        "only a signature.webp": b"RIFF\x00\x00\x00\x00WEBP",
        "git lfs pointer.jpg": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
        "symlink as text.jpg": b"../../../etc/passwd",
        "no data.png": png(20, 20),
        "no width.png": png(0, 20),
        "wrong checksum.png": encoded("png")[:20] + b"\0\0\0\1" + encoded("png")[24:],
        "little data.png": png(20, 20, idat=zlib.compress(bytes(30))),
        "odd depth.png": png(20, 20, idat=zlib.compress(bytes(5000)), depth=7),
        "maximum.png": png(2**31 - 1, 2**31 - 1, idat=zlib.compress(bytes(100))),
        "gigapixel.png": png(40_000, 30_000, idat=zlib.compress(bytes(100))),
        "a line.png": png(100_000_000, 1, idat=zlib.compress(bytes(100))),
        "wide.ppm": b"P6 100000 100000 255\n" + bytes(100),
        "negative.ppm": b"P6 -5 5 255\n" + bytes(100),
        "endless digits.ppm": b"P6 " + b"9" * 5000,
        "huge.bmp": encoded("bmp")[:18] + struct.pack("<ii", 2**30, 2**30) + encoded("bmp")[26:],
        "huge.gif": b"GIF89a" + struct.pack("<HH", 65535, 65535) + encoded("gif")[10:30],
        "loop.tif": b"II*\0\x08\0\0\0\x00\x00\x08\0\0\0",
        "far away.tif": b"II*\0\xff\xff\xff\x7f",
    }.items():
        cases[name] = functools.partial(bytes, data)
    cases["huge.jpg"] = functools.partial(jpeg_of_size, 65_500, 65_500)
    cases["flat.jpg"] = functools.partial(jpeg_of_size, 0, 44)
    cases["idat bomb of many pixels.png"] = lambda: png(10_000, 10_000, idat=bomb())
    return cases


CONTENT = content_cases()


def place(tree, name, data):
    """One file more among the training cats, 1 of 11 pictures."""
    path = tree / "train" / "cat" / name
    path.write_bytes(data)
    return path


def snapshot(folder):
    """Names and bytes of all that lies under `folder` beside the data root."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if "root" not in path.relative_to(folder).parts:
            found[str(path)] = path.read_bytes() if path.is_file() and path.stat().st_size < 2**20 else None
    return found


def is_named_and_counted(tree, bad, reason=""):
    """Refused with its name and a reason; left out, named and counted when a share is allowed."""
    before = snapshot(tree.parent)
    with pytest.raises(CourseDataError) as failed:
        prepare_tree(tree, 8)
    said = str(failed.value)
    assert f"{bad} does not decode: " in said and reason in said and "--allow-bad" in said
    manifest = json.loads((prepare_tree(tree, 8, allow_bad=0.2) / "manifest.json").read_text())
    assert manifest["left_out"] == [f"train/cat/{Path(bad).name}"]
    (why,) = manifest["left_out_reasons"].values()
    assert why and reason in why and str(tree) not in why
    assert len(load_dataset(tree, 8).train) == 6 and snapshot(tree.parent) == before


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "work" / "tree", suffix=".png")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", CONTENT)
def test_files_that_are_no_pictures(tree, name):
    is_named_and_counted(tree, place(tree, name, CONTENT[name]()))


def test_there_are_a_hundred_of_them():
    others = len(NO_FILES) + len(NAMES) + len(MEMBERS) + len(BOMBS) + len(TREES)
    assert len(CONTENT) + others >= 100 and len({case() for case in CONTENT.values()}) >= len(CONTENT) - 2


def fifo(path):
    os.mkfifo(path)


def unix_socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)
    finally:
        os.chdir(here)


def device(path):
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero never ends
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")


def link_to(target):
    return lambda path: path.symlink_to(target)


def unreadable(path):
    path.write_bytes(encoded("png"))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")


def enormous(path):
    with open(path, "wb") as file:
        file.write(b"RIFF\xff\xff\xff\xffWEBPVP8 ")
        file.truncate(MAX_BYTES + 1)  # a file with a hole: it takes no room


NO_FILES = {
    "pipe": (fifo, "it is a pipe, not a file"),
    "socket": (unix_socket, "it is a socket, not a file"),
    "device": (device, "it is a device, not a file"),
    "link to a device": (link_to("/dev/zero"), "it is a device, not a file"),
    "folder": (lambda path: path.mkdir(), "it is a folder, not a file"),
    "full folder": (lambda path: make_picture(path / "inner.png"), "it is a folder, not a file"),
    "link to nothing": (link_to("nowhere.png"), "No such file or directory"),
    "link to itself": (link_to("odd.png"), "symbolic links"),
    "link to a folder": (link_to("."), "it is a folder, not a file"),
    "unreadable": (unreadable, "Permission denied"),
    "enormous": (enormous, f"more than {MAX_BYTES:,}"),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes and sockets among files")
@pytest.mark.parametrize("kind", NO_FILES)
def test_things_that_are_no_files(tree, kind):
    make, reason = NO_FILES[kind]
    path = tree / "train" / "cat" / "odd.png"
    make(path)
    is_named_and_counted(tree, path, reason)


def test_a_file_that_the_system_does_not_let_us_read(tree, monkeypatch):
    """As `unreadable`, for those who may read everything."""
    from course_utils.data import decode

    path, real = place(tree, "secret.png", encoded("png")), decode.Image.open

    def refusing(name, *args, **kwargs):
        if str(name).endswith("secret.png"):
            raise PermissionError(13, "Permission denied", str(name))
        return real(name, *args, **kwargs)

    monkeypatch.setattr(decode.Image, "open", refusing)
    is_named_and_counted(tree, path, "Permission denied")


def test_a_folder_that_may_not_be_listed(tree, root, monkeypatch):
    from course_utils.data import layouts

    def refusing(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(layouts.os, "scandir", refusing)
    with pytest.raises(CourseDataError, match=r"Cannot read the folder .*tree: Permission denied"):
        prepare_tree(tree, 8)
    assert not root.exists()


def test_links_to_pictures_are_followed(tree, tmp_path):
    elsewhere = make_picture(tmp_path / "elsewhere" / "cat.png", size=(8, 8))
    (tree / "train" / "cat" / "linked.png").symlink_to(elsewhere)
    make_picture(tmp_path / "elsewhere" / "birds" / "bird.png")
    for split in ("train", "val"):
        (tree / split / "emu").symlink_to(tmp_path / "elsewhere" / "birds")
    prepare_tree(tree, 8)
    data = load_dataset(tree, 8)
    assert data.classes == ("cat", "dog", "emu")
    image = data.train.images[data.train.files.index("train/cat/linked.png")]
    np.testing.assert_array_equal(image, np.asarray(Image.open(elsewhere)).transpose(2, 0, 1))


NAMES = (
    "猫的照片.png",
    "кот.png",
    "قط.png",
    "🐈‍⬛.png",
    "a b  c.png",
    " leading and trailing .png",
    "line\nend.png",
    "tab\there.png",
    "escape\x1b[31m.png",
    "quote'\".png",
    "percent%s {braces}.png",
    "-rf.png",
    "~.png",
    "$(HOME).png",
    "a" * 240 + ".png",
    "UPPER.PNG",
    "two.dots.tar.png",
    "\udcff\udcfe.png",  # bytes that are no UTF-8
)


def odd_name(name):
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        pytest.skip("such a name cannot be written here")
    return name


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_odd_names_of_pictures_and_classes(tree, name, capsys):
    from course_utils import cli

    name = odd_name(name)
    for split in ("train", "val"):
        make_picture(tree / split / name.rpartition(".")[0] / "0.png")
    try:
        path = place(tree, name, encoded("png"))
    except OSError as error:
        pytest.skip(f"such a name cannot be written here: {error}")
    assert cli.main(["data", "prepare", str(tree), "--size", "8"]) == 0
    data = load_dataset(tree, 8)
    assert f"train/cat/{name}" in data.train.files and name.rpartition(".")[0] in data.classes
    path.write_bytes(b"no picture")
    assert cli.main(["data", "prepare", str(tree), "--size", "8"]) != 0
    said = capsys.readouterr().err
    assert "does not decode: cannot identify" in said and "\x1b" not in said and "\udcff" not in said
    assert len(said.splitlines()) == 2


def no_classes(tree):
    for split in ("train", "val"):
        shutil.rmtree(tree / split)
        (tree / split).mkdir()


def empty_split(tree):
    shutil.rmtree(tree / "val")
    (tree / "val").mkdir()


def empty_class(tree):
    (tree / "train" / "emu").mkdir()
    make_picture(tree / "val" / "emu" / "0.png")


def class_of_other_files(tree):
    for split in ("train", "val"):
        (tree / split / "emu").mkdir()
        (tree / split / "emu" / "notes.txt").write_text("no picture")


def class_is_a_file(tree):
    shutil.rmtree(tree / "val" / "dog")
    (tree / "val" / "dog").write_text("no folder")


def one_class(tree):
    for split in ("train", "val"):
        shutil.rmtree(tree / split / "dog")


def other_case(tree):
    (tree / "val" / "dog").rename(tree / "val" / "Dogs")


def split_is_a_file(tree):
    shutil.rmtree(tree / "val")
    (tree / "val").write_text("no folder")


def only_a_file(tree):
    shutil.rmtree(tree)
    tree.write_text("no folder")


def nothing(tree):
    shutil.rmtree(tree)
    tree.mkdir()


def broken_class_link(tree):
    shutil.rmtree(tree / "val" / "dog")
    (tree / "val" / "dog").symlink_to("nowhere")


TREES = {
    no_classes: "train has no class folders in it, only 0 files",
    empty_split: "val has no class folders in it, only 0 files",
    empty_class: "The class folder .*train.emu holds no pictures",
    class_of_other_files: "The class folder .*train.emu holds no pictures",
    class_is_a_file: "val lacks the class folder dog that .*train has",
    broken_class_link: "val lacks the class folder dog that .*train has",
    one_class: "has one class folder only, cat",
    other_case: "val lacks the class folder dog that .*train has",
    split_is_a_file: "holds no train/ and val/ folders; it holds train",
    only_a_file: "There is no folder .*tree",
    nothing: "holds no train/ and val/ folders; it holds nothing",
}


@pytest.mark.parametrize("spoil", TREES, ids=lambda spoil: spoil.__name__)
def test_trees_that_are_none(tree, root, spoil):
    spoil(tree)
    with pytest.raises(CourseDataError, match=TREES[spoil]):
        prepare_tree(tree, 8)
    assert not root.exists()


def member(name, kind=tarfile.REGTYPE, target="", size=0, **numbers):
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, target, size
    for key, value in numbers.items():
        setattr(found, key, value)
    return found


MEMBERS = {
    "parent": member("../escaped.txt"),
    "deep parent": member("imagenette2-160/train/../../../escaped.txt"),
    "dots": member("imagenette2-160/../.."),
    "link": member("imagenette2-160/train/link.JPEG", tarfile.SYMTYPE, "../val"),
    "link out": member("imagenette2-160/link", tarfile.SYMTYPE, "../../../../escaped.txt"),
    "absolute link": member("imagenette2-160/link", tarfile.SYMTYPE, "/etc/passwd"),
    "link to home": member("imagenette2-160/link", tarfile.SYMTYPE, "~/escaped.txt"),
    "hard link": member("imagenette2-160/hard", tarfile.LNKTYPE, "imagenette2-160/hard"),
    "hard link out": member("imagenette2-160/hard", tarfile.LNKTYPE, "../../escaped.txt"),
    "absolute hard link": member("imagenette2-160/hard", tarfile.LNKTYPE, "/etc/passwd"),
    "pipe": member("imagenette2-160/train/pipe.JPEG", tarfile.FIFOTYPE),
    "character device": member("imagenette2-160/zero.JPEG", tarfile.CHRTYPE, devmajor=1, devminor=5),
    "block device": member("imagenette2-160/disk.JPEG", tarfile.BLKTYPE, devmajor=8, devminor=0),
    "bomb": member("imagenette2-160/bomb.JPEG", size=2**40),
}


def imagenette_with(path, extra):
    """A small archive in the right form with one member more at its end, of which only the header is true."""
    with tarfile.open(path, "w:gz") as tar:
        for split in ("train", "val"):
            for wnid in WNIDS:
                picture = tarfile.TarInfo(f"imagenette2-160/{split}/{wnid}/0.png")
                picture.size = len(encoded("png"))
                tar.addfile(picture, io.BytesIO(encoded("png")))
        tar.addfile(extra)
    return path


@pytest.mark.parametrize("kind", MEMBERS)
def test_members_of_archives(tmp_path, root, kind):
    archive = imagenette_with(tmp_path / "hostile.tgz", MEMBERS[kind])
    before = everything_under(tmp_path)
    with pytest.raises(CourseDataError) as failed:
        unpack(SOURCES["imagenette"], archive, official=False)
    assert str(archive) in str(failed.value)
    assert "was not unpacked" in str(failed.value) and "official place" in str(failed.value)
    assert everything_under(tmp_path) == sorted([*before, "root", "root/raw"])


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("first", [True, False])
def test_bombs_in_the_headers_of_archives(tmp_path, root, kind, first):
    """tarfile would read such a header into memory, however long it says that it is."""
    header = member("bomb", kind, size=2**40).tobuf(tarfile.GNU_FORMAT)
    before = imagenette_with(tmp_path / "good.tar", member("end")).read_bytes()
    with tarfile.open(tmp_path / "good.tar") as tar:
        tar.getmembers()
        plain = tar.fileobj
        plain.seek(0)
        members = plain.read(tar.offset - tarfile.BLOCKSIZE)
    archive = tmp_path / "bomb.tar"
    archive.write_bytes(header + members if first else members + header + bytes(10_000))
    with pytest.raises(CourseDataError, match=r"(?s)bomb\.tar .*a header of 1,099,511,627,776 bytes"):
        unpack(SOURCES["imagenette"], archive, official=False)
    assert before and everything_under(root) == ["raw"]


def test_absolute_names_in_archives_stay_inside(tmp_path):
    outside = tmp_path / "escaped.JPEG"
    archive = imagenette_with(tmp_path / "absolute.tgz", member(str(outside)))
    unpacked = []
    try:
        unpacked.append(unpack(SOURCES["imagenette"], archive, official=False))
    except CourseDataError as error:
        assert str(archive) in str(error)
    assert not outside.exists()


BOMBS = {
    "profile": lambda: png(20, 20, (b"iCCP", b"icc\0\0" + bomb()), idat=zlib.compress(bytes(1220))),
    "text": lambda: png(20, 20, (b"zTXt", b"Comment\0\0" + bomb()), idat=zlib.compress(bytes(1220))),
    "international text": lambda: png(
        20, 20, (b"iTXt", b"Comment\0\1\0\0\0" + bomb()), idat=zlib.compress(bytes(1220))
    ),
    "many texts": lambda: png(
        20, 20, *[(b"zTXt", b"Comment\0\0" + bomb(1))] * 200, idat=zlib.compress(bytes(1220))
    ),
    "pixels": lambda: png(20, 20, idat=bomb()),
    "pixels as many as it says": lambda: png(14_000, 7_000, idat=bomb()),
    "as many as are read of a JPEG": lambda: jpeg_of_size(11_000, 11_000),
    "as many as are read": lambda: png(5_700, 5_700, idat=bomb(100)),
}

MEASURE = r"""
import re, sys
from course_utils.data.decode import decode, Undecodable
def most():
    return int(re.search(r"VmHWM:\s*(\d+) kB", open("/proc/self/status").read())[1]) // 1024
decode(sys.argv[1], 8)  # loads PIL's readers
before = most()
for path in sys.argv[2:]:
    found = decode(path, 8)
    print(most() - before, found.reason if isinstance(found, Undecodable) else found.shape)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read as Linux counts it")
def test_bombs_explode_within_bounds(tmp_path):
    """Hundreds of megabytes in small files: each is refused or read, in at most the memory of the most pixels
    that are read at all (4 bytes each)."""
    paths = [tmp_path / "first.png"]
    paths[0].write_bytes(encoded("png"))
    for name, make in BOMBS.items():
        paths.append(tmp_path / f"{name}.png")
        paths[-1].write_bytes(make())
        assert paths[-1].stat().st_size < 2**20
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURE, *paths], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    seen = dict(zip(BOMBS, done.stdout.splitlines(), strict=True))
    for name, line in seen.items():
        limit = 100 if "as many" not in name else 300
        assert int(line.split()[0]) < limit, (name, line)
    assert "Decompressed data too large" in seen["text"] or "(3, 8, 8)" in seen["text"]
    assert "more than 33,554,432 in all" in seen["pixels as many as it says"]
    assert "(3, 8, 8)" in seen["as many as are read"]
