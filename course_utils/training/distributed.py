"""Several processes that train one model: each holds a copy, takes its share of every batch, and they agree
on the gradient before every step.

`torchrun` starts the processes and tells each its number by environment variables; `current()` reads them.
Without torchrun there is one process, every operation here does nothing, and the same code runs. Lesson 13.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from course_utils.training.devices import best_device
from course_utils.training.errors import TrainingError

PATIENCE = 600.0  # seconds to wait for another process: it may be compiling, or writing to a slow disk
SET_BY_TORCHRUN = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")

_joined: Group | None = None


@dataclass(frozen=True)
class Group:
    """The processes of one run, seen from one of them.

    Attributes:
        rank: this process's number, 0 to world - 1.
        world: how many processes there are, on all machines.
        local_rank: its number among those of its own machine; its GPU has the same number.
        backend: what carries the messages, in PyTorch's words ("gloo"; with GPUs "cpu:gloo,cuda:nccl");
            "none" for a process alone.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    backend: str = "none"

    @property
    def is_main(self) -> bool:
        """Whether this is the one process that prints and writes files."""
        return self.rank == 0

    def device(self, requested: torch.device | str | None = None) -> torch.device:
        """Where this process computes: its own GPU for None, "auto" or "cuda", else what was asked for.

        Raises:
            ValueError: there is no such device, or several processes would share one GPU.
        """
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if requested in (None, "auto"):
            requested = best_device() if self.world == 1 else "cuda" if gpus else "cpu"
        try:
            device = torch.device(requested)
        except RuntimeError as error:
            raise ValueError(f"device {requested!r}: choose 'cpu', 'cuda', 'cuda:1' or 'mps'") from error
        if device.type == "mps" and not torch.backends.mps.is_available():
            raise ValueError("device 'mps': this machine has no GPU of Apple's, or this torch cannot use it")
        if self.world == 1:
            if device.type == "cuda" and (device.index or 0) >= gpus:
                raise ValueError(f"device {str(device)!r}: torch finds {gpus} CUDA GPUs here")
            return device
        return self._own(device, gpus)

    def _own(self, device: torch.device, gpus: int) -> torch.device:
        if device.type == "cpu":
            return device
        if device.type != "cuda":
            raise ValueError(f"device {str(device)!r}: several processes train on 'cuda' or 'cpu' only")
        if device.index is not None:
            raise ValueError(
                f"device {str(device)!r} would be shared by {self.world} processes: ask for 'cuda', and each "
                "takes its own; CUDA_VISIBLE_DEVICES chooses among them"
            )
        if self.local_rank >= gpus:
            raise ValueError(
                f"process {self.local_rank} of this machine finds no GPU of its own ({gpus} here): start "
                "torchrun with --nproc-per-node=gpu, or use device 'cpu'"
            )
        return torch.device("cuda", self.local_rank)

    def sum_(self, tensor: torch.Tensor) -> torch.Tensor:
        """Replace `tensor` (any shape, the same in each process) by its sum over the processes; return it."""
        if self.world > 1:
            with self.explaining():
                dist.all_reduce(tensor)
        return tensor

    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensors (...) of all processes, one shape, as (world, ...)."""
        if self.world == 1:
            return tensor.unsqueeze(0)
        parts = [torch.empty_like(tensor) for _ in range(self.world)]
        with self.explaining():
            dist.all_gather(parts, tensor)
        return torch.stack(parts)

    def broadcast(self, value: Any = None) -> Any:
        """What process 0 passes, in every process; anything that JSON holds (tuples arrive as lists)."""
        if self.world == 1:
            return value
        text = bytearray(json.dumps(value).encode()) if self.is_main else bytearray()
        length = self.sum_(torch.tensor([len(text)]))  # the others pass 0
        content = torch.zeros(int(length), dtype=torch.uint8)
        if self.is_main:
            content.copy_(torch.frombuffer(text, dtype=torch.uint8))
        with self.explaining():
            dist.broadcast(content, src=0)
        return json.loads(bytes(content.tolist()))

    def require_same(self, number: int, otherwise: str) -> None:
        """Raise a TrainingError with the text `otherwise`, in every process, unless all have this number."""
        if len(self.gather(torch.tensor([number])).unique()) > 1:
            raise TrainingError(otherwise)

    def barrier(self) -> None:
        """Return when every process has come here."""
        self.sum_(torch.zeros(1))

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Turn the error of a process that has lost the others into a TrainingError that says so."""
        try:
            yield
        except RuntimeError as error:
            # nccl and the place of meeting have classes of errors; gloo has its path in the text.
            if self.world == 1 or not (isinstance(error, dist.DistError) or "gloo" in str(error)):
                raise
            raise TrainingError(
                f"Process {self.rank} of {self.world} no longer hears from the others: one of them has "
                f"failed, or has kept them waiting for {PATIENCE:.0f} seconds. The first error that another "
                "process printed is the cause; mend that, and start all processes again, with --resume to go "
                f"on from the last checkpoint.\n({str(error).strip().splitlines()[0]})"
            ) from error


def current(patience: float = PATIENCE) -> Group:
    """The processes that this one belongs to; the first call makes them meet.

    Args:
        patience: seconds to wait for another process before giving up.

    Raises:
        TrainingError: WORLD_SIZE says that there are several, but what torchrun sets besides is missing, or
            the others did not come.
    """
    global _joined
    if _joined is None:
        world = int(os.environ.get("WORLD_SIZE", "1"))
        _joined = Group() if world == 1 else _join(world, patience)
    return _joined


def close() -> None:
    """Leave the group; the next call of `current` looks again."""
    global _joined
    _joined = None
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def wrap(model: nn.Module, group: Group) -> nn.Module:
    """The module to run forward in training: the same weights, whose gradients become means over the group.

    Backward through it leaves in each `.grad` the mean over the processes, so the loss of a process must be
    `world` times its part of the global mean. Batch norms then take their statistics over all processes.
    For one process it is `model` itself. `model` must be on its device.
    """
    if group.world == 1:
        return model
    # DistributedDataParallel and what this module needs of the compiler take seconds to import.
    from course_utils.training.synced_batch_norm import synced_batch_norm

    synced_batch_norm(model, group)
    parallel = nn.parallel.DistributedDataParallel
    # Synced batch norms have the same running statistics everywhere: nothing is left to be sent in each step.
    # PyTorch 2.15 has renamed that option.
    names = ("forward_sync_buffers", "broadcast_buffers")
    option = next(name for name in names if name in inspect.signature(parallel).parameters)
    with group.explaining():
        return parallel(model, gradient_as_bucket_view=True, **{option: False})


def _join(world: int, patience: float) -> Group:
    missing = [name for name in SET_BY_TORCHRUN if name not in os.environ]
    if missing:
        raise TrainingError(
            f"WORLD_SIZE is {world} but {', '.join(missing)} is not set: start several processes with "
            "torchrun --nproc-per-node=K -m course_utils.training …, or unset WORLD_SIZE for one."
        )
    rank, local_rank = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    with_gpus = torch.cuda.is_available() and dist.is_nccl_available()
    if with_gpus and local_rank < torch.cuda.device_count():
        torch.cuda.set_device(local_rank)
    group = Group(rank, world, local_rank, "cpu:gloo,cuda:nccl" if with_gpus else "gloo")
    with group.explaining():
        dist.init_process_group(group.backend, timeout=timedelta(seconds=patience))
    return group
