"""Batches: each image against the stored picture that it was cut from, by brute force."""

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from course_utils.data import Batches, Split
from course_utils.data.augmentation import draw_erased
from course_utils.data.cutting import reflect
from course_utils.data.finishing import erase_by_mask, erase_by_slices


def noise(count, side=12, channels=3):
    shape = (count, channels, side, side)
    return Split(np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8), np.arange(count))


def grey_levels(images):
    """float32 from 0 to 1 as uint8, exactly."""
    levels = (images * 255).round()
    assert torch.equal(levels / 255, images)
    return levels.numpy().astype(np.uint8)


def places(window, picture, padding=0):
    """Where in the grown picture this window (C, h, w) lies: [(top, left, mirrored), ...]."""
    edges = (padding, padding)
    grown = np.pad(picture, ((0, 0), edges, edges), mode="reflect")
    found = []
    for mirrored in (False, True):
        wanted = window[:, :, ::-1] if mirrored else window
        windows = sliding_window_view(grown, window.shape)[0]  # (tops, lefts, C, h, w)
        same = (windows == wanted).all(axis=(2, 3, 4))
        found += [(int(top), int(left), mirrored) for top, left in np.argwhere(same)]
    return found


def found_places(loader, padding=0):
    """The one place of each image of a pass."""
    found = []
    for images, labels in loader:
        for window, label in zip(grey_levels(images), labels.tolist(), strict=True):
            (place,) = places(window, loader.split.images[label], padding)
            found.append(place)
    return found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize(
    ("options", "padding", "reach"),
    [
        ({"size": 8, "crop": "random", "flip": True}, 0, 4),
        ({"padding": 3, "flip": True}, 3, 6),
        ({"size": 9, "crop": "random", "padding": 2}, 2, 7),
        ({"size": 14, "crop": "random", "padding": 2}, 2, 2),
    ],
)
def test_every_crop_is_a_window_of_its_picture_and_all_places_come(
    options, padding, reach, resident, channels
):
    loader = Batches(noise(300, channels=channels), 64, True, **options, resident=resident)
    found = found_places(loader, padding)
    tops, lefts, mirrored = (np.array(column) for column in zip(*found, strict=True))
    assert set(tops) == set(lefts) == set(range(reach + 1))
    assert len(set(zip(tops, lefts, strict=True))) > reach + 1  # drawn apart, not along the diagonal
    # 300 draws with probability 1/2 lie within 5 standard deviations (43) of 150.
    assert (107 < mirrored.sum() < 193) if options.get("flip") else not mirrored.any()


def test_centre_crops_and_whole_pictures():
    assert set(found_places(Batches(noise(20), 8, size=8, crop="centre"))) == {(2, 2, False)}
    assert set(found_places(Batches(noise(20), 8))) == {(0, 0, False)}


def test_reflection_is_numpys():
    for length in (2, 3, 8):
        padding = length - 1
        wanted = np.pad(np.arange(length), padding, mode="reflect")
        np.testing.assert_array_equal(reflect(np.arange(-padding, length + padding), length), wanted)


def resized(picture, size):
    """(C, h, w) -> (C, size, size) by Pillow's antialiased bilinear filter."""
    return np.stack([Image.fromarray(c).resize((size, size), Image.Resampling.BILINEAR) for c in picture])


@pytest.mark.parametrize("size", [8, 20])
def test_another_size_is_a_bilinear_resize(size):
    split = noise(6)
    for images, labels in Batches(split, 4, size=size):
        assert images.shape[2:] == (size, size)
        for image, label in zip(grey_levels(images), labels, strict=True):
            wanted = resized(split.images[label], size)
            assert np.abs(image.astype(int) - wanted).max() <= 1


def is_zoomed(image, picture, side):
    """`image` is a window of this side, or its mirror image, resized; but for a grey level of rounding."""
    windows = sliding_window_view(picture, (3, side, side))[0].reshape(-1, 3, side, side)
    views = np.stack([resized(window, image.shape[1]).astype(int) for window in windows])
    return any((np.abs(views - view).max(axis=(1, 2, 3)) <= 1).any() for view in (image, image[:, :, ::-1]))


