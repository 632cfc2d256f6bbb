"""Two processes that train as one: the same gradients, weights and figures; and when one is lost."""

import json
import math
import multiprocessing
import os
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.multiprocessing as processes
from safetensors.torch import load_file, save_file
from torch import nn

from course_utils.data import Batches
from course_utils.data.datasets import Split
from course_utils.training import TrainConfig, TrainingError, distributed, fit
from course_utils.training.distributed import Group, current, wrap

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
if METHOD == "forkserver":  # torch is then imported once, and not once in each process
    multiprocessing.set_forkserver_preload(["torch._dynamo", "course_utils.training", "safetensors.torch"])
COUNTS = (7, 1, 6)  # images in a batch of two: unequal shares, one empty share, equal shares


def start(work, folder, world=2):
    """Run work(folder) in `world` processes, as torchrun would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = (work, world, port, str(folder))
    return processes.start_processes(one_process, arguments, nprocs=world, start_method=METHOD, join=False)


def one_process(rank, work, world, port, folder):
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in names.items()}, MASTER_ADDR="127.0.0.1")
    os.environ["COURSE_QUIET"] = "1"
    torch.set_num_threads(1)
    work(Path(folder))


def network():
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, momentum=None), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(2), nn.BatchNorm1d(6, affine=False),
        nn.Flatten(), nn.Linear(24, 3),
    )  # fmt: skip


def gradients_of(forward, model, rank=0, world=1):
    """The input's and the weights' gradients of one mean loss after another, and all buffers at the end."""
    generator, found = torch.Generator().manual_seed(1), {}
    for number, count in enumerate(COUNTS):
        images = torch.randn(count, 3, 8, 8, generator=generator, dtype=torch.float64) * 3 + 5
        target = torch.randn(count, 3, generator=generator, dtype=torch.float64)
        images, target = images[rank::world].requires_grad_(), target[rank::world]
        model.zero_grad()
        loss = ((forward(images) - target) ** 2).sum() * world / count
        loss.backward()
        found[f"{number} images"] = (
            images.grad / world
        )  # one process's part of the loss is world times too much
        found |= {f"{number} {name}": weight.grad.clone() for name, weight in model.named_parameters()}
    return found | {name: buffer.clone() for name, buffer in model.named_buffers()}


def pictures(count=11):
    generator = np.random.default_rng(0)
    return Split(generator.integers(0, 256, (count, 3, 8, 8), dtype=np.uint8), np.arange(count) % 3)


def train(folder=None):
    # Batches of 5, 5 and 1: unequal shares, and at last none for rank 1.
    loader = Batches(pictures(), 5, True, mean=0.5, std=0.3, flip=True)
    val = Batches(pictures(7), 3, mean=0.5, std=0.3)
    model = network()
    config = TrainConfig(epochs=3, lr=0.05, label_smoothing=0.1, precision="float32", folder=folder)
    return model, fit(model, loader, val, config)


def do_everything(folder):
    group = current(120)
    assert current() is group
    model = network().double()
    found = gradients_of(wrap(model, group), model, group.rank, group.world)
    trained, run = train(folder / str(group.rank))
    found |= {f"trained {name}": value for name, value in trained.state_dict().items()}
    save_file(found, folder / f"{group.rank}.safetensors")
    said = group.broadcast({"said": [1, None, "é"]} if group.is_main else None)
    figures = {"said": said, "main": group.is_main, "history": list(run.history)}
    (folder / f"{group.rank}.json").write_text(json.dumps(figures))
    group.barrier()
    distributed.close()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What two processes found: [tensors of each], [figures of each], their folder."""
    folder = tmp_path_factory.mktemp("two")
    started = start(do_everything, folder)
    while not started.join(timeout=120):
        pass
    tensors = [load_file(folder / f"{rank}.safetensors") for rank in (0, 1)]
    return tensors, [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)], folder


@pytest.fixture(scope="module")
def one():
    """What one process finds: tensors, figures."""
    model = network().double()
    found = gradients_of(model, model)
    trained, run = train()
    return found | {f"trained {name}": value for name, value in trained.state_dict().items()}, list(
        run.history
    )


