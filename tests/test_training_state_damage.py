"""The file of a state: what is damaged or foreign is refused with its reason."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from course_utils.training import state_file
from course_utils.training.errors import CheckpointError
from course_utils.training.state_file import read_state, write_state


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "state.safetensors"
    write_state(path, {"model": {"weight": torch.arange(40.0), "bias": torch.ones(3)}, "step": 7, "t": "é"})
    return path


def test_every_flipped_bit_is_noticed(good):
    whole = good.read_bytes()
    rng = np.random.default_rng(5)
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        good.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"damaged|truncated|not written by this course"):
            read_state(good)


def test_every_truncation_is_noticed(good):
    whole = good.read_bytes()
    for length in range(len(whole)):
        good.write_bytes(whole[:length])
        words = r"truncated" if length > 8 else r"empty|not a safetensors file"
        with pytest.raises(CheckpointError, match=words):
            read_state(good)


def test_bytes_too_many_are_noticed(good):
    good.write_bytes(good.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match="damaged"):
        read_state(good)


def pickled(path):
    torch.save({"weight": torch.ones(3)}, path)


def pickled_as_of_old(path):
    torch.save({"weight": torch.ones(3)}, path, _use_new_zipfile_serialization=False)


def of_another_program(path):
    save_file({"weight": torch.ones(3)}, path, metadata={"format": "pt"})


def of_a_later_version(path):
    write_state(path, {"step": 1})
    rewrite(path, b'"version":"1"', b'"version":"2"')


def with_an_absurd_length(path):
    write_state(path, {"step": 1})
    path.write_bytes(struct.pack("<Q", 2**63) + path.read_bytes()[8:])


def rewrite(path, old, new):
    """Change bytes and make the checksum fit again."""
    content = path.read_bytes().replace(old, new)
    start, stop = state_file.DIGEST.start, state_file.DIGEST.stop
    digest = state_file._digest([content])
    path.write_bytes(content[:start] + digest.encode() + content[stop:])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (pickled, "a pickle .* not opened"),
        (pickled_as_of_old, "a pickle .* not opened"),
        (of_another_program, "a safetensors file of another program"),
        (of_a_later_version, "format version 2; this course reads version 1"),
        (with_an_absurd_length, "damaged"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"hello " * 100), "not a safetensors file"),
        (lambda path: path.write_bytes(bytes(1000)), "not a safetensors file"),
        (
            lambda path: write_state(path, {"w": torch.ones(1)}, kind="weights"),
            "is a weights file, not a checkpoint",
        ),
        (lambda path: path.mkdir(), "cannot be read"),
        (lambda path: None, "cannot be read"),
    ],
)
def test_foreign_files_are_refused_with_their_reason(tmp_path, make, words):
    path = tmp_path / "checkpoint"
    make(path)
    with pytest.raises(CheckpointError, match=words) as refused:
        read_state(path)
    assert str(path) in str(refused.value)


def test_a_checksum_that_fits_and_a_document_that_does_not(tmp_path):
    """Nobody but a forger makes such a file; it is refused like any other."""
    path = tmp_path / "checkpoint"
    write_state(path, {"step": torch.ones(1)})
    rewrite(path, rb"{\"tensor\":\"step\"}", rb"{\"tensor\":\"nope\"}")
    with pytest.raises(CheckpointError, match="was not written by this course: KeyError"):
        read_state(path)
