"""Photo patches: which of sixteen photographs is this small square from? Real pictures, no network, ready at
once.

The training patches come from the left 65 % of each photograph and the validation patches from the right 30
%, so no pixel is in both. What a network can use is what the two sides share: texture, strokes, the scale of
things. Two steps take away what would make the question too easy for a model that only weighs single pixels:
each patch is brought to the same mean brightness (its contrast stays), and is mirrored left to right with
probability one half.
"""

import numpy as np

from .datasets import ImageDataset, Split, channel_statistics
from .errors import CourseDataError
from .photographs import open_photograph

CLASSES = (
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble",
    "tissue",
    "moon",
    "motorcycle",
    "page",
    "retina",
    "rocket",
    "handwriting",
)
TRAIN_SHARE = 0.65  # of the width, from the left
VAL_START = 0.70  # of the width, to the right edge: the strip between keeps the two apart
SHORTER_SIDE = (
    512  # larger photographs are brought down to this, so that all show their things at a like scale
)
LEAST_CONTRAST = 4.0  # standard deviation in grey levels: patches of bare sky or black border are drawn again
MOST_DRAWS = 200  # for one patch; then the flat one is taken
GREY = 128.0


def load_photo_patches(size=32, grey=True, train_per_class=400, val_per_class=100, seed=0):
    """An ImageDataset of 16 classes; images uint8 (N, 1 or 3, size, size), the same for the same `seed`.

    `size` up to 96 pixels. In colour (`grey=False`) the hue alone gives much away: six of the photographs are
    grey. Built in lesson 06.
    """
    if not 8 <= size <= 96:
        raise CourseDataError(
            f"Photo patches can be 8 to 96 pixels wide, not {size}: the photographs are small. "
            "Choose a size in that range, or a larger data set (`course data list`)."
        )
    if min(train_per_class, val_per_class) < 1:
        raise CourseDataError(
            f"Photo patches need at least one image a class, not {train_per_class} and {val_per_class}."
        )
    train, val = [], []
    for label, name in enumerate(CLASSES):
        pixels = _photograph(name, grey)
        left, right = split_columns(pixels.shape[1])
        # One stream a class and split: asking for more validation patches leaves the training patches as they
        # are.
        train.append(
            _patches(pixels[:, left], train_per_class, size, np.random.default_rng([seed, label, 0]))
        )
        val.append(_patches(pixels[:, right], val_per_class, size, np.random.default_rng([seed, label, 1])))
    images = np.concatenate(train)
    mean, std = channel_statistics(images)
    return ImageDataset(
        "photo_patches",
        CLASSES,
        Split(images, np.repeat(np.arange(len(CLASSES)), train_per_class)),
        Split(np.concatenate(val), np.repeat(np.arange(len(CLASSES)), val_per_class)),
        mean,
        std,
    )


def split_columns(width):
    """The columns (slices) of a photograph that training and validation patches come from."""
    return slice(0, int(TRAIN_SHARE * width)), slice(int(np.ceil(VAL_START * width)), width)


def _photograph(name, grey):
    """One photograph as float32 (H, W, C) in 0..255, its shorter side at most SHORTER_SIDE."""
    image = open_photograph(name, grey)
    if min(image.size) > SHORTER_SIDE:
        factor = SHORTER_SIDE / min(image.size)
        image = image.resize(tuple(round(side * factor) for side in image.size))
    pixels = np.asarray(image, dtype=np.float32)
    return pixels[..., None] if grey else pixels


def _patches(pixels, count, size, rng):
    """`count` patches uint8 (count, C, size, size) at random places of float32 `pixels` (H, W, C)."""
    height, width, channels = pixels.shape
    patches = np.empty((count, channels, size, size), dtype=np.uint8)
    for index in range(count):
        for _ in range(MOST_DRAWS):
            y, x = rng.integers(height - size + 1), rng.integers(width - size + 1)
            patch = pixels[y : y + size, x : x + size]
            if patch.std() >= LEAST_CONTRAST:
                break
        patch = patch - patch.mean() + GREY  # one shift for all channels: the hue stays
        if rng.random() < 0.5:
            patch = patch[:, ::-1]
        patches[index] = np.clip(np.rint(patch), 0, 255).transpose(2, 0, 1)
    return patches
