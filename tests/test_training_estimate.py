"""The forecast before a long cell, and the progress bar that keeps quiet."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from course_utils.data import Batches, Split
from course_utils.training import Estimate, estimate_time, train_epochs
from course_utils.training.progress import progress_bar, someone_watches


def split(count):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 1, 8, 8), generator=generator, dtype=torch.uint8)
    return Split(images.numpy(), torch.randint(0, 3, (count,), generator=generator).numpy())


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 3), nn.BatchNorm1d(3))


def test_the_estimate_changes_neither_model_nor_order_nor_random_numbers():
    one = model()
    before = {name: tensor.clone() for name, tensor in one.state_dict().items()}
    train_loader, val_loader = Batches(split(50), 8, shuffle=True), Batches(split(40), 8)
    state, epoch = torch.random.get_rng_state(), train_loader.epoch
    estimate_time(one, train_loader, val_loader, epochs=2)
    assert all(torch.equal(before[name], tensor) for name, tensor in one.state_dict().items())
    assert torch.equal(state, torch.random.get_rng_state())
    assert train_loader.epoch == epoch


def test_the_estimate_grows_with_the_work(monkeypatch):
    """With a clock that ticks once a call, so that nothing depends on the machine."""
    from course_utils.training import estimate

    ticks = iter(range(10**6))
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: float(next(ticks)))
    val_loader = Batches(split(40), 8)
    seconds = {
        (count, epochs): estimate_time(model(), Batches(split(count), 8), val_loader, epochs).seconds
        for count, epochs in ((40, 1), (40, 3), (400, 1))
    }
    # Each batch takes one tick to load, one to evaluate, one to train: 2 + 2 ticks for 8 images.
    assert seconds[40, 1] == pytest.approx(5 * 4)
    assert seconds[40, 3] == pytest.approx(3 * 5 * 4)
    assert seconds[400, 1] == pytest.approx(50 * 2 + 5 * 2)


def test_loaders_of_one_batch_and_of_no_split_can_be_timed():
    loader = [(torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 0]))]
    assert estimate_time(model(), loader * 3, loader, epochs=1).seconds > 0
    with pytest.raises(ValueError, match="no batch"):
        estimate_time(model(), loader, [], epochs=1)


@pytest.mark.parametrize(
    "seconds,words",
    [(0.2, "a second"), (7.4, "7 seconds"), (99, "99 seconds"), (150, "2 minutes"), (600, "10 minutes")],
)
def test_an_estimate_reads_as_a_person_would_say_it(seconds, words):
    assert str(Estimate(seconds, "the CPU (2 threads)")) == f"about {words} on the CPU (2 threads)"


def test_estimates_add_up():
    total = 3 * (Estimate(2.0, "x") + Estimate(5.0, "x"))
    assert total.seconds == 21.0


def test_nobody_watches_under_pytest(monkeypatch, capsys):
    assert not someone_watches()
    loader = Batches(split(16), 8)
    network = model()
    train_epochs(network, loader, loader, torch.optim.SGD(network.parameters(), lr=0.1), 2)
    assert capsys.readouterr() == ("", "")


def test_a_person_at_a_terminal_sees_a_bar(monkeypatch):
    for name in ("PYTEST_VERSION", "CI", "COURSE_QUIET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert someone_watches()
    assert progress_bar(3, "step", show=False).disable
    monkeypatch.setenv("COURSE_QUIET", "1")
    assert not someone_watches()


def test_output_to_a_file_holds_no_bar():
    code = (
        "import torch; from torch import nn; from course_utils.training import train_epochs\n"
        "m = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))\n"
        "d = [(torch.randn(3, 1, 2, 2), torch.tensor([0, 1, 0]))]\n"
        "train_epochs(m, d, d, torch.optim.SGD(m.parameters(), lr=0.1), 2)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
