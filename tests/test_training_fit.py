"""fit: the same mathematics as a plain loop, and what it says when something is wrong."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from filelock import FileLock
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.data import Batches, Split
from course_utils.training import TrainConfig, TrainingError, evaluate, fit
from course_utils.training.checkpoint import Checkpoints
from course_utils.training.prediction import predict
from course_utils.training.schedules import learning_rate
from course_utils.training.trainer import Trainer


def split(count=70, side=8, seed=0):
    """Pictures of four classes, each brighter in its own corner: learnt in a few steps."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(4, size=count)
    images = draws.integers(0, 120, size=(count, 3, side, side), dtype=np.uint8)
    half = side // 2
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[:, row * half : (row + 1) * half, column * half : (column + 1) * half] += 130
    return Split(images, labels)


def loaders(**options):
    return (
        Batches(split(), 16, shuffle=True, seed=3, mean=0.4, std=0.3, **options),
        Batches(split(41, seed=1), 16, mean=0.4, std=0.3),
    )


def network(dropout=0.0):
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(32, 4),
    )


def config(**settings):
    usual = {"epochs": 3, "lr": 0.1, "precision": "float32", "progress": False, "device": "cpu"}
    return TrainConfig(**{**usual, **settings})


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_it_computes_what_a_plain_loop_computes():
    settings = config(label_smoothing=0.1, weight_decay=0.01, clip_norm=0.5, schedule="cosine", warmup=0.3)
    train, val = loaders()
    run = fit(network(), train, val, settings)

    model, (train, val) = network(), loaders()
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": 0.01}, {"params": others}], lr=0.1, momentum=0.9, nesterov=True
    )
    step = 0
    for epoch in range(3):
        losses, right = 0.0, 0
        for images, labels in train:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, 15, settings)
            logits = model(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            losses, right, step = (
                losses + loss.item() * len(labels),
                right + (logits.argmax(1) == labels).sum().item(),
                step + 1,
            )
        judged = evaluate(model, val)
        row = run.history[epoch]
        assert row["train_loss"] == pytest.approx(losses / 70, rel=1e-4)
        assert row["train_accuracy"] == right / 70
        assert row["val_loss"] == pytest.approx(judged.loss, rel=1e-4)
        assert row["val_accuracy"] == judged.accuracy
    for name, value in model.state_dict().items():
        torch.testing.assert_close(run.weights[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "adamw", "lr": 0.01},
        {"mixup": 0.2, "cutmix": 1.0, "ema": 0.9},
        {"precision": "bfloat16"},
        {"channels_last": True},
        {"schedule": "step"},
    ],
    ids=lambda settings: ",".join(settings) or "plain",
)
def test_it_learns(settings):
    train, val = loaders(flip=False)
    run = fit(network(), train, val, config(epochs=8, **settings))
    assert run.history[-1]["val_accuracy"] > 0.9
    assert len(run.history) == 8
    assert run.images_per_second > 0
    assert run.seconds > 0
    assert run.predicted_seconds > 0


def test_the_same_seeds_give_the_same_weights():
    runs = [fit(network(dropout=0.5), *loaders(), config(seed=seed)) for seed in (1, 1, 2)]
    assert same(runs[0].weights, runs[1].weights)
    assert not same(runs[0].weights, runs[2].weights)  # another seed drops other units


def test_the_model_ends_with_the_weights_of_the_run():
    model = network()
    run = fit(model, *loaders(), config(ema=0.8))
    assert same(run.weights, model.state_dict())
    val = loaders()[1]
    assert evaluate(model, val).accuracy == run.history[-1]["val_accuracy"]


def test_weights_are_laid_out_as_other_programs_expect_them():
    model = network()
    run = fit(model, *loaders(), config(epochs=1, channels_last=True))
    for weights in (model.state_dict(), run.weights, run.best_weights):
        assert all(value.is_contiguous() for value in weights.values())


def test_the_best_weights_are_those_of_the_best_epoch():
    train, val = loaders()
    run = fit(network(), train, val, config(epochs=6, lr=2.0, schedule="constant", warmup=0))
    accuracies = run.history["val_accuracy"]
    assert run.best_epoch == 1 + accuracies.index(max(accuracies))
    best = run.load_best_into(network())
    assert evaluate(best, val).accuracy == max(accuracies)


def test_it_stops_early_when_the_accuracy_no_longer_rises():
    run = fit(network(), *loaders(), config(epochs=40, patience=2))
    accuracies = run.history["val_accuracy"]
    assert len(run.history) < 40
    assert max(accuracies[-2:]) <= max(accuracies[:-2])
    assert run.best_epoch == len(run.history) - 2