@pytest.mark.parametrize("resident", [False, True])
def test_zoom_cuts_squares_of_one_side_a_batch_and_resizes_them(resident):
    split, sides = noise(32), set()
    for images, labels in Batches(split, 4, zoom=(0.3, 1.0), size=8, flip=True, resident=resident):
        pairs = [
            (image, split.images[label]) for image, label in zip(grey_levels(images), labels, strict=True)
        ]
        (side,) = [side for side in range(5, 13) if all(is_zoomed(*pair, side) for pair in pairs)]
        sides.add(side)
    assert len(sides) > 2 and min(sides) >= 7  # 12 * sqrt(0.3) = 6.6


def test_progressive_sizes_by_epoch():
    loader = Batches(noise(5), 4, size={0: 8, 2: 10, 3: 12})
    assert [next(iter(loader))[0].shape[-1] for _ in range(5)] == [8, 8, 10, 12, 12]
    assert [loader.side_at(epoch) for epoch in range(5)] == [8, 8, 10, 12, 12]
    loader.load_state_dict({"epoch": 2, "batch": 1})
    assert next(iter(loader))[0].shape == (1, 3, 10, 10)
    assert Batches(noise(5), size={"0": 8, "10": 12}).side_at(9) == 8  # as it comes back from JSON


def test_erased_rectangles():
    split = Split(np.full((500, 2, 16, 16), 200, np.uint8), np.arange(500))
    plain = Batches(split, 100, mean=[0.5, 0.4], std=0.2)
    erasing = Batches(split, 100, mean=[0.5, 0.4], std=0.2, erase=0.3)
    erased, areas = 0, []
    for (images, _), (others, _) in zip(erasing, plain, strict=True):
        for image, other in zip(images, others, strict=True):
            zero = (image == 0).all(dim=0)
            assert torch.equal(image[:, ~zero], other[:, ~zero])
            if zero.any():
                rows, columns = zero.any(dim=1).sum(), zero.any(dim=0).sum()
                assert zero.sum() == rows * columns  # a rectangle, not several
                erased, areas = erased + 1, [*areas, float(rows * columns) / 256]
    assert 100 < erased < 200  # 150, within 5 standard deviations
    assert 0.01 < min(areas) < 0.06 and 0.3 < max(areas) < 0.45


def test_rectangles_lie_in_the_image_and_both_ways_of_erasing_agree():
    rectangles = draw_erased(np.random.default_rng(0), 2000, 0.9, 10, 14)
    top, left, bottom, right = rectangles[rectangles.any(axis=1)].T
    assert (top >= 0).all() and (left >= 0).all() and (top < bottom).all() and (left < right).all()
    assert bottom.max() == 10 and right.max() == 14 and top.min() == left.min() == 0
    for order in (torch.contiguous_format, torch.channels_last):
        one = torch.rand(2000, 3, 10, 14).contiguous(memory_format=order)
        other = one.clone()
        erase_by_slices(one, rectangles)
        erase_by_mask(other, rectangles)
        assert torch.equal(one, other)


@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize("augment", [{}, {"padding": 2, "flip": True, "size": 16}])
def test_channels_last_changes_the_memory_order_alone(resident, augment):
    options = {"mean": [0.1, 0.2, 0.3], "std": 0.5, "resident": resident, **augment}
    plain, turned = (Batches(noise(10), 4, channels_last=last, **options) for last in (False, True))
    for (images, _), (others, _) in zip(plain, turned, strict=True):
        assert images.is_contiguous() and others.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(images, others)


def test_a_read_only_memory_map(tmp_path):
    split = noise(10)
    np.save(tmp_path / "images.npy", split.images)
    mapped = Split(np.load(tmp_path / "images.npy", mmap_mode="r"), split.labels)
    for options in ({}, {"padding": 2, "flip": True, "shuffle": True, "erase": 1.0}):
        for (images, _), (others, _) in zip(
            Batches(split, 4, **options), Batches(mapped, 4, **options), strict=True
        ):
            assert torch.equal(images, others)


def test_pictures_that_are_not_square():
    split = Split(np.random.default_rng(0).integers(0, 256, (5, 3, 9, 11), dtype=np.uint8), np.arange(5))
    assert next(iter(Batches(split)))[0].shape == (5, 3, 9, 11)
    assert next(iter(Batches(split, size=8)))[0].shape == (5, 3, 8, 8)
    found_places(Batches(split, padding=2, flip=True), padding=2)
