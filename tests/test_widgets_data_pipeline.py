"""The interactive figures of lesson 07: what they draw, and what their numbers mean."""

import time

import numpy as np
import pytest
from PIL import Image

from course_utils import widgets
from course_utils.widgets import augmentation_gallery as gallery_maker
from course_utils.widgets.augmentation_gallery import KINDS, augmented
from course_utils.widgets.augmentation_gallery import describe as describe_gallery
from course_utils.widgets.augmentation_gallery import draw as draw_gallery
from course_utils.widgets.loading_time import SOURCES, needed, per_image, waiting
from course_utils.widgets.loading_time import describe as describe_loading
from course_utils.widgets.loading_time import draw as draw_loading

STAGES = {"decode": 2.0, "resize": 0.5, "mirror": 0.1, "numbers": 0.3, "collate": 0.1}


@pytest.fixture(scope="module")
def picture():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((224, 224), Image.Resampling.BILINEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_an_augmentation_of_no_strength_changes_nothing(picture, kind):
    same = augmented(picture, kind, 0, 1, 3)
    np.testing.assert_allclose(np.asarray(same, int), np.asarray(picture, int), atol=1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_augmentation_keeps_the_size_and_differs_between_places_and_epochs(picture, kind):
    shown = {
        (epoch, place): np.asarray(augmented(picture, kind, 100, epoch, place))
        for epoch in (1, 2, 3)
        for place in (1, 2, 3, 4)
    }
    assert {pixels.shape for pixels in shown.values()} == {(224, 224, 3)}
    assert len({pixels.tobytes() for pixels in shown.values()}) > 1
    again = np.asarray(augmented(picture, kind, 100, 2, 3))
    np.testing.assert_array_equal(again, shown[2, 3])


def test_a_mirrored_picture_is_the_mirror_image(picture):
    draws = [np.asarray(augmented(picture, "mirror left to right", 100, 1, place)) for place in range(20)]
    plain, turned = np.asarray(picture), np.asarray(picture)[:, ::-1]
    kinds = [np.array_equal(each, plain) + 2 * np.array_equal(each, turned) for each in draws]
    assert set(kinds) == {1, 2}


def test_the_gallery_shows_the_photograph_and_seven_draws(picture):
    figure = draw_gallery(picture, "rotate", 40, 2)
    assert [ax.get_title() for ax in figure.axes] == ["the photograph", *(f"draw {n}" for n in range(1, 8))]
    assert "rotate at 40 % strength" in describe_gallery(picture, "rotate", 40, 2)


def test_any_photograph_may_be_given():
    figure = widgets.augmentation_gallery(np.linspace(0, 1, 50 * 80).reshape(50, 80))
    figure.controls["kind"].value = "shift"
    assert "shift at 50 % strength" in figure.alternative
    assert gallery_maker is widgets.augmentation_gallery


def test_the_model_of_workers():
    assert per_image(3.0, 2.0, 0) == 5.0  # in turn
    assert per_image(3.0, 2.0, 1) == 3.0  # loading is the slower one
    assert per_image(3.0, 2.0, 2) == 2.0  # now it is the network
    assert waiting(3.0, 2.0, 0) == pytest.approx(0.6)
    assert waiting(3.0, 2.0, 2) == 0


def test_what_is_decoded_once_takes_no_time_any_more():
    assert needed(STAGES, SOURCES[0]) == STAGES
    assert list(needed(STAGES, SOURCES[1])) == ["mirror", "numbers", "collate"]


@pytest.mark.parametrize("workers", [0, 1, 8])
@pytest.mark.parametrize("source", SOURCES)
def test_the_bars_are_the_stages_divided_by_the_workers(workers, source):
    figure = draw_loading(STAGES, workers, 1.5, source)
    bars, rate = figure.axes
    stacks = [container for container in bars.containers if container.get_label() in STAGES]
    heights = np.array([[bar.get_height() for bar in stack] for stack in stacks])  # (stages, 9)
    total = sum(needed(STAGES, source).values())
    np.testing.assert_allclose(heights.sum(axis=0), [total / max(1, count) for count in range(9)])
    expected = [1000 / per_image(total, 1.5, count) for count in range(9)]
    np.testing.assert_allclose(rate.lines[0].get_ydata(), expected)


def test_the_text_says_what_the_picture_shows():
    text = describe_loading(STAGES, 0, 2.0, SOURCES[0])
    assert "loading takes 3.00 ms" in text and "5.00 ms, 200 images a second" in text
    assert "the network waits 60% of the time" in text
    assert "With 1 worker an image" in describe_loading(STAGES, 1, 2.0)


@pytest.mark.parametrize("bad", [{"decode": 1.0}, {"a": -1.0, "b": 1, "c": 1, "d": 1}])
def test_stages_that_make_no_sense_are_refused(bad):
    with pytest.raises(ValueError, match="give 3 to 6 stages"):
        widgets.loading_time(bad)


def test_a_network_out_of_range_is_refused():
    with pytest.raises(ValueError, match="a time from 0"):
        widgets.loading_time(STAGES, network=50)


def test_drawing_is_fast(picture):
    """In processor time, which other programs on the machine hardly change."""
    for draw, state in ((draw_gallery, (picture, "colours", 80, 3)), (draw_loading, (STAGES, 3))):
        draw(*state)
        started = time.process_time()
        draw(*state)
        assert time.process_time() - started < 0.3
