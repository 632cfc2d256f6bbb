"""The recipes are tables: what they say must be something that the engine can do."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from course_utils.data import Batches, Split
from course_utils.models.by_name import build
from course_utils.models.resnet9 import whitening_filters
from course_utils.train_options import MINUTES
from course_utils.training import recipes
from course_utils.training.config import TrainConfig
from course_utils.training.recipes import RECIPES, recipe


def pictures(count=16, side=64):
    images = np.random.default_rng(0).integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    return Split(images, np.arange(count) % 10)


@pytest.mark.parametrize("minutes", RECIPES)
def test_the_engine_can_do_what_a_recipe_says(minutes):
    found = recipe(minutes)
    assert found.minutes == minutes
    assert TrainConfig(**found.config).epochs == found.epochs >= 1
    loader = Batches(pictures(), 8, True, 0, 0.5, 0.25, **found.loader_options)
    options = dict(found.model_options)
    assert options.pop("whitening") is True
    images, _ = next(iter(loader))
    torch.manual_seed(0)
    model = build(found.model, 10, whitening=whitening_filters(images), **options)
    assert model(images).shape == (8, 10)
    assert json.loads(json.dumps(found.config)) == found.config


@pytest.mark.parametrize("minutes", RECIPES)
@pytest.mark.parametrize("epochs", [1, 2, 7, 40])
def test_a_run_ends_at_the_side_of_validation_however_long_it_is(minutes, epochs):
    found = recipe(minutes).with_epochs(epochs)
    assert found.epochs == epochs and found.config["epochs"] == epochs
    loader = Batches(pictures(4), 4, **found.loader_options)
    sides = [next(iter(loader))[0].shape[-1] for _ in range(epochs)]
    assert sides[-1] == found.size == 64
    assert sides == sorted(sides)
    if found.sides and epochs >= 7:
        assert sides[0] == found.sides[0][1]


def test_a_longer_run_changes_no_other_recipe():
    before = {minutes: (found.epochs, dict(found.loader_options)) for minutes, found in RECIPES.items()}
    recipe(3).with_epochs(100)
    assert before == {minutes: (found.epochs, found.loader_options) for minutes, found in RECIPES.items()}


def test_the_command_line_offers_these_lengths():
    assert tuple(RECIPES) == MINUTES


@pytest.mark.parametrize("minutes", [0, 2, 60, None, "1"])
def test_a_length_without_a_recipe_is_an_error_that_says_which_there_are(minutes):
    with pytest.raises(ValueError, match=r"minutes=.*1, 3, 10 minutes"):
        recipe(minutes)


@pytest.mark.parametrize("epochs", [0, -1, 2.5, True, "3"])
def test_no_run_has_such_a_number_of_epochs(epochs):
    with pytest.raises(ValueError, match="whole number from 1"):
        recipe(1).with_epochs(epochs)


def test_the_table_itself_loads_nothing():
    code = (
        "import sys, importlib.util as u\n"
        "spec = u.spec_from_file_location('recipes', sys.argv[1])\n"
        "module = u.module_from_spec(spec); sys.modules['recipes'] = module\n"
        "spec.loader.exec_module(module)\n"
        "print(sorted({'torch', 'numpy', 'course_utils'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, recipes.__file__], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
