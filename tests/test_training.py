"""The training loop of lesson 06: one step, evaluation, fit, history, seeds."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import SmallCNN
from course_utils.plots import history_columns
from course_utils.training import (
    History,
    best_device,
    device_of,
    evaluate,
    evaluating,
    seed_everything,
    train_epochs,
    train_step,
)


def batches(sizes=(5, 5, 2), seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = [torch.randn(size, 1, 6, 6, generator=generator) for size in sizes]
    return [(x, (x.mean(dim=(1, 2, 3)) > 0).long()) for x in images]


def moody():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(36, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2)
    )


class DrawnOnce(list):
    """A loader with a length that counts its passes."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


@pytest.mark.parametrize("sizes", [(1,) * 12, (5, 5, 2), (7, 5), (12,)])
def test_evaluation_does_not_depend_on_the_batches(sizes):
    model = moody().eval()
    images, labels = (torch.cat(column) for column in zip(*batches((12,)), strict=True))
    loader = list(zip(images.split(sizes), labels.split(sizes), strict=True))
    result, logits = evaluate(model, loader), model(images)
    assert result.count == 12
    assert math.isclose(result.loss, F.cross_entropy(logits, labels).item(), rel_tol=1e-5)
    assert math.isclose(result.accuracy, (logits.argmax(1) == labels).float().mean().item(), rel_tol=1e-6)


def test_evaluation_leaves_no_trace():
    model = moody().train()
    model[2].eval()  # a frozen batch norm inside a training model stays frozen
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert evaluate(model, batches()) == evaluate(model, batches())
    assert model.training and model[4].training and not model[2].training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_modes_come_back_after_an_exception():
    model = moody().train()
    with pytest.raises(ZeroDivisionError), evaluating(model):
        assert not model.training and not torch.is_grad_enabled()
        raise ZeroDivisionError
    assert model.training and model[4].training and torch.is_grad_enabled()


def test_an_empty_loader_is_refused():
    with pytest.raises(ValueError, match="yields no images"):
        evaluate(moody(), [])


def test_a_step_is_the_optimizer_s_step_on_fresh_gradients():
    images, labels = batches((6,))[0]
    one, two = SmallCNN(1, 2, width=2).double(), SmallCNN(1, 2, width=2).double()
    two.load_state_dict(one.state_dict())
    images, optimizer = images.double(), torch.optim.SGD(one.parameters(), lr=0.1)
    for _ in range(3):
        expected = F.cross_entropy(two(images), labels)
        gradients = torch.autograd.grad(expected, list(two.parameters()))
        right = int((two(images).argmax(1) == labels).sum())
        assert train_step(one.eval(), images, labels, optimizer) == (pytest.approx(expected.item()), right)
        assert one.training
        with torch.no_grad():
            for parameter, gradient in zip(two.parameters(), gradients, strict=True):
                parameter -= 0.1 * gradient
    for left, other in zip(one.parameters(), two.parameters(), strict=True):
        torch.testing.assert_close(left, other)


def test_train_epochs_learns_and_keeps_a_row_an_epoch():
    seed_everything(0)
    model = moody()
    train, val = batches((16,) * 8, seed=1), DrawnOnce(batches((30, 7), seed=2))
    history = train_epochs(
        model, train, val, torch.optim.AdamW(model.parameters(), lr=1e-2), 15, progress=False
    )
    assert len(history) == 15 == val.passes
    assert [row["epoch"] for row in history] == list(range(1, 16))
    assert history["train_loss"][-1] < history["train_loss"][0]
    last = evaluate(model, val)
    assert (history[-1]["val_loss"], history[-1]["val_accuracy"]) == (last.loss, last.accuracy)
    assert history["val_accuracy"][-1] > 0.6
    assert list(history_columns(history)["val_loss"]) == history["val_loss"]


def test_the_training_figures_are_means_over_images():
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    loader = batches((5, 5, 2))
    history = train_epochs(
        model, loader, loader, torch.optim.SGD(model.parameters(), lr=0.0), 1, progress=False
    )
    still = evaluate(model, loader)
    assert history["train_loss"] == [pytest.approx(still.loss)]
    assert history["train_accuracy"] == [pytest.approx(still.accuracy)]


def test_the_same_seed_gives_the_same_run():
    losses = []
    for _ in range(2):
        seed_everything(3)
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(36, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses.append(train_epochs(model, batches(), batches(), optimizer, 2, progress=False)["train_loss"])
    assert losses[0] == losses[1]


def test_a_run_that_explodes_stops_and_says_what_to_do():
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    with torch.no_grad():
        model[1].weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        train_epochs(
            model, batches(), batches(), torch.optim.SGD(model.parameters(), lr=0.1), 3, progress=False
        )


def test_a_history_knows_its_columns_and_prints_its_last_row():
    history = History()
    assert repr(history) == "History(no epochs yet)"
    history.add(1, train_loss=2.0, train_accuracy=0.25, val_loss=2.5, val_accuracy=0.125)
    assert repr(history) == "History(1 epochs; last: train loss 2.000, val loss 2.500, val accuracy 12.5%)"
    with pytest.raises(KeyError, match="no column 'loss'; there are epoch, train_loss"):
        history["loss"]


def test_a_model_is_where_its_weights_are():
    assert device_of(nn.Linear(2, 2)).type == "cpu"
    assert device_of(nn.ReLU()).type == "cpu"
    assert device_of(nn.Linear(2, 2, device="meta")).type == "meta"
    assert best_device().type in ("cpu", "cuda", "mps")
