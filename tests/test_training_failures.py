"""Memory that runs out and losses that blow up: recognised, and answered with what to do."""

from __future__ import annotations

import pytest
import torch

from course_utils.training.config import TrainConfig
from course_utils.training.failures import (
    diverged_error,
    is_out_of_memory,
    largest_fitting_batch,
    out_of_memory_error,
)

CUDA = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 14.75 GiB"
CPU = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
    "allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
)
WINDOWS = (
    "[enforce fail at alloc_cpu.cpp:72] data. DefaultCPUAllocator: not enough memory: you tried to allocate 4"
)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(CUDA),
        RuntimeError(CPU),
        RuntimeError(WINDOWS),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.0 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError("Unable to allocate 4.00 TiB for an array"),
    ],
    ids=str,
)
def test_memory_that_has_run_out_is_recognised(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (8x96 and 95x3)"),
        RuntimeError("CUDA error: device-side assert triggered"),
        ValueError("can't allocate memory"),
        OSError(28, "No space left on device"),
    ],
    ids=str,
)
def test_other_errors_are_not(error):
    assert not is_out_of_memory(error)


def test_what_the_cpu_really_says_is_recognised():
    with pytest.raises(RuntimeError) as failed:
        torch.empty(2**58)
    assert is_out_of_memory(failed.value)


@pytest.fixture(autouse=True)
def freed(monkeypatch):
    """To collect garbage takes long in a process this large; that it is asked for is enough."""
    calls = []
    monkeypatch.setattr("gc.collect", lambda: calls.append("collected"))
    return calls


class Memory:
    """A device on which a batch of `room` images fits."""

    def __init__(self, room: int) -> None:
        self.room, self.tried = room, []

    def try_batch(self, size: int) -> None:
        self.tried.append(size)
        if size > self.room:
            raise torch.OutOfMemoryError(CUDA)


@pytest.mark.parametrize("room", [0, 1, 2, 3, 5, 31, 63, 64, 100, 255, 511])
@pytest.mark.parametrize("batch_size", [2, 3, 96, 512])
def test_the_largest_batch_that_fits_is_found_within_a_quarter(room, batch_size):
    if room >= batch_size:
        return
    memory = Memory(room)
    fits = largest_fitting_batch(memory.try_batch, batch_size)
    assert fits <= room
    assert fits * 1.25 + 1 >= room
    assert (fits == 0) == (room == 0)
    assert fits in (0, *memory.tried) and len(memory.tried) <= 11


def test_memory_is_given_back_before_each_trial(freed):
    memory = Memory(5)
    largest_fitting_batch(memory.try_batch, 64)
    assert len(freed) == len(memory.tried) > 3


def test_a_batch_of_one_has_nothing_below_it():
    memory = Memory(0)
    assert largest_fitting_batch(memory.try_batch, 1) == 0
    assert memory.tried == []


def test_other_errors_of_the_trial_pass():
    def broken(size):
        raise ValueError("Expected more than 1 value per channel when training")

    with pytest.raises(ValueError, match="more than 1 value"):
        largest_fitting_batch(broken, 8)


def test_the_message_says_which_batch_would_have_fitted():
    text = str(out_of_memory_error(512, 384))
    assert "batch of 512 images does not fit" in text
    assert "batch_size=384" in text and "learning rate by 0.75" in text


def test_the_message_when_nothing_fits_or_nothing_was_tried():
    assert "Not even one image fits" in str(out_of_memory_error(512, 0))
    assert "half the batch_size" in str(out_of_memory_error(512, None))
    assert "half the batch_size" in str(out_of_memory_error(None, None))


def test_a_diverged_run_says_when_and_what_to_try():
    text = str(diverged_error(136, 3, 0.4, TrainConfig(lr=0.6, warmup=0.05, precision="float16")))
    assert "step 137 (epoch 3)" in text and "learning rate of 0.4" in text
    advice = [line for line in text.splitlines() if line.startswith("- ")]
    assert "lr=0.2" in advice[0]
    assert "float32" in advice[1] and "clip_norm" in advice[2] and "warmup=0.2" in advice[3]


def test_what_is_done_already_is_not_advised():
    text = str(diverged_error(0, 1, 0.1, TrainConfig(clip_norm=1.0, warmup=0.3, precision="float32")))
    assert "clip_norm" not in text and "warm-up" not in text and "precision" not in text
