"""Batches: what it is not willing to do, and how it says so."""

import numpy as np
import pytest

from course_utils.data import Batches, Split


def noise(count):
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 12, 12), dtype=np.uint8)
    return Split(images, np.arange(count))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"rank": 2, "world": 2}, "rank must be from 0 to world - 1, not 2 of world 2"),
        ({"batch_size": 2, "world": 3}, "batches of 2 are too small to be shared by 3 processes"),
        ({"size": 7}, "size must be whole numbers of pixels from 8, not 7"),
        ({"size": 9.5}, "size must be whole numbers"),
        ({"size": {0: 4}}, "size must be whole numbers"),
        ({"size": {2: 8}}, "from epoch 0 on: {0: side, ...}, not {2: 8}"),
        ({"size": {}}, "from epoch 0 on"),
        ({"crop": "center"}, "crop must be None, \"random\" or \"centre\", not 'center'"),
        ({"crop": "random", "size": 13}, "a crop of 13 pixels is larger than the pictures, 12 by 12"),
        ({"crop": "random", "size": 17, "padding": 2}, "larger than the pictures, 12 by 12 with padding 2"),
        ({"crop": "centre", "size": 8, "padding": 2}, "padding is for crops at random places"),
        ({"padding": -1}, "padding must be a whole number of pixels from 0, not -1"),
        ({"padding": 12}, "padding by reflection must be less than the picture's 12 pixels"),
        ({"zoom": (0.5, 1.2)}, "zoom must be (low, high) with 0 < low <= high <= 1"),
        ({"zoom": (0.0, 1.0)}, "zoom must be (low, high)"),
        ({"zoom": (0.9, 0.5)}, "zoom must be (low, high)"),
        ({"zoom": 0.5}, "zoom must be two shares of area, (low, high), not 0.5"),
        ({"zoom": (0.0001, 1)}, "leaves less than a pixel"),
        ({"zoom": (0.5, 1), "crop": "random", "size": 8}, "choose one"),
        ({"erase": 1.5}, "erase must be a probability from 0 to 1, not 1.5"),
        ({"erase": float("nan")}, "erase must be a probability"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError) as failed:
        Batches(noise(3), **options)
    assert message in str(failed.value)


def test_other_things_that_cannot_be():
    with pytest.raises(ValueError, match=r"images must be uint8 \(N, C, H, W\), not float32 \(2, 1, 8, 8\)"):
        Batches(Split(np.zeros((2, 1, 8, 8), np.float32), np.zeros(2, np.int64)))
    with pytest.raises(ValueError, match="zoom needs square pictures, these are 8 by 9"):
        Batches(Split(np.zeros((2, 1, 8, 9), np.uint8), np.zeros(2, np.int64)), zoom=(0.5, 1))
    loader = Batches(noise(10), 4)
    with pytest.raises(ValueError, match="there is no batch 3: an epoch has 3"):
        loader.batch_length(3)
    with pytest.raises(ValueError, match="no such place in a loader of 3 batches an epoch"):
        loader.load_state_dict({"epoch": 0, "batch": 4})
    with pytest.raises(ValueError, match="rank must be"):
        loader.shard(-1, 2)