def test_the_prediction_leaves_no_trace():
    model, (train, val) = network(dropout=0.5), loaders()
    trainer = Trainer(model, config(), current_group(), 15)
    train.load_state_dict({"epoch": 1, "batch": 2})
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stream = torch.get_rng_state()
    prediction = predict(trainer, train, val, 3)
    assert same(before, model.state_dict())
    assert torch.equal(stream, torch.get_rng_state())
    assert train.state_dict() == {"epoch": 1, "batch": 2}
    assert trainer.step == trainer.seen == 0
    assert not trainer.optimizer.state
    assert prediction.seconds > 0
    assert prediction.steps == 15


def test_the_prediction_leaves_the_validation_loader_where_it_was():
    train, val = loaders()
    val.load_state_dict({"epoch": 4, "batch": 1})
    predict(Trainer(network(), config(), current_group(), 15), train, val, 3)
    assert val.state_dict() == {"epoch": 4, "batch": 1}


def test_a_shuffled_validation_is_the_same_in_every_epoch_and_after_a_resume(tmp_path):
    def own():
        train, _ = loaders()
        return train, Batches(split(41, seed=1), 16, shuffle=True, padding=3, mean=0.4, std=0.3)

    still = fit(nn.Sequential(nn.Flatten(), nn.Linear(192, 4)), *own(), config(lr=1e-30, weight_decay=0.0))
    assert len(set(still.history["val_loss"])) == 1
    train, val = own()
    with pytest.raises(Interrupted):
        fit(network(), InterruptedAfter(train, 12), val, config(folder=tmp_path))
    again = fit(network(), *own(), config(folder=tmp_path), resume=True)
    assert again.history.rows == fit(network(), *own(), config()).history.rows


def test_cudnn_is_left_on_and_looks_for_the_fastest_way():
    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.seen = network(), set()

        def forward(self, images):
            self.seen.add((torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark))
            return self.net(images)

    model, before = Watching(), torch.backends.cudnn.benchmark
    fit(model, *loaders(), config(epochs=1))
    assert model.seen == {(True, True)}
    assert torch.backends.cudnn.benchmark == before


def current_group():
    from course_utils.training.distributed import current

    return current()


@pytest.mark.parametrize("every", [0, 2, 5, 7])
def test_a_run_that_goes_on_ends_with_the_same_bits(tmp_path, every):
    settings = {"epochs": 4, "ema": 0.9, "mixup": 0.3, "cutmix": 1.0, "checkpoint_every": every}
    whole = fit(network(dropout=0.5), *loaders(flip=True), config(**settings))
    train, val = loaders(flip=True)
    with pytest.raises(Interrupted):
        fit(network(dropout=0.5), InterruptedAfter(train, 13 + 8), val, config(folder=tmp_path, **settings))
    torch.rand(100)  # whatever happens in between
    again = fit(network(dropout=0.5), *loaders(flip=True), config(folder=tmp_path, **settings), resume=True)
    assert same(whole.weights, again.weights)
    assert same(whole.best_weights, again.best_weights)
    assert whole.history.rows == again.history.rows


class Interrupted(Exception):
    pass


class InterruptedAfter:
    """A loader that fails after so many batches in all, those of the prediction among them."""

    def __init__(self, loader, batches):
        self.loader, self.left = loader, batches

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        for batch in self.loader:
            if self.left == 0:
                raise Interrupted
            self.left -= 1
            yield batch


def test_any_loader_will_do_and_goes_on_from_an_epochs_end(tmp_path):
    def own():
        images = torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        data = TensorDataset(images, torch.arange(40) % 4)
        return DataLoader(data, 8, shuffle=True), DataLoader(data, 8)

    settings = {"epochs": 4, "checkpoint_every": 3}
    whole = fit(network(), *own(), config(**settings))
    train, val = own()
    with pytest.raises(Interrupted):
        fit(network(), InterruptedAfter(train, 5 + 13), val, config(folder=tmp_path, **settings))
    again = fit(network(), *own(), config(folder=tmp_path, **settings), resume=True)
    assert same(whole.weights, again.weights)


def test_a_finished_run_that_goes_on_changes_nothing(tmp_path):
    first = fit(network(), *loaders(), config(folder=tmp_path))
    again = fit(network(), *loaders(), config(folder=tmp_path), resume=True)
    assert same(first.weights, again.weights)
    assert first.history.rows == again.history.rows


