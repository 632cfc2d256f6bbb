"""One picture file to uint8 pixels: upright, RGB, square."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

RULE = (
    "turned upright by its EXIF tag; transparency over white; grey to RGB; the shorter side resized to the "
    "asked size (PIL bilinear with antialiasing), then the centre square"
)


@dataclass(frozen=True)
class Undecodable:
    """A picture that does not decode, and what the decoder said."""

    path: Path
    reason: str


def decode(path, size):
    """The picture at `path` as uint8 (3, size, size), by RULE; Undecodable where that fails."""
    try:
        with Image.open(path) as image:
            image = as_rgb(ImageOps.exif_transpose(image))
            side = min(image.size)
            left, top = (image.width - side) / 2, (image.height - side) / 2
            # To resize the centre square is to resize the shorter side and then crop, without the pixels cut
            # away.
            box = (left, top, left + side, top + side)
            square = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
            return np.asarray(square).transpose(2, 0, 1).copy()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        # PIL puts the file's whole path in some of its texts; the error says the path already.
        return Undecodable(path, str(error).replace(repr(str(path)), "it") or type(error).__name__)


def as_rgb(image):
    """`image` in mode RGB: 16-bit grey scaled to 8 bits, transparency laid over white."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
