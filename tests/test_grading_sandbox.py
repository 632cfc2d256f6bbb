"""Questions to real workers: limits are kept, forged replies are seen, and the next worker is well."""

import dataclasses

import pytest
import torch
from sandboxes import HONEST, SECONDS, ending, run, tell

from course_utils.grading.sandbox.sandbox import WorkerEnded
from course_utils.worker.codec import decode, encode

pytest_plugins = ["sandbox_fixtures"]  # the fixtures `walled`, `bare` and `sandbox`, which is both in turn


def test_what_is_printed_is_kept_and_made_harmless(sandbox):
    with sandbox.worker() as worker:
        run(worker, "import sys\nprint('a\\x1b[2J\\u202e')\nsys.stderr.write('b\\x00')")
    assert worker.log == "a\\x1b[2J\\u202e\nb\\x00"


def test_the_log_is_cut(sandbox):
    with sandbox.worker() as worker:
        run(worker, "print('x' * 1_000_000)")
    assert worker.log.startswith("xxx") and worker.log.endswith("[934465 more bytes]")


def test_endless_output_ends_the_worker(sandbox):
    assert ending(sandbox, "import os\nwhile True: os.write(1, b'x' * 65536)") == "too much"


@pytest.mark.parametrize("source", ["while True: pass", "import time; time.sleep(1000)"])
def test_whoever_does_not_answer_is_out_of_time(sandbox, source):
    assert ending(sandbox, source, 1.0) == "time"


def test_nobody_answers_input(sandbox):
    with sandbox.worker() as worker:
        assert type(run(worker, "input()")) is EOFError


def test_signals_to_itself_do_not_help(sandbox):
    source = """
import signal, time
for number in signal.valid_signals():
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True: time.sleep(1)
"""
    assert ending(sandbox, source, 1.0) == "time"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os; os._exit(0)", "died"),
        ("import ctypes; ctypes.string_at(0)", "died"),
        ("import os; os.abort()", "died"),
        ("import os; os.closerange(0, 100)", "died"),
        ("import os, time; os.close(3); time.sleep(1000)", "died"),
        ("import os; os.write(3, b'\\0\\0\\0\\1x')", "forged"),
        ("import os; os.write(3, b'\\xff\\xff\\xff\\xff')", "too much"),
        ("import os; os.write(3, b'\\0\\0\\0\\2{}')", "forged"),
        ("import os; os.write(3, b'\\0\\0\\0\\x0c' + b'{\"ok\": true}')", "forged"),
        ("import os\nfor _ in range(4096): os.write(3, b'\\0')", "forged"),
        ("import socket; socket.socket(fileno=3).shutdown(2)", "died"),
    ],
)
def test_an_end_and_a_forged_reply_are_told_apart(sandbox, source, reason):
    assert ending(sandbox, source) == reason


def test_a_reply_before_the_question_is_forged(sandbox):
    source = """
from course_utils.worker import frames
send = frames.send
def early(sock, reply, wait=None):
    send(sock, reply)
    send(sock, {"id": reply["id"], "kind": "missing", "value": None})
frames.send = early
"""
    assert ending(sandbox, source) == "forged"


def test_a_reply_with_the_id_of_another_question_is_forged(sandbox):
    source = """
from course_utils.worker import frames
send = frames.send
frames.send = lambda sock, reply, wait=None: send(sock, {**reply, "id": "0" * 32})
"""
    assert ending(sandbox, source) == "forged"


def test_memory_is_limited(sandbox, monkeypatch):
    monkeypatch.setattr(sandbox, "limits", dataclasses.replace(sandbox.limits, memory_bytes=2**29))
    with sandbox.worker() as worker:
        assert type(run(worker, "x = bytearray(8 * 2**30)")) is MemoryError
        assert isinstance(run(worker, "import torch; torch.ones(2**31)"), RuntimeError)
        assert isinstance(run(worker, "import mmap; mmap.mmap(-1, 8 * 2**30)"), (OSError, MemoryError))
        assert isinstance(run(worker, "x = []\nwhile True: x.append(bytearray(2**26))"), MemoryError)
        assert run(worker, HONEST) is None


def test_files_are_limited(sandbox):
    with sandbox.worker() as worker:
        error = run(worker, "with open('a', 'wb') as file:\n  while True: file.write(bytes(2**20))")
        assert isinstance(error, OSError) and "large" in str(error)