def test_gradients_are_those_of_the_whole_batch(one, two):
    for name, expected in one[0].items():
        if name.endswith("images"):
            count = COUNTS[int(name.split()[0])]
            parts = [tensors[name] for tensors in two[0]]
            assert [len(part) for part in parts] == [math.ceil(count / 2), count // 2]
            for rank in (0, 1):
                torch.testing.assert_close(parts[rank], expected[rank::2], rtol=1e-9, atol=1e-12)
        elif not name.startswith("trained"):
            for tensors in two[0]:
                torch.testing.assert_close(tensors[name], expected, rtol=1e-9, atol=1e-12, msg=name)


def test_weights_are_those_of_one_process(one, two):
    trained = {name: value for name, value in one[0].items() if name.startswith("trained")}
    start = {f"trained {name}": value for name, value in network().state_dict().items()}
    assert not torch.allclose(trained["trained 0.weight"], start["trained 0.weight"], atol=1e-3)
    for name, expected in trained.items():
        assert torch.equal(two[0][0][name], two[0][1][name]), name
        torch.testing.assert_close(two[0][0][name], expected, rtol=1e-4, atol=1e-5, msg=name)


def test_figures_are_those_of_one_process(one, two):
    for figures in two[1]:
        assert figures["said"] == {"said": [1, None, "é"]}
        for row, expected in zip(figures["history"], one[1], strict=True):
            assert row == pytest.approx(expected, rel=1e-4)


def test_only_process_0_writes(two):
    _, figures, folder = two
    assert [found["main"] for found in figures] == [True, False]
    assert (folder / "0" / "run.json").is_file() and (folder / "0" / "history.csv").is_file()
    assert not (folder / "1").exists() or not [*(folder / "1").rglob("*.*")]


def lose_the_other(folder):
    group = current(120)
    group.barrier()
    if group.is_main:
        try:
            group.sum_(torch.ones(3))
        except TrainingError as error:
            (folder / "error.txt").write_text(str(error))
    else:
        os._exit(0)  # as a kill would end it


def wait_in_vain(folder):
    group = current(3)
    if group.is_main:
        try:
            group.sum_(torch.ones(3))
        except TrainingError as error:
            (folder / "error.txt").write_text(str(error))
            (folder / "over").touch()
    else:
        while not (folder / "over").exists():
            pass


@pytest.mark.parametrize("work", [lose_the_other, wait_in_vain])
def test_a_lost_process_is_an_error_and_not_a_wait(work, tmp_path):
    started = start(work, tmp_path)
    while not started.join(timeout=60):
        pass
    said = (tmp_path / "error.txt").read_text()
    assert said.startswith("Process 0 of 2 no longer hears from the others")
    assert "--resume" in said


def test_alone_nothing_is_sent():
    group, model, numbers = Group(), nn.Linear(2, 2), torch.ones(3)
    assert group.is_main and wrap(model, group) is model
    assert group.sum_(numbers) is numbers and numbers.tolist() == [1, 1, 1]
    assert group.gather(numbers).shape == (1, 3)
    assert group.broadcast("text") == "text"
    group.barrier()


@pytest.mark.parametrize(
    ("group", "requested", "says"),
    [
        (Group(0, 2, 0), "cuda:1", "would be shared by 2 processes"),
        (Group(0, 2, 0), "meta", "several processes train on 'cuda' or 'cpu' only"),
        (Group(9, 10, 9_999), "cuda", "finds no GPU of its own"),
        (Group(), "toaster", "device 'toaster'"),
    ],
)
def test_a_device_that_cannot_be_is_refused(group, requested, says):
    with pytest.raises(ValueError, match=says):
        group.device(requested)


def test_what_torchrun_would_set_is_named_when_it_is_missing(monkeypatch):
    monkeypatch.setattr(distributed, "_joined", None)
    for name in distributed.SET_BY_TORCHRUN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(TrainingError, match="RANK, LOCAL_RANK, MASTER_ADDR, MASTER_PORT is not set"):
        current()