def test_a_folder_with_a_run_in_it_is_not_written_over(tmp_path):
    fit(network(), *loaders(), config(folder=tmp_path))
    with pytest.raises(TrainingError, match=r"already holds the checkpoints of a run.*resume"):
        fit(network(), *loaders(), config(folder=tmp_path))


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    with FileLock(tmp_path / ".lock"), pytest.raises(TrainingError, match="Another process is training into"):
        fit(network(), *loaders(), config(folder=tmp_path))
    assert not list(tmp_path.glob("**/*.safetensors"))
    assert len(fit(network(), *loaders(), config(folder=tmp_path)).history) == 3


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingError, match="file/run"):
        fit(network(), *loaders(), config(folder=tmp_path / "file" / "run"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"lr": 0.2}}, "another lr"),
        ({"settings": {"epochs": 5}}, "another epochs.*3 there, 5 here"),
        ({"model": nn.Sequential(nn.Flatten(), nn.Linear(192, 4))}, r"another .*\(parameters\)"),
        ({"loader": {"batch_size": 8}}, "another batch"),
        ({"loader": {"seed": 4}}, "another seed.*3 there, 4 here"),
        ({"loader": {"flip": True}}, "another flip"),
        ({"loader": {"split": split(seed=5)}}, "another labels"),
        ({"model": network(dropout=0.3)}, "another structure"),
    ],
)
def test_another_run_does_not_go_on_from_this_ones_checkpoints(tmp_path, change, words):
    fit(network(), *loaders(), config(folder=tmp_path))
    _, val = loaders()
    usual = {"split": split(), "batch_size": 16, "seed": 3}
    train = Batches(**{**usual, **change.get("loader", {})}, shuffle=True, mean=0.4, std=0.3)
    settings = config(folder=tmp_path, **change.get("settings", {}))
    with pytest.raises(TrainingError, match=words):
        fit(change.get("model") or network(), train, val, settings, resume=True)


def test_resume_without_a_folder_is_refused():
    with pytest.raises(ValueError, match=r"config\.folder"):
        fit(network(), *loaders(), config(), resume=True)


def test_resume_without_a_checkpoint_begins(tmp_path):
    assert len(fit(network(), *loaders(), config(folder=tmp_path), resume=True).history) == 3


def test_an_empty_loader_is_refused():
    train, _ = loaders()
    with pytest.raises(ValueError, match="val yields no batch"):
        fit(network(), train, Batches(split(0), 16), config())


def test_a_loss_that_is_no_number_stops_the_run_with_step_and_rate():
    class Exploding(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.calls = network(), 0

        def forward(self, images):
            self.calls += self.training
            # Five batches are the prediction's; the run's third step has the ninth call, and so on.
            return self.net(images) * (float("nan") if self.calls == 8 else 1.0)

    with pytest.raises(TrainingError, match=r"at step 3 \(epoch 1\), with a learning rate of 0\.1"):
        fit(Exploding(), *loaders(), config(schedule="constant", warmup=0))


def test_too_large_a_batch_says_which_would_have_fitted():
    class Hungry(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, images):
            if len(images) > 6:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.")
            return self.net(images)

    model = Hungry()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(TrainingError, match=r"(?s)batch of 16.*batch_size=6") as caught:
        fit(model, *loaders(), config())
    assert caught.value.__context__ is None  # a living error would keep its tensors in memory
    assert same(before, model.state_dict())


def test_too_large_an_evaluation_is_told_from_too_large_a_step():
    class HungryInEvaluation(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, images):
            if not self.training:
                raise MemoryError("Unable to allocate 20 GiB")
            return self.net(images)

    with pytest.raises(TrainingError, match="validation loader with a smaller batch_size"):
        fit(HungryInEvaluation(), *loaders(), config())


def test_no_checkpoint_is_kept_of_a_run_that_is_lost(tmp_path):
    class LostLater(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.calls = network(), 0

        def forward(self, images):
            self.calls += self.training
            return self.net(images) * (float("inf") if self.calls > 5 + 8 else 1.0)

    with pytest.raises(TrainingError, match="at step 9"):
        fit(LostLater(), *loaders(), config(folder=tmp_path, checkpoint_every=2))
    found = Checkpoints(tmp_path / "checkpoints").latest()
    assert found[0]["trainer"]["step"] == 8
    assert all(value.isfinite().all() for value in found[0]["trainer"]["model"].values())


def test_other_errors_of_the_model_pass_as_they_are():
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        fit(nn.Sequential(nn.Flatten(), nn.Linear(5, 4)), *loaders(), config())


def test_flipped_twins_are_judged_by_the_mean_of_their_logits():
    model, val = network().eval(), loaders()[1]
    right = count = 0
    with torch.no_grad():
        for images, labels in val:
            logits = (model(images) + model(images.flip(3))) / 2
            right, count = right + (logits.argmax(1) == labels).sum().item(), count + len(labels)
    assert evaluate(model, val, flip=True).accuracy == right / count


def test_compiling_changes_the_speed_and_not_the_names(monkeypatch):
    seen = []
    monkeypatch.setattr(torch, "compile", lambda network, mode=None: seen.append(mode) or network)
    run = fit(network(), *loaders(), config(compile="reduce-overhead"))
    assert seen == ["reduce-overhead"]
    assert run.weights.keys() == network().state_dict().keys()


def test_a_look_at_a_batch_beforehand_changes_nothing():
    train, val = loaders(flip=True)
    untouched = fit(network(), train, val, config())
    train, val = loaders(flip=True)
    next(iter(train))
    assert same(untouched.weights, fit(network(), train, val, config()).weights)
