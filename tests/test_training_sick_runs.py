"""The six sick runs of lesson 08 show what their diagnosis says, on the squares that the lesson uses."""

import math

import numpy as np
import pytest
import torch

from course_utils.data import load_photo_patches
from course_utils.training.sick_runs import sick_runs

NAMES = ("brick", "grass", "gravel", "hubble", "page", "handwriting")
CHANCE = 1 / len(NAMES)


@pytest.fixture(scope="module")
def runs():
    patches = load_photo_patches(size=16, train_per_class=60, val_per_class=50)
    chosen = [patches.classes.index(name) for name in NAMES]

    def tensors(split):
        rows = np.flatnonzero(np.isin(split.labels, chosen))
        images = torch.from_numpy(split.images[rows]).float() / 255
        labels = torch.from_numpy(np.searchsorted(chosen, split.labels[rows]))
        return (images - float(patches.mean[0])) / float(patches.std[0]), labels

    return sick_runs(tensors(patches.train), tensors(patches.val), len(NAMES))


def column(rows, name):
    return np.array([row[name] for row in rows])


def test_all_but_one_start_at_chance(runs):
    starts = {name: rows[0]["train_loss"] for name, rows in runs.items()}
    assert starts.pop("D") > 5 * math.log(6)
    assert all(abs(loss - math.log(6)) < 0.15 * math.log(6) for loss in starts.values())


def test_the_healthy_run_learns_and_carries_over(runs):
    last = runs["healthy"][-1]
    assert last["train_accuracy"] > 0.7 and last["val_accuracy"] > 0.7


def test_the_softmax_twice_is_right_at_a_high_loss(runs):
    floor = math.log(1 + 5 / math.e)
    assert column(runs["A"], "train_loss").min() > floor
    assert runs["A"][-1]["train_accuracy"] > 0.7 and runs["A"][-1]["val_accuracy"] > 0.65


def test_one_overfits_and_one_has_learnt_labels_that_mean_nothing(runs):
    for name in "BE":
        rows = runs[name]
        assert rows[-1]["train_accuracy"] > 0.9
        assert rows[-1]["val_loss"] > column(rows, "val_loss").min() + 0.3
    assert column(runs["B"], "val_accuracy")[4:].min() > 2 * CHANCE
    assert column(runs["E"], "val_accuracy").max() < 1.5 * CHANCE


def test_too_large_a_rate_jumps_and_too_small_a_rate_creeps(runs):
    jumping, creeping = column(runs["C"], "train_loss"), column(runs["F"], "train_loss")
    assert not jumping.max() < 1.3 * jumping[0]  # nan counts as a jump
    assert (np.diff(creeping) < 0).all() and creeping[-1] > 0.9 * creeping[0]
