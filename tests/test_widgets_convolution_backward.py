"""The figure of lesson 03: which outputs a pixel touches, against autograd."""

import itertools

import pytest
import torch
from torch.nn.functional import conv2d

from course_utils import widgets
from course_utils.widgets.backward_explorer import COLUMNS, ROWS, describe, draw, paths

SETTINGS = list(itertools.product((0, 3, ROWS - 1), (0, 4, COLUMNS - 1), (1, 2, 3, 4), (1, 2, 3), (0, 1, 2)))


def by_autograd(row, column, kernel, stride, padding):
    """(i, j, a, b) where both the output and the weight move with the pixel, found by marking the weights."""
    image = torch.zeros(1, 1, ROWS, COLUMNS)
    image[0, 0, row, column] = 1.0
    weight = torch.arange(1.0, kernel**2 + 1).reshape(1, 1, kernel, kernel)
    out = conv2d(image, weight, stride=stride, padding=padding)[0, 0]
    return [
        (i, j, *divmod(int(out[i, j]) - 1, kernel)) for i, j in out.nonzero().tolist()
    ]  # the pixel is 1: an output is the number of the weight that lay on it


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_paths_are_those_of_the_layer(setting):
    assert paths(*setting) == by_autograd(*setting)


@pytest.mark.parametrize("setting", [(2, 3, 3, 2, 1), (3, 4, 4, 1, 2), (6, 7, 3, 2, 0), (0, 0, 1, 3, 0)])
def test_the_picture_shows_every_path(setting):
    found = paths(*setting)
    image, outputs, weights = draw(*setting).axes
    assert len(image.patches) - 1 - padding_cells(setting[4]) == len(found)  # a frame each, and the pixel
    assert [text.get_text() for text in outputs.texts] == [f"w{a}{b}" for _, _, a, b in found]
    assert len(weights.texts) == setting[2] ** 2
    assert outputs.get_title().startswith(f"Outputs: {len(found)} of")


def padding_cells(padding):
    return (ROWS + 2 * padding) * (COLUMNS + 2 * padding) - ROWS * COLUMNS


def test_the_sum_below_names_each_term():
    (text,) = [text.get_text() for text in draw(2, 3, 3, 2, 1).texts]
    assert text == "∂L/∂x[2,3] = g[1,1]·w12 + g[1,2]·w10"
    assert "in no window" in draw(6, 7, 3, 2, 0).texts[0].get_text()


def test_the_alternative_follows_the_sliders():
    explorer = widgets.backward_explorer()
    assert "touches 2 outputs" in explorer.alternative
    explorer.controls["row"].value = 3
    assert "touches 4 outputs" in explorer.alternative
    explorer.controls["column"].value = 0
    assert "touches 2 outputs" in explorer.alternative
    assert "touches no output" in describe(6, 7, 3, 2, 0)
    assert "touches 1 output;" in describe(0, 0, 3, 2, 0)
