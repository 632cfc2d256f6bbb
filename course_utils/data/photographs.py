"""The photographs inside the scikit-image wheel, read by path: nothing is ever fetched from the network."""

import importlib.util
from pathlib import Path

import numpy as np

from .errors import CourseDataError
from .sources import PHOTOGRAPHS


def photograph_names():
    """Names that load_photograph knows, sorted."""
    return sorted(PHOTOGRAPHS)


def photograph_path(name):
    """The file of one photograph in the installed scikit-image. Raises CourseDataError."""
    if name not in PHOTOGRAPHS:
        raise CourseDataError(
            f"There is no photograph {name!r}. Choose one of: {', '.join(photograph_names())}."
        )
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.origin:
        raise CourseDataError("scikit-image is not installed. Remedy: pip install scikit-image")
    path = Path(spec.origin).parent / "data" / PHOTOGRAPHS[name].file
    if not path.is_file():
        raise CourseDataError(
            f"The photograph {name!r} is missing: no file {path}.\n"
            "This scikit-image carries no pictures. Remedy: pip install --force-reinstall scikit-image"
        )
    return path


def open_photograph(name, grey=False):
    """One photograph as a PIL image, mode RGB or, where `grey`, L (luma: 0.299 R + 0.587 G + 0.114 B)."""
    from PIL import Image

    with Image.open(photograph_path(name)) as image:
        return image.convert("RGB").convert("L" if grey else "RGB")


def load_photograph(name, size=None, grey=False):
    """One photograph as a float32 tensor (C, H, W) in [0, 1]; C is 1 where `grey`, else 3.

    `size`: None for the picture as it is, an int for its shorter side in pixels, (height, width) for just
    that. Raises CourseDataError for an unknown name, which lists the known ones.
    """
    import torch

    image = open_photograph(name, grey)
    if size is not None:
        image = image.resize(_width_height(image.size, size), _bilinear())
    pixels = np.asarray(image, dtype=np.float32) / 255
    return torch.from_numpy(pixels[None] if grey else pixels.transpose(2, 0, 1).copy())


def _width_height(old, size):
    """(width, height) after resizing a picture of `old` (width, height) to `size`."""
    if isinstance(size, int):
        scale = size / min(old)
        size = round(old[1] * scale), round(old[0] * scale)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size must be a positive int or (height, width), got {size!r}")
    height, width = size
    return width, height


def _bilinear():
    from PIL import Image

    return Image.Resampling.BILINEAR  # PIL widens the filter when it shrinks, so this does not alias
