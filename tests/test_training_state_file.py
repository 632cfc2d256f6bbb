"""The file of a state: what goes in comes out."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from course_utils.training import state_file
from course_utils.training.state_file import read_state, write_state

DTYPES = list(state_file.DTYPES)


def same(one, other) -> bool:
    """Equal in kind, value and, for tensors, dtype, shape and bits."""
    if isinstance(one, torch.Tensor):
        return (
            isinstance(other, torch.Tensor)
            and (one.dtype, one.shape) == (other.dtype, other.shape)
            and bits(one) == bits(other)
        )
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))
    return one == other


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def round_trip(state, path):
    write_state(path, state)
    return read_state(path)


@st.composite
def tensors(draw):
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    tensor = torch.zeros(shape, dtype=dtype)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    raw = rng.integers(0, 2 if dtype is torch.bool else 256, tensor.nbytes, dtype=np.uint8)
    tensor.reshape(-1).view(torch.uint8).copy_(torch.from_numpy(raw))
    if draw(st.booleans()) and tensor.dim() > 1:
        tensor = tensor.transpose(0, -1)
    return tensor


values = tensors() | st.none() | st.booleans() | st.integers() | st.floats() | st.text()
keys = st.text() | st.integers()
states = st.recursive(
    values,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=states)
def test_any_state_comes_back_as_it_was(tmp_path, state):
    assert same(round_trip(state, tmp_path / "state"), state)


NEXT_TO_EACH_OTHER = torch.arange(12.0)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"a/b": torch.ones(1), "a": {"b": torch.zeros(2)}}, id="two tensors of one path"),
        pytest.param({"__metadata__": torch.ones(1), "sha256": torch.ones(2)}, id="names of the format"),
        pytest.param({"": torch.ones(1), "\ud800": torch.ones(2)}, id="no name, and half a character"),
        pytest.param({"one": NEXT_TO_EACH_OTHER[:7], "two": NEXT_TO_EACH_OTHER[3:]}, id="shared memory"),
        pytest.param({"dict": {"tensor": "float"}, "tuple": ["items"]}, id="the tags of the document"),
        pytest.param({0: 1, "0": 2}, id="a number and its text as keys"),
        pytest.param([math.inf, -math.inf, math.nan, -0.0, 5e-324, 0.1], id="floats at the edge"),
        pytest.param(torch.tensor(3.0), id="a tensor alone"),
        pytest.param({}, id="nothing"),
        pytest.param([2**200, -(2**63)], id="large numbers"),
        pytest.param({"weight": torch.nn.Parameter(torch.ones(2)).detach()}, id="a weight"),
    ],
)
def test_hard_cases_come_back(tmp_path, state):
    assert same(round_trip(state, tmp_path / "state"), state)


def test_channels_last_comes_back_in_its_order_of_memory(tmp_path):
    tensor = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    back = round_trip([tensor, tensor.contiguous()], tmp_path / "state")
    assert [one.stride() for one in back] == [tensor.stride(), tensor.contiguous().stride()]
    assert torch.equal(back[0], tensor)


def test_the_weights_of_a_model_come_back(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    back = round_trip(model.state_dict(), tmp_path / "state")
    assert type(back) is dict  # not an OrderedDict: nothing of a class is stored
    assert same(back, dict(model.state_dict()))


def test_others_can_read_the_tensors(tmp_path):
    weights = {"layer.weight": torch.randn(3, 4), "layer.bias": torch.zeros(3, dtype=torch.bfloat16)}
    write_state(tmp_path / "weights.safetensors", weights, kind="weights")
    found = load_file(tmp_path / "weights.safetensors")
    assert same({name: found[name] for name in weights}, weights) and len(found) == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"a": [{"b": np.float32(1)}]}, r"state\['a'\]\['0'\]\['b'\] is a float32"),
        ({"a": {1.5: 2}}, r"state\['a'\] has the key 1.5"),
        (object(), "the state is a object"),
        ({"z": torch.zeros(2, dtype=torch.complex64)}, r"state\['z'\] is a tensor of torch.complex64"),
        ({"z": torch.zeros(2).to_sparse()}, r"sparse"),
        ({"z": torch.zeros(2, device="meta")}, r"on meta"),
    ],
)
def test_what_cannot_be_written_is_named(tmp_path, state, words):
    with pytest.raises(ValueError, match=words):
        write_state(tmp_path / "state", state)
    assert not list(tmp_path.iterdir())


def test_reading_runs_no_code(tmp_path):
    """What a file says is data: a document full of names of functions stays text."""
    state = {"__reduce__": ["os.system", "echo"], "tag": '{"tensor": "x"}'}
    assert round_trip(state, tmp_path / "state") == state
    header = (tmp_path / "state").read_bytes()[8:]
    assert json.loads(header)["__metadata__"]["format"] == "course checkpoint"
