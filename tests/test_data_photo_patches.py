"""Photo patches: honest splits, the same each time, and the pattern that lesson 06 is about."""

import socket

import numpy as np
import pytest
import torch
from data_pattern import measure

from course_utils.data import CourseDataError, load_photo_patches
from course_utils.data import photo_patches as module
from course_utils.data.sources import PHOTOGRAPHS


def test_shape_and_labels():
    data = load_photo_patches(train_per_class=5, val_per_class=3)
    assert data.train.images.shape == (80, 1, 32, 32) and data.train.images.dtype == np.uint8
    assert data.val.images.shape == (48, 1, 32, 32) and data.val.labels.dtype == np.int64
    assert np.bincount(data.train.labels).tolist() == [5] * 16
    assert len(set(data.classes)) == data.num_classes == 16 and set(data.classes) <= set(PHOTOGRAPHS)
    assert data.in_channels == 1 and data.size == 32 and data.mean.shape == data.std.shape == (1,)


@pytest.mark.parametrize("size", [32, 64, 96])
def test_colour_and_sizes(size):
    data = load_photo_patches(size=size, grey=False, train_per_class=3, val_per_class=2)
    assert data.train.images.shape == (48, 3, size, size)
    coffee = data.train.images[data.train.labels == data.classes.index("coffee")].astype(int)
    assert (coffee[:, 0] != coffee[:, 2]).mean() > 0.5  # it has colours
    brick = data.train.images[data.train.labels == data.classes.index("brick")]
    assert (brick[:, 0] == brick[:, 2]).all()  # it is grey


def test_seed():
    few = {"train_per_class": 4, "val_per_class": 2}
    first, again, other = (load_photo_patches(seed=seed, **few) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.train.images, again.train.images)
    np.testing.assert_array_equal(first.val.images, again.val.images)
    assert (first.train.images != other.train.images).any()
    more = load_photo_patches(train_per_class=4, val_per_class=5)
    np.testing.assert_array_equal(first.train.images, more.train.images)


@pytest.mark.parametrize("width", [371, 384, 448, 451, 512, 741])
def test_columns_of_the_splits(width):
    left, right = module.split_columns(width)
    assert left.stop <= 0.65 * width and right.start >= 0.70 * width and right.stop == width
    assert left.start == 0 and right.stop - right.start >= 96


def test_no_pixel_is_in_both_splits(monkeypatch):
    """On a picture of columns numbered by their brightness, the patches tell where they are from."""

    def columns(name, grey):
        ramp = np.tile(np.arange(400, dtype=np.float32), (200, 1))
        return ramp[..., None]

    seen = {"train": set(), "val": set()}

    def record(pixels, count, size, rng):
        split = "train" if pixels[0, 0, 0] == 0 else "val"
        seen[split] |= set(np.unique(pixels).tolist())
        return np.zeros((count, 1, size, size), dtype=np.uint8)

    monkeypatch.setattr(module, "_photograph", columns)
    monkeypatch.setattr(module, "_patches", record)
    load_photo_patches()
    assert max(seen["train"]) == 259 and min(seen["val"]) == 280 and max(seen["val"]) == 399


def test_brightness_tells_nothing():
    data = load_photo_patches(train_per_class=50, val_per_class=5)
    brightness = data.train.images.mean(axis=(1, 2, 3))
    # Cutting at 0 and 255 moves the mean of patches with strong contrast a little.
    assert np.abs(brightness - 128).max() < 30 and np.median(np.abs(brightness - 128)) < 0.5


def test_hardly_any_patch_is_flat():
    data = load_photo_patches(train_per_class=100, val_per_class=50)
    for split in (data.train, data.val):
        assert (split.images.std(axis=(1, 2, 3)) < 3.5).mean() < 0.005


def test_patches_are_mirrored_at_random():
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.float32), (100, 1))[..., None]
    patches = module._patches(ramp, 200, 16, np.random.default_rng(0))
    rising = (patches[:, 0, :, -1].astype(int) > patches[:, 0, :, 0]).all(axis=1).mean()
    assert 0.4 < rising < 0.6


def test_no_network_is_needed(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(load_photo_patches(train_per_class=1, val_per_class=1).train) == 16


@pytest.mark.parametrize("size", [4, 128])
def test_size_out_of_range(size):
    with pytest.raises(CourseDataError, match=f"8 to 96 pixels wide, not {size}"):
        load_photo_patches(size=size)


def test_no_images():
    with pytest.raises(CourseDataError, match="at least one image a class, not 0 and 100"):
        load_photo_patches(train_per_class=0)


def test_photograph_that_is_not_installed(monkeypatch, tmp_path):
    from course_utils.data import load_photograph, photographs

    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(photographs.importlib.util, "find_spec", lambda name: Spec)
    with pytest.raises(CourseDataError, match=r"'moon' is missing: no file .*moon\.png"):
        load_photograph("moon")


@pytest.fixture
def one_thread():
    """Networks this small gain little from a second thread and lose much when other tests want it too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_linear_is_near_chance_an_mlp_overfits_and_a_cnn_wins(one_thread):
    data = load_photo_patches()
    _, linear, _ = measure(data, "linear", epochs=5)
    mlp_train, mlp, _ = measure(data, "MLP", epochs=12)
    _, cnn, _ = measure(data, "CNN", epochs=3)
    print(f"linear {linear:.3f}, MLP {mlp:.3f} (train {mlp_train:.3f}), CNN {cnn:.3f}")
    assert linear < 0.15  # chance is 1/16
    assert mlp < 0.35 and mlp_train > mlp + 0.3
    assert cnn > mlp + 0.1
