"""Measure the three networks of lesson 06 on the photo patches: `python tests/data_pattern.py [seeds]`."""

import sys
import time

import torch

from course_utils.data import Batches, load_photo_patches
from course_utils.models import MLP, LinearClassifier, SmallCNN, count_parameters
from course_utils.training import evaluate, train_epochs

RECIPES = {"linear": (LinearClassifier, 10, 1e-3), "MLP": (MLP, 20, 1e-3), "CNN": (SmallCNN, 12, 3e-3)}


def measure(dataset, kind, epochs=None, seed=0):
    """(training accuracy, validation accuracy, parameters) of one network after training with Adam."""
    network, usual_epochs, lr = RECIPES[kind]
    torch.manual_seed(seed)
    shape = () if kind == "CNN" else (dataset.size,)
    model = network(dataset.in_channels, *shape, dataset.num_classes)
    normalise = {"mean": dataset.mean, "std": dataset.std}
    train = Batches(dataset.train, 64, shuffle=True, seed=seed, **normalise)
    val = Batches(dataset.val, 256, **normalise)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    train_epochs(model, train, val, optimizer, epochs or usual_epochs, device="cpu", progress=False)
    seen = Batches(dataset.train, 256, **normalise)
    return evaluate(model, seen).accuracy, evaluate(model, val).accuracy, count_parameters(model)


if __name__ == "__main__":
    for options in ({}, {"grey": False}, {"size": 64}, {"size": 64, "grey": False}):
        data = load_photo_patches(**options)
        print(data)
        for name in RECIPES:
            for seed in range(int((sys.argv[1:] or ["1"])[0])):
                start = time.perf_counter()
                train, val, parameters = measure(data, name, seed=seed)
                took = time.perf_counter() - start
                print(f"  {name:7}{parameters:9,} parameters: train {train:.3f}, val {val:.3f}, {took:.0f} s")
