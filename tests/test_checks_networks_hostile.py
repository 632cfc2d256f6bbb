"""What a judge is sent in place of a network may be anything: nothing runs but what is on the lists."""

import copy
import re

import pytest
import torch
from far_away import crossed
from torch import nn

from course_utils import models
from course_utils.checks.networks import NetworkNotJudged, NetworkTooCostly, rebuild, running
from course_utils.scenes.networks import network_of

IMAGE = (1, 32, 32)


def plain():
    """Data of a small network: images, a convolution, a ReLU, a flattening, a linear layer."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1800, 16))
    return crossed(network_of(model, IMAGE))


def step(data, kind, target, *args, **kwargs):
    """One operation more before the output, on the last result."""
    nodes = data["nodes"]
    nodes.insert(-1, {"kind": kind, "target": target, "args": list(args), "kwargs": kwargs})
    nodes[-1]["args"] = [{"node": len(nodes) - 2}]
    return {"node": len(nodes) - 2}


LAST = {"node": 4}
IMAGES = {"node": 0}


@pytest.mark.parametrize(
    "kind, target, args, kwargs",
    [
        ("function", "torch.load", ["/etc/passwd"], {}),
        ("function", "builtins.eval", ["1"], {}),
        ("method", "__class__", [LAST], {}),
        ("method", "__reduce_ex__", [LAST, 2], {}),
        ("method", "apply_", [LAST, LAST], {}),
        ("method", "share_memory_", [LAST], {}),
        ("method", "numpy", [LAST], {}),
        ("method", "register_hook", [LAST, LAST], {}),
        ("method", "relu", [3], {}),
        ("method", "relu", [], {}),
        ("attribute", "grad_fn", [LAST], {}),
        ("attribute", "__dict__", [LAST], {}),
        ("attribute", "values", [LAST], {}),
        ("attribute", "shape", [3], {}),
        ("operator", "iadd", [LAST, LAST], {}),
        ("operator", "getitem", [LAST, LAST], {}),
        ("operator", "getitem", [LAST, True], {}),
        ("operator", "mul", [{"tuple": [1, 2]}, 10**9], {}),
        ("operator", "mod", ["constant", 3], {}),
        ("operator", "pow", [-2, 0.5], {}),
        ("operator", "pow", [10.0, 400], {}),
        ("operator", "mul", [2**40, 2**40], {}),
        ("operator", "add", [2**200, 1], {}),
        ("function", "torch.relu", [LAST], {"out": LAST}),
        ("function", "F.softmax", [LAST, 1], {"dtype": "float64"}),
        ("function", "F.pad", [LAST, {"tuple": [1, 1]}], {"mode": "__import__"}),
        ("function", "torch.einsum", ["...i->...", LAST], {}),
        ("function", "torch.einsum", [LAST, {"list": [0, 1]}], {}),
        ("function", "torch.relu", [{"node": 5}], {}),
        ("function", "torch.relu", [{"node": -1}], {}),
        ("function", "torch.relu", [{"node": True}], {}),
        ("function", "torch.relu", [{"node": 4, "tuple": []}], {}),
        ("function", "torch.relu", [b"bytes"], {}),
        ("function", "torch.relu", [torch.zeros(2)], {}),
        ("function", "torch.cat", [{"list": [{"list": [{"list": [{"list": [LAST]}]}]}]}], {}),
        ("function", ["torch.relu"], [LAST], {}),
        (["function"], "torch.relu", [LAST], {}),
        ("layer", 99, [LAST], {}),
        ("layer", -1, [LAST], {}),
        ("layer", "Linear", [LAST], {}),
        ("tensor", 99, [], {}),
        ("input", "", [], {}),
        ("output", "", [LAST], {}),
        ("function", "torch.split", [{"node": 5}, 1], {}),
    ],
)  # fmt: skip
def test_operations_that_are_not_on_the_lists_are_refused(kind, target, args, kwargs):
    data = plain()
    step(data, kind, target, *args, **kwargs)
    with pytest.raises(NetworkNotJudged):
        rebuild(data).eval()(torch.randn(2, *IMAGE))


@pytest.mark.parametrize(
    "target, args, kwargs",
    [
        ("F.pad", [IMAGES, {"tuple": [0, 10**9]}], {}),
        ("F.pad", [IMAGES, {"tuple": [30_000, 30_000, 30_000, 30_000]}], {}),
        ("F.interpolate", [IMAGES], {"scale_factor": 5000.0}),
        ("F.local_response_norm", [IMAGES, 10**9], {}),
        ("F.max_pool2d", [IMAGES, 10_001], {"stride": 1, "padding": 5000}),
        ("F.unfold", [IMAGES, 31], {"padding": 1000}),
        ("torch.conv2d", [IMAGES, IMAGES, None, 1, 3000], {}),
    ],
)
def test_a_step_that_would_cost_too_much_is_never_taken(target, args, kwargs):
    data = plain()
    step(data, "function", target, *args, **kwargs)
    with pytest.raises((NetworkTooCostly, RuntimeError)):
        rebuild(data).eval()(torch.randn(1, *IMAGE))


def test_many_small_steps_that_together_cost_too_much():
    data, last = plain(), IMAGES
    for _ in range(40):
        last = step(data, "function", "torch.cat", {"list": [last, last]}, 1)
    with pytest.raises(NetworkTooCostly, match="products for one image"):
        rebuild(data).eval()(torch.randn(2, *IMAGE))
    data = plain()
    wide = [step(data, "function", "F.interpolate", IMAGES, scale_factor=8) for _ in range(50)]
    step(data, "function", "torch.cat", {"list": wide}, 1)
    with pytest.raises(NetworkTooCostly, match="a batch of 256 would need"):
        rebuild(data).eval()(torch.randn(256, *IMAGE))


def test_whole_numbers_do_not_grow_without_end():
    data = plain()
    last = step(data, "method", "size", IMAGES, 3)
    for _ in range(60):
        last = step(data, "operator", "mul", last, last)
    with pytest.raises(NetworkNotJudged, match="whole number too large"):
        rebuild(data).eval()(torch.randn(2, *IMAGE))


def test_what_a_network_needs_at_one_time_is_freed_again():
    data = plain()
    last = step(data, "function", "F.interpolate", IMAGES, scale_factor=4)
    for _ in range(150):
        last = step(data, "function", "torch.relu", last)
    step(data, "method", "mean", last)
    assert rebuild(data).eval()(torch.ones(256, *IMAGE)) == 1


def test_a_time_limit_holds_for_all_passes_together(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(running.time, "monotonic", lambda: next(clock))
    network = rebuild(plain(), seconds=25).eval()
    network(torch.randn(2, *IMAGE))
    with pytest.raises(NetworkTooCostly, match="longer than 25 seconds"):
        for _ in range(10):
            network(torch.randn(2, *IMAGE))


def test_weights_are_never_changed_in_place():
    data = plain()
    weight = data["layers"][0]["state"]["weight"]
    number = len(data["nodes"]) - 1
    step(data, "tensor", weight)
    step(data, "method", "mul_", {"node": number}, 0.0)
    step(data, "method", "sum", {"node": number})
    network = rebuild(data).eval()
    before = copy.deepcopy(network.state_dict())
    images = torch.randn(2, *IMAGE)
    kept = images.clone()
    assert network(images) == 0 and torch.equal(images, kept)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def changed(path, value):
    """The data of the small network with one entry replaced."""
    data = plain()
    *way, last = path
    place = data
    for part in way:
        place = place[part]
    place[last] = value
    return data


FREE = torch.zeros(5000)


@pytest.mark.parametrize(
    "path, value",
    [
        (["nodes"], None),
        (["nodes"], []),
        (["nodes"], [{"kind": "input", "target": "", "args": [], "kwargs": {}}] * 1001),
        (["nodes", 1], 3),
        (["nodes", 1, "args"], ({"node": 0},)),
        (["nodes", 1, "kwargs"], {3: 4}),
        (["nodes", 0, "kind"], "layer"),
        (["layers"], {}),
        (["layers", 0, "type"], "Module"),
        (["layers", 0, "type"], ["Conv2d"]),
        (["layers", 0, "type"], "Linear"),
        (["layers", 0, "config", "out_channels"], 3),
        (["layers", 0, "config", "out_channels"], 10**12),
        (["layers", 0, "config", "out_channels"], -1),
        (["layers", 0, "config", "out_channels"], "2"),
        (["layers", 0, "config", "kernel_size"], (3, 3, 3, 3)),
        (["layers", 0, "config", "kernel_size"], 10**5),
        (["layers", 0, "config", "padding"], 10**5),
        (["layers", 0, "config", "padding_mode"], "os.system"),
        (["layers", 0, "config", "bias"], False),
        (["layers", 0, "config", "device"], "cuda"),
        (["layers", 0, "state", "weight"], 99),
        (["layers", 0, "state", "weight"], True),
        (["layers", 0, "state", "extra"], 0),
        (["layers", 0, "state"], {}),
        (["tensors", 0], [1.0]),
        (["tensors", 0], torch.zeros(2, 1, 3, 3, dtype=torch.complex64)),
        (["tensors", 0], torch.zeros(2, 1, 3, 4)),
        (["tensors", 0], torch.zeros(2, 1, 3, 3, dtype=torch.int64)),
        (["tensors"], [torch.zeros(11_000_000)] * 4),
        (["parameters"], [True]),
        (["parameters", 0], False),
        (["unused"], -5),
        (["unused"], 10**13),
        (["unused"], "none"),
    ],
    ids=lambda value: re.sub(r"\W+", " ", str(value))[:40],
)
def test_data_of_another_form_is_refused(path, value):
    with pytest.raises(NetworkNotJudged):
        rebuild(changed(path, value))


@pytest.mark.parametrize(
    "data", [None, 3, [], {}, "network", {"nodes": []}, {3: 4}, {"refused": [1]}], ids=str
)
def test_anything_else_is_refused(data):
    with pytest.raises(NetworkNotJudged):
        rebuild(data)


def test_numbers_that_nothing_counts_are_few():
    data = plain()
    data["tensors"].append(FREE)
    data["parameters"].append(False)
    step(data, "tensor", len(data["tensors"]) - 1)
    with pytest.raises(NetworkNotJudged, match=r"5,00\d numbers that are no parameters"):
        rebuild(data)
    data["parameters"][-1] = True
    assert models.count_parameters(rebuild(data)) == models.count_parameters(rebuild(plain())) + 5000


def test_a_large_claim_of_unused_parameters_takes_no_memory():
    assert rebuild({**plain(), "unused": 10**11}).parameters_counted() > 10**11
