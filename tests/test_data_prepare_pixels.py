"""Every kind of picture becomes the right pixels: colours, bits, transparency, orientation, resize rule."""

import io

import numpy as np
import pytest
from data_helpers import make_picture, make_tree
from PIL import Image

from course_utils.data import CourseDataError, load_dataset, prepare_tree
from course_utils.data import decode as decoding
from course_utils.data.decode import RULES, Undecodable, decode

RED = (200, 30, 90)


def flat(color, mode="RGB", size=(12, 12)):
    return Image.new(mode, size, color)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def is_color(pixels, color, within=2):
    assert not isinstance(pixels, Undecodable), pixels
    return np.abs(pixels.astype(int) - np.reshape(color, (3, 1, 1))).max() <= within


def deep_rgb_png(path, value):
    """A PNG of 16 bits a channel, which PIL itself cannot write: `value` (3,) uint16 everywhere, 8 by 8."""
    import struct
    import zlib

    row = b"\0" + np.tile(np.array(value, ">u2"), 8).tobytes()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(row * 8))]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in [*chunks, (b"IEND", b"")]:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(data)
    return path


def palette_with_clear_index(path):
    image = flat(RED).quantize(4)
    return saved(path, image, transparency=image.getpixel((0, 0)))


# Of CMYK (0, 255, 255, 0) the inks take away green and blue.
KINDS = {
    "rgb.png": (lambda path: saved(path, flat(RED)), RED),
    "rgb.jpg": (lambda path: saved(path, flat(RED), quality=95), RED),
    "rgb.bmp": (lambda path: saved(path, flat(RED)), RED),
    "rgb.webp": (lambda path: saved(path, flat(RED), lossless=True), RED),
    "rgb.ppm": (lambda path: saved(path, flat(RED)), RED),
    "rgb.gif": (lambda path: saved(path, flat(RED)), RED),
    "grey.jpg": (lambda path: saved(path, flat(77, "L")), (77, 77, 77)),
    "black and white.png": (lambda path: saved(path, flat(1, "1")), (255, 255, 255)),
    "cmyk adobe inverted.jpg": (lambda path: saved(path, flat((0, 255, 255, 0), "CMYK")), (255, 0, 0)),
    "cmyk dark.jpg": (lambda path: saved(path, flat((0, 0, 0, 155), "CMYK")), (100, 100, 100)),
    "cmyk.tif": (lambda path: saved(path, flat((0, 255, 255, 0), "CMYK")), (255, 0, 0)),
    "palette.png": (lambda path: saved(path, flat(RED).quantize(4)), RED),
    "palette clear.png": (palette_with_clear_index, (255, 255, 255)),
    "alpha half.png": (lambda path: saved(path, flat((*RED, 128), "RGBA")), (227, 142, 172)),
    "alpha none.webp": (lambda path: saved(path, flat((*RED, 0), "RGBA"), lossless=True), (255, 255, 255)),
    "grey alpha.png": (lambda path: saved(path, flat((0, 128), "LA")), (127, 127, 127)),
    "grey 16.png": (lambda path: saved(path, Image.fromarray(np.full((9, 9), 0x4D00, np.uint16))), (77,) * 3),
    "grey 16.tif": (lambda path: saved(path, Image.fromarray(np.full((9, 9), 0x4D00, np.uint16))), (77,) * 3),
    "rgb 16.png": (lambda path: deep_rgb_png(path, [257 * level for level in RED]), RED),
    "ycbcr.tif": (lambda path: saved(path, flat(RED).convert("YCbCr"), compression="tiff_lzw"), RED),
    "grey 16.pgm": (
        lambda path: path.write_bytes(b"P5 4 4 65535\n" + np.full(16, 0x4D00, ">u2").tobytes()) and path,
        (77,) * 3,
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_pictures(tmp_path, name):
    make, color = KINDS[name]
    assert is_color(decode(make(tmp_path / name), 8), color)


def test_adobes_mark_does_not_decide_about_cmyk(tmp_path):
    """Without Adobe's marker too the inks are read as Adobe writes them, as browsers do."""
    path = saved(tmp_path / "cmyk.jpg", flat((0, 255, 255, 0), "CMYK"))
    data = path.read_bytes()
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    path.write_bytes(data[:start] + data[start + 2 + length :])
    assert b"Adobe" not in path.read_bytes() and is_color(decode(path, 8), (255, 0, 0))


@pytest.mark.parametrize(("mode", "value"), [("F", 0.5), ("I", 70_000)])
def test_pixels_without_a_known_range_are_refused(tmp_path, mode, value):
    found = decode(saved(tmp_path / "deep.tif", flat(value, mode)), 8)
    assert isinstance(found, Undecodable) and "does not say which of them is white" in found.reason


QUARTERS = np.array([[10, 80], [150, 230]], dtype=np.uint8).repeat(8, 0).repeat(8, 1)  # 16 by 16
# What a viewer shows of QUARTERS stored with each EXIF orientation, its four corners row by row.
SEEN = {
    1: (10, 80, 150, 230),
    2: (80, 10, 230, 150),
    3: (230, 150, 80, 10),
    4: (150, 230, 10, 80),
    5: (10, 150, 80, 230),
    6: (150, 10, 230, 80),
    7: (230, 80, 150, 10),
    8: (80, 230, 10, 150),
}


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("orientation", SEEN)
def test_orientation(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"turned.{suffix}", Image.fromarray(QUARTERS).convert("RGB"), exif=exif)
    grey = decode(path, 16)[0].astype(int)
    corners = grey[3, 3], grey[3, 12], grey[12, 3], grey[12, 12]
    assert np.abs(np.subtract(corners, SEEN[orientation])).max() <= 4


def test_a_damaged_orientation_does_not_cost_the_picture(tmp_path):
    path = saved(tmp_path / "odd.jpg", flat(RED), exif=b"Exif\0\0II*\0\xff\xff\xff\xff\x01")
    assert is_color(decode(path, 8), RED, within=4)


@pytest.mark.parametrize("size", [(96, 32), (32, 96), (32, 32)])
def test_squeeze_keeps_the_whole_picture(tmp_path, size):
    path = make_picture(tmp_path / "wide.png", size=size)
    expected = np.asarray(Image.open(path).resize((8, 8), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    np.testing.assert_array_equal(decode(path, 8, "squeeze"), expected)
    same = np.array_equal(decode(path, 8, "crop"), expected)
    assert same == (size[0] == size[1])


def test_the_resize_rule_is_stated_and_decides_what_is_current(tmp_path, monkeypatch):
    import json

    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    tree = make_tree(tmp_path / "tree", size=(40, 16))
    rules = {}
    for resize in ("crop", "squeeze", "crop"):
        manifest = json.loads((prepare_tree(tree, 8, resize=resize) / "manifest.json").read_text())
        assert manifest["resize"] == resize and manifest["rule"] == RULES[resize]
        rules[resize] = np.array(load_dataset(tree, 8).train.images)
    assert not np.array_equal(rules["crop"], rules["squeeze"])
    with pytest.raises(CourseDataError, match="resize must be one of crop, squeeze, not 'stretch'"):
        prepare_tree(tree, 8, resize="stretch")


def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(tmp_path, monkeypatch):
    path = make_picture(tmp_path / "large.jpg", size=(640, 480), quality=95)
    whole = decode(path, 16).astype(int)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 640 * 480 // 16)
    sides = []
    load = Image.Image.load

    def noting(image):
        sides.append(image.size)
        return load(image)

    monkeypatch.setattr(Image.Image, "load", noting)
    parts = decode(path, 16)
    assert max(sides) == (160, 120) and np.abs(parts - whole).max() <= 3


def test_too_many_pixels(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 99)
    monkeypatch.setattr(decoding, "MAX_JPEG_PIXELS", 99)
    for suffix in ("png", "jpg"):
        found = decode(saved(tmp_path / f"ten.{suffix}", flat(RED, size=(10, 10))), 8)
        assert found.reason == "10 x 10 pixels, more than 99 in all: make it smaller"


def test_threads_share_the_room_for_pixels(tmp_path, monkeypatch):
    """Eight threads, room for one picture: never two in memory, and all are done."""
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(decoding, "_ROOM", decoding._Room(150))
    at_once, most, square = [], [], decoding._square

    def watched(image, *rest):
        at_once.append(image)
        most.append(len(at_once))
        pixels = square(image, *rest)
        at_once.pop()
        return pixels

    monkeypatch.setattr(decoding, "_square", watched)
    path = saved(tmp_path / "ten.png", flat(RED, size=(10, 10)))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: decode(path, 8), range(40)))
    assert all(is_color(pixels, RED) for pixels in found) and max(most) == 1


def test_what_a_file_is_says_its_content(tmp_path):
    png = io.BytesIO()
    flat(RED).save(png, "PNG")
    (tmp_path / "really a png.jpg").write_bytes(png.getvalue())
    assert is_color(decode(tmp_path / "really a png.jpg", 8), RED)
