"""One photograph and seven things that an augmentation makes of it.

Lesson 07. What is drawn depends on the epoch and the place alone, so the slider of the epoch shows what a
training run would see, and going back shows the same pictures again.
"""

import math

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageEnhance

from course_utils.plots.images import to_picture
from course_utils.plots.palette import HERE, TEXT, TITLE

from .pattern import InteractiveFigure, dropdown, slider

SIDE = 112  # pixels of the pictures shown
SEEN = 7
EPOCHS = 20


def augmentation_gallery(image=None) -> InteractiveFigure:
    """Choose an augmentation and its strength; see the original and seven draws.

    image: a photograph in any form that `show_image` takes; its centre square is shown. Without one: a cat.
    """
    picture = _square(image)

    def bound(function):
        return lambda **state: function(picture, **state)

    controls = {
        "kind": dropdown("augmentation", list(KINDS), "random resized crop"),
        "strength": slider("strength (%)", 50, 0, 100, 5),
        "epoch": slider("epoch", 1, 1, EPOCHS),
    }
    return InteractiveFigure(bound(draw), bound(describe), controls)


def _square(image) -> Image.Image:
    if image is None:
        import skimage.data

        image = skimage.data.chelsea()[0:300, 75:375]
    picture = to_picture(image)
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    pixels = np.rint(255 * picture[top : top + side, left : left + side]).astype(np.uint8)
    return Image.fromarray(pixels).resize((2 * SIDE, 2 * SIDE), Image.Resampling.BILINEAR)


def _mirror(picture, strength, rng):
    """Mirrored with a probability of at most one half."""
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < strength / 2 else picture


def _shift(picture, strength, rng):
    """Moved by up to a quarter of its side, by reflection at the border."""
    most = round(picture.width / 4 * strength)
    padded = np.pad(np.asarray(picture), ((most, most), (most, most), (0, 0)), mode="reflect")
    top, left = rng.integers(0, 2 * most + 1, 2)
    return Image.fromarray(padded[top : top + picture.height, left : left + picture.width])


def _crop(picture, strength, rng):
    """A box of an area from 1 - 0.92 strength to 1 of the picture's, resized to the whole."""
    low, reach = 1 - 0.92 * strength, math.log(4 / 3) * min(1.0, 2 * strength)
    for _ in range(20):
        area = rng.uniform(low, 1) * picture.width * picture.height
        ratio = math.exp(rng.uniform(-reach, reach))
        width, height = math.sqrt(area * ratio), math.sqrt(area / ratio)
        if width <= picture.width and height <= picture.height:
            left, top = rng.uniform(0, picture.width - width), rng.uniform(0, picture.height - height)
            box = (left, top, left + width, top + height)
            return picture.resize(picture.size, Image.Resampling.BILINEAR, box=box)
    return picture


def _rotate(picture, strength, rng):
    """Turned by up to 180 degrees either way."""
    return picture.rotate(rng.uniform(-180, 180) * strength, Image.Resampling.BILINEAR)


def _colour(picture, strength, rng):
    """Brightness, contrast and saturation, each times a factor from 1 - 0.9 strength to 1 + 0.9 strength."""
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = change(picture).enhance(rng.uniform(1 - 0.9 * strength, 1 + 0.9 * strength))
    return picture


def _erase(picture, strength, rng):
    """A grey rectangle of up to 40 % of the area."""
    pixels = np.asarray(picture).copy()
    area, ratio = rng.uniform(0.05, 0.4) * strength * pixels.shape[0] ** 2, math.exp(rng.uniform(-1, 1))
    rows, columns = (min(pixels.shape[0], round(math.sqrt(area * each))) for each in (ratio, 1 / ratio))
    top, left = rng.integers(0, pixels.shape[0] - rows + 1), rng.integers(0, pixels.shape[1] - columns + 1)
    pixels[top : top + rows, left : left + columns] = 128
    return Image.fromarray(pixels)


KINDS = {
    "random resized crop": (_crop, "keeps the label as long as the thing is still in the picture"),
    "mirror left to right": (_mirror, "keeps the label of a cat, not of a letter"),
    "shift": (_shift, "keeps most labels"),
    "rotate": (_rotate, "turns a 6 into a 9, and photographs are seldom upside down"),
    "colours": (_colour, "keeps the label unless colour is the label"),
    "erase a box": (_erase, "keeps the label as long as enough is left"),
}


def augmented(picture: Image.Image, kind: str, strength: int, epoch: int, place: int) -> Image.Image:
    """What this epoch shows in this place; the picture itself at strength 0."""
    return KINDS[kind][0](picture, strength / 100, np.random.default_rng([epoch, place]))


def describe(picture, kind: str = "random resized crop", strength: int = 50, epoch: int = 1) -> str:
    """The text alternative of `draw`."""
    return (
        f"A photograph and {SEEN} versions of it in epoch {epoch}: {kind} at {strength} % strength, which "
        f"{KINDS[kind][1]}."
    )


def draw(picture, kind: str = "random resized crop", strength: int = 50, epoch: int = 1) -> Figure:
    """The original, framed, and seven augmented versions."""
    figure = Figure(figsize=(7.8, 4.3))
    axes = figure.subplots(2, 4, gridspec_kw={"left": 0.01, "right": 0.99, "bottom": 0.02, "top": 0.87,
                                              "wspace": 0.04, "hspace": 0.14}).ravel()  # fmt: skip
    figure.suptitle(f"{kind}, {strength} %, epoch {epoch}: {KINDS[kind][1]}", fontsize=TITLE)
    for place, ax in enumerate(axes):
        shown = augmented(picture, kind, strength, epoch, place) if place else picture
        ax.imshow(np.asarray(shown.resize((SIDE, SIDE), Image.Resampling.BILINEAR)), interpolation="nearest")
        ax.set_title(f"draw {place}" if place else "the photograph", fontsize=TEXT, pad=3)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set(visible=not place, color=HERE, linewidth=3)
    return figure
