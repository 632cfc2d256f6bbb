"""Ways to write a right network that ask for whole numbers, precisions or values: each is sent and judged."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from answers import EXERCISES
from far_away import FarAway, crossed
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from course_utils.checks.first_cnn import sent
from course_utils.checks.networks import NetworkNotJudged, NetworkTooCostly, rebuild
from course_utils.checks.networks.cost import Meter
from course_utils.scenes.networks import network_of

MENDED = EXERCISES["first_cnn.MendedNet"]
FORMS = {
    "math.prod": lambda x: x.view(x.shape[0], math.prod(x.shape[1:])),
    "np.prod": lambda x: x.view(x.shape[0], int(np.prod(x.shape[1:]))),
    "np.prod as it is": lambda x: x.view(x.size(0), np.prod(x.shape[1:])),
    "int": lambda x: x.view(int(x.shape[0]), -1),
    "stack": lambda x: torch.stack([each.flatten() for each in x]),
    "range": lambda x: torch.stack([x[i].flatten() for i in range(x.shape[0])]),
    "device": lambda x: x.to("cpu").to(x.device).cpu().flatten(1),
    "precision": lambda x: x.to(torch.float64).to(dtype=torch.float32).flatten(1),
    "type_as": lambda x: x.double().type_as(x).flatten(1),
}


# As in a notebook: pytest would make something else of an `assert` in this file.
CHECKING = """
def checking(x):
    assert torch.isfinite(x).all()
    assert not torch.isnan(x).any(), "not a number"
    print(f"{x.mean():.3f} {x.std().item():>8}", x.max())
    return x.flatten(1)
"""
exec(CHECKING)
FORMS["assert and print"] = locals()["checking"]


class Net(nn.Module):
    def __init__(self, num_classes, flat):
        super().__init__()
        self.conv, self.head, self.flat = nn.Conv2d(3, 6, 5, stride=3), nn.Linear(54, num_classes), flat
        self.pool = nn.AdaptiveMaxPool2d(3)

    def forward(self, images):
        return self.head(self.flat(self.pool(torch.relu(self.conv(images)))))


@pytest.mark.parametrize("form", FORMS)
def test_a_right_network_is_judged_however_it_is_written(form):
    assert MENDED.examine(FarAway(lambda num_classes: Net(num_classes, FORMS[form])), 7).passed


@pytest.mark.parametrize("form", sorted({*FORMS} - {"int", "stack", "range"}))
def test_lengths_other_than_the_number_of_images_are_whole_for_batches_of_any_size(form):
    model = Net(4, FORMS[form]).eval()
    again = rebuild(crossed(network_of(model, (3, 32, 32))))
    for count in (1, 2, 7):
        images = torch.randn(count, 3, 32, 32)
        with torch.no_grad():
            assert torch.equal(again(images), model(images))


@pytest.mark.parametrize("form", ["int", "stack", "range"])
def test_a_network_is_never_sent_for_one_number_of_images_alone(form):
    assert "what `forward` does" in network_of(Net(4, FORMS[form]), (3, 32, 32))["refused"]


@pytest.mark.parametrize("norm", [weight_norm, spectral_norm, parametrizations.weight_norm])
def test_weights_that_are_computed_are_written_out_and_counted_as_they_were(norm):
    model = nn.Sequential(norm(nn.Linear(6, 4)), nn.ReLU(), nn.Linear(4, 2)).eval()
    images, count = torch.randn(3, 6), sum(each.numel() for each in model.parameters())
    with torch.no_grad():
        expected = model(images)
    again = rebuild(crossed(network_of(model, (6,))))
    assert torch.allclose(again(images), expected)
    assert again.parameters_counted() == count


def test_a_choice_by_a_value_of_the_images_is_not_judged():
    def by_value(x):
        return x.flatten(1) if x.mean() > 0 else -x.flatten(1)

    verdict = MENDED.examine(FarAway(lambda num_classes: Net(num_classes, by_value)), 7)
    assert not verdict.passed and "not judged" in str(verdict)


def test_what_each_shape_is_described_for_is_only_what_the_judge_asks_for():
    shapes = ((2, 3, 32, 32), (4, 3, 32, 32))
    data = crossed(network_of(Net(5, FORMS["stack"]), (3, 32, 32), shapes))
    assert set(data["shapes"]) == set(shapes)
    network = rebuild(data, shapes=shapes)
    assert network(torch.randn(4, 3, 32, 32)).shape == (4, 5)
    with pytest.raises(ValueError, match="does not take images of the shape"):
        network(torch.randn(3, 3, 32, 32))
    for known in ((), shapes[:1]):
        with pytest.raises(NetworkNotJudged, match="the shapes of its images"):
            rebuild(data, shapes=known)
    for hostile in ({}, [], {shapes[0]: None}, {shapes[0]: []}):
        with pytest.raises(NetworkNotJudged):
            rebuild({**data, "shapes": hostile}, shapes=shapes)


def test_numbers_in_double_precision_take_twice_the_memory():
    images = torch.empty(2**28, device="meta")  # 1 GiB
    with torch.no_grad(), Meter(2**28, 0):
        images.relu()
    with torch.no_grad(), Meter(2**28, 0), pytest.raises(NetworkTooCostly):
        images.double().relu()


def test_all_networks_of_one_answer_share_the_time(monkeypatch):
    answer = FarAway(lambda num_classes: Net(num_classes, FORMS["math.prod"]))
    assert MENDED.examine(answer, 7).passed
    monkeypatch.setattr(sent, "SECONDS", sent._spent[answer])
    verdict = MENDED.examine(answer, 7)
    assert not verdict.passed and "measuring it took longer" in str(verdict)


def test_a_trained_network_is_measured_for_a_minute_at_most():
    seen = []
    exercise = dataclasses.replace(
        EXERCISES["first_cnn.small_network"],
        measure=lambda network: seen.append(network.seconds) or {"val_accuracy": 0},
    )
    for seconds in (300.0, 7.0):
        limited = dataclasses.replace(exercise, seconds=seconds)
        limited.respond(FarAway(lambda: nn.Flatten()), limited.drawn(0)[0])
    assert seen == [60.0, 7.0]