def test_gradients_and_layers_work(sandbox):
    source = """
import torch
def f():
    torch.set_num_threads(4)
    layer = torch.nn.Conv2d(3, 4, 3)
    layer(torch.ones(2, 3, 9, 9)).sum().backward()
    (torch.randn(300, 300) @ torch.ones(300, 300)).exp().sum()
    return layer.weight.grad.shape, torch.linalg.inv(torch.eye(50)).sum()
"""
    with sandbox.worker() as worker:
        shape, total = tell(worker, source)
        assert shape == (4, 3, 3, 3) and total == 50 and worker.log == ""


LOADERS = """
import torch
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(6.0))
def f():
    found = []
    for options in ({}, {"num_workers": 2}, {"num_workers": 2, "timeout": 5, "prefetch_factor": 3},
                    {"num_workers": 1, "persistent_workers": True}):
        torch.manual_seed(0)
        loader = DataLoader(data, batch_size=4, shuffle=True, **options)
        found.append([[batch.tolist() for batch, in loader] for epoch in range(2)])
    return loader.num_workers, len(loader), found
"""


def test_loaders_with_workers_do_without_and_give_the_same(sandbox):
    with sandbox.worker() as worker:
        workers, batches, found = tell(worker, LOADERS)
    assert (workers, batches) == (1, 2) and found[1] == found[2] == found[0]
    assert found[3][0] == found[0][0]  # the second order comes from other numbers where the workers stay
    for epochs in found:
        assert [sorted([*first, *rest]) for first, rest in epochs] == [[0, 1, 2, 3, 4, 5]] * 2


COMPILED = """
import torch
@torch.compile
def double(x):
    return 2 * x
@torch.compile(fullgraph=True)
def half(x):
    return x / 2
model = torch.nn.Linear(1, 1)
model.compile(mode="default")
def f():
    x = torch.ones(1)
    return torch.compile(model) is model, double(x), half(x), model(x).shape
"""


def test_what_would_be_compiled_runs_as_it_is(sandbox):
    with sandbox.worker() as worker:
        same, doubled, halved, shape = tell(worker, COMPILED)
    assert same and (doubled, halved, shape) == (2, 0.5, (1,))


def test_workers_begin_alike(sandbox):
    source = """
import random, numpy, torch
def f(): return random.random(), numpy.random.rand(), torch.rand(1).item()
"""
    values = []
    for _ in range(2):
        with sandbox.worker() as worker:
            values.append(tell(worker, source))
    assert values[0] == values[1]


def test_processor_time_is_limited(sandbox, monkeypatch):
    monkeypatch.setattr(sandbox, "limits", dataclasses.replace(sandbox.limits, cpu_seconds=1))
    source = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    with sandbox.worker() as worker, pytest.raises(WorkerEnded) as ended:
        run(worker, source, 60.0)
    assert ended.value.reason == "time" and "processor" in ended.value.detail


def test_the_wall_time_of_a_worker_is_limited(sandbox):
    with sandbox.worker(seconds=0.5) as worker, pytest.raises(WorkerEnded) as ended:
        run(worker, "import time; time.sleep(1000)", 60.0)
    assert ended.value.reason == "time"


def test_a_question_that_nobody_reads_ends_in_time(sandbox):
    with sandbox.worker() as worker, pytest.raises(WorkerEnded) as ended:
        run(worker, "import time, course_utils.worker.frames as f\nf.receive = lambda *_: time.sleep(1000)")
        worker.ask({"do": "call", "name": "f", "args": encode((torch.zeros(2_000_000),))}, 1.0)
    assert ended.value.reason == "time"


def test_large_inputs_and_values_pass(sandbox):
    with sandbox.worker() as worker:
        assert run(worker, "def f(x): return x + 1") is None
        request = {"do": "call", "name": "f", "args": encode((torch.zeros(2_000_000),))}
        assert decode(worker.ask(request, SECONDS)["value"]).sum() == 2_000_000


def test_too_large_a_value_is_too_much(sandbox):
    assert ending(sandbox, "import torch\nf = torch.zeros(2**25)") == "too much"


def test_the_disk_is_limited(walled):
    source = """
def f():
    for number in range(100):
        with open(str(number), "wb") as file: file.write(bytes(60 * 2**20))
"""
    with walled.worker() as worker:
        error = tell(worker, source)
        assert isinstance(error, OSError) and "No space left" in str(error)
    with walled.worker() as worker:
        assert run(worker, "open('x', 'wb').write(bytes(60 * 2**20))") is None
