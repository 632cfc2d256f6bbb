"""What the lessons load: data sets, splits, batches and photographs."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from data_helpers import WNIDS, make_tree

from course_utils.data import (
    Batches,
    CourseDataError,
    Split,
    load_dataset,
    load_photograph,
    photograph_names,
    prepare_tree,
)
from course_utils.data.datasets import channel_statistics


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


def numbered(count, channels=3, size=4):
    """Image n is n everywhere, its label n % 7."""
    images = np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, channels, size, size)
    )
    return Split(images.copy(), np.arange(count) % 7)


def test_importing_the_package_loads_no_torch():
    program = (
        "import sys, course_utils.data, course_utils.data.commands\n"
        "from course_utils.data import load_dataset\n"
        "print({'torch', 'torchvision', 'matplotlib', 'skimage'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_name_that_the_package_offers_is_there():
    import course_utils.data

    for name in course_utils.data.__all__:
        assert getattr(course_utils.data, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'load_everything'"):
        course_utils.data.load_everything  # noqa: B018


def test_auto_takes_imagenette_when_it_is_prepared_at_that_size(tmp_path):
    assert load_dataset("auto", 32).name == "photo_patches"
    prepare_tree(make_tree(tmp_path / "tree", WNIDS), 32, name="imagenette")
    data = load_dataset("auto", 32)
    assert data.name == "imagenette" and data.in_channels == 3 and data.num_classes == 10
    assert data.classes[0] == "tench" and data.size == 32
    assert load_dataset("auto", 16).name == "photo_patches"


def test_grey_imagenette(tmp_path):
    prepare_tree(make_tree(tmp_path / "tree", WNIDS), 16, name="imagenette")
    colour, grey = load_dataset("imagenette", 16), load_dataset("imagenette", 16, grey=True)
    assert grey.in_channels == 1 and grey.mean.shape == (1,) and grey.train.images.dtype == np.uint8
    luma = np.tensordot([0.299, 0.587, 0.114], np.asarray(colour.train.images, dtype=float), axes=(0, 1))
    assert np.abs(grey.train.images[:, 0] - luma).max() <= 0.51
    np.testing.assert_array_equal(grey.train.labels, colour.train.labels)


def test_missing_data_names_the_command(tmp_path):
    with pytest.raises(CourseDataError) as failed:
        load_dataset("imagenette", 64)
    assert "imagenette is not prepared at 64 pixels" in str(failed.value)
    assert str(failed.value).endswith("Remedy: course data get imagenette --size 64")
    tree = make_tree(tmp_path / "tree")
    with pytest.raises(CourseDataError) as failed:
        load_dataset(tree, 48)
    assert str(failed.value).endswith(f'Remedy: course data prepare "{tree}" --size 48')
    with pytest.raises(CourseDataError, match="There is no data set 'imagenett': it is neither a source"):
        load_dataset("imagenett")


def test_error_shows_as_text_alone_in_a_notebook():
    assert CourseDataError("what and how")._render_traceback_() == ["CourseDataError: what and how"]


def test_split_subset():
    split = numbered(20)
    assert split.subset([3, 1]).images[:, 0, 0, 0].tolist() == [3, 1]
    assert split.subset(slice(0, 4)).labels.tolist() == [0, 1, 2, 3]
    assert len(split.subset(split.labels == 0)) == 3
    with pytest.raises(ValueError, match="20 images but 19 labels"):
        Split(split.images, split.labels[1:])


def test_channel_statistics_over_several_chunks():
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 5, 4), dtype=np.uint8)
    mean, std = channel_statistics(images, chunk=7)
    np.testing.assert_allclose(mean, (images / 255).mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(std, (images / 255).std(axis=(0, 2, 3)), rtol=1e-6)


def test_batches_in_order():
    split = numbered(10)
    loader = Batches(split, batch_size=4)
    batches = list(loader)
    assert len(loader) == len(batches) == 3 and [len(labels) for _, labels in batches] == [4, 4, 2]
    images, labels = batches[1]
    assert images.dtype == torch.float32 and labels.dtype == torch.int64
    assert torch.equal(images[:, 0, 0, 0], torch.arange(4, 8) / 255) and labels.tolist() == [4, 5, 6, 0]
    assert len(Batches(split, 4, drop_last=True)) == len(list(Batches(split, 4, drop_last=True))) == 2
    assert len(Batches(split, 5)) == 2


def test_batches_normalise():
    split = Split(np.full((2, 3, 2, 2), 51, dtype=np.uint8), np.zeros(2, dtype=np.int64))  # 0.2
    images, _ = next(iter(Batches(split, mean=np.array([0.1, 0.2, 0.3]), std=(0.1, 0.1, 0.2))))
    torch.testing.assert_close(images[0, :, 0, 0], torch.tensor([1.0, 0.0, -0.5]))
    images, _ = next(iter(Batches(split, mean=0.1, std=torch.tensor(0.1))))
    torch.testing.assert_close(images, torch.ones(2, 3, 2, 2))


def order_of(loader):
    return [int(value) for images, _ in loader for value in (images[:, 0, 0, 0] * 255).round()]


def test_shuffle_changes_each_epoch_and_repeats_with_the_seed():
    split = numbered(50)
    loader, twin = Batches(split, 8, shuffle=True, seed=3), Batches(split, 8, shuffle=True, seed=3)
    first, second = order_of(loader), order_of(loader)
    assert first != second and sorted(first) == sorted(second) == list(range(50))
    assert [order_of(twin), order_of(twin)] == [first, second]
    assert order_of(Batches(split, 8, shuffle=True, seed=4)) != first
    images, labels = next(iter(loader))
    assert ((images[:, 0, 0, 0] * 255).round().long() % 7 == labels).all()


def test_batches_leave_the_split_as_it_is():
    split = numbered(6)
    before = split.images.copy()
    for images, _ in Batches(split, mean=0.5, std=0.1):
        images += 1
    np.testing.assert_array_equal(split.images, before)


def test_batch_size_zero():
    with pytest.raises(ValueError, match="batch_size must be at least 1, not 0"):
        Batches(numbered(3), 0)


@pytest.mark.parametrize("name", photograph_names())
def test_photographs(name):
    image = load_photograph(name)
    assert image.dtype == torch.float32 and image.shape[0] == 3 and min(image.shape[1:]) >= 170
    assert 0 <= image.min() < image.max() <= 1


def test_photograph_is_that_of_scikit_image():
    from skimage import data

    expected = torch.from_numpy(data.chelsea()).permute(2, 0, 1) / 255
    torch.testing.assert_close(load_photograph("chelsea"), expected)
    torch.testing.assert_close(load_photograph("camera", grey=True)[0], torch.from_numpy(data.camera()) / 255)


def test_photograph_sizes():
    assert load_photograph("chelsea").shape == (3, 300, 451)
    assert load_photograph("chelsea", size=(40, 60), grey=True).shape == (1, 40, 60)
    assert load_photograph("chelsea", size=100).shape == (3, 100, 150)
    with pytest.raises(ValueError, match=r"size must be a positive int or \(height, width\), got \(0, 3\)"):
        load_photograph("chelsea", size=(0, 3))


def test_unknown_photograph():
    with pytest.raises(
        CourseDataError, match=r"There is no photograph 'cat'\. Choose one of: astronaut, brick"
    ):
        load_photograph("cat")
