"""One picture file to uint8 pixels: upright, RGB, square. Safe with any file, in bounded memory."""

from __future__ import annotations

import os
import stat
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, features
from PIL import __version__ as pillow_version

# By content, whatever the name says. Others that PIL knows stay out: for EPS it would run another program.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
MAX_BYTES = 2**28  # of a file
MAX_PIXELS = 2**25  # decoded at the same time, by all threads together
MAX_JPEG_PIXELS = 2**27  # in the file: JPEG can be decoded at a half, a quarter or an eighth of its sides
ORIENTATION = 0x0112  # the EXIF tag
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_COMMON = (
    "turned upright by its EXIF tag; transparency over white; grey, palette and CMYK to RGB; of 16 bits the "
    f"upper 8; a JPEG file of more than {MAX_PIXELS:,} pixels decoded at a half, a quarter or an eighth of "
    "its sides; "
)
RULES = {
    "crop": _COMMON + "the shorter side resized to the asked size (PIL bilinear with antialiasing), then the "
    "centre square",
    "squeeze": _COMMON
    + "both sides resized to the asked size (PIL bilinear with antialiasing), whatever the "
    "proportions were",
}


@dataclass(frozen=True)
class Undecodable:
    """A picture that does not decode, and what the decoder said."""

    path: Path
    reason: str


def decode(path, size, resize="crop"):
    """The picture at `path` as uint8 (3, size, size), by RULES[resize]; Undecodable where that fails."""
    try:
        _require_a_file(path)
        with Image.open(path, formats=FORMATS) as image:
            _require_bounds(image)
            with _in_memory(image.width * image.height):
                return _square(image, size, resize)
    except Exception as error:  # PIL's readers raise nearly every class there is when a file is malformed
        # PIL puts the file's whole path in some of its texts; the error says the path already.
        reason = getattr(error, "strerror", None) or str(error).replace(repr(str(path)), "it")
        return Undecodable(path, reason or type(error).__name__)


@contextmanager
def quiet_pillow():
    """No warnings of odd tags in pictures that decode. For the thread that starts the others: what Python
    warns of is decided for all of them at once."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def decoder():
    """What turns files into pixels here: another version may round otherwise."""
    return f"Pillow {pillow_version}, libjpeg {features.version('jpg')}"


def _require_a_file(path):
    """Say what is no ordinary file before it is opened: to open a pipe is to wait for its other end."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in KINDS if test(status.st_mode)), "something else")
        raise ValueError(f"it is {kind}, not a file")
    if status.st_size > MAX_BYTES:
        raise ValueError(f"the file has {status.st_size:,} bytes, more than {MAX_BYTES:,}")


def _require_bounds(image):
    """Refuse a picture of too many pixels before it is decoded; have a large JPEG decoded at a part of its
    size."""
    (width, height), is_jpeg = image.size, image.format in ("JPEG", "MPO")
    if is_jpeg and width * height <= MAX_JPEG_PIXELS:
        part = next(part for part in (1, 2, 4, 8) if width * height <= MAX_PIXELS * part**2)
        if part > 1:
            image.draft(None, (width // part, height // part))
    if image.width * image.height > MAX_PIXELS:
        most = MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS
        raise ValueError(f"{width:,} x {height:,} pixels, more than {most:,} in all: make it smaller")


class _Room:
    def __init__(self, pixels):
        self.free, self.changed = pixels, threading.Condition()


_ROOM = _Room(MAX_PIXELS)


@contextmanager
def _in_memory(pixels):
    """Wait until so many pixels may be decoded beside those that other threads hold."""
    with _ROOM.changed:
        _ROOM.changed.wait_for(lambda: _ROOM.free >= pixels)
        _ROOM.free -= pixels
    try:
        yield
    finally:
        with _ROOM.changed:
            _ROOM.free += pixels
            _ROOM.changed.notify_all()


def _square(image, size, resize):
    image.load()
    turn = TURNS.get(_orientation(image))
    image = _eight_bits(image)
    left, top = 0, 0
    width, height = image.size
    if resize == "crop":
        side = min(image.size)
        left, top, width, height = (image.width - side) / 2, (image.height - side) / 2, side, side
    # To resize the centre square is to resize the shorter side and then crop, without the pixels cut away.
    box = (left, top, left + width, top + height)
    square = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    if turn is not None:
        square = square.transpose(turn)
    if square.mode == "RGBA":
        square = Image.alpha_composite(Image.new("RGBA", square.size, "white"), square)
    return np.asarray(square.convert("RGB")).transpose(2, 0, 1).copy()


def _orientation(image):
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # the pixels are there: a damaged tag says nothing about them
        return None


def _eight_bits(image):
    """`image` in mode L, RGB or RGBA (PIL resizes that one with its colours weighted by their opacity)."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError("its pixels are 32-bit numbers, and it does not say which of them is white")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")
