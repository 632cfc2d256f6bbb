"""The parts of the engine, each against an independent oracle: PyTorch's own, or the formula."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.training import TrainConfig
from course_utils.training.averaging import WeightAverage
from course_utils.training.mixing import Target, cutmix, mix, mixup
from course_utils.training.optimizers import build_optimizer, parameter_groups
from course_utils.training.precision import choose_precision
from course_utils.training.schedules import START, learning_rate

CPU = torch.device("cpu")


def rates(total=100, **settings):
    config = TrainConfig(lr=2.0, **settings)
    return [learning_rate(step, total, config) for step in range(total)]


def test_one_cycle_rises_and_falls_in_straight_lines():
    lr = rates(schedule="one_cycle", warmup=0.25, final_lr=0.01)
    assert lr[0] == pytest.approx(2.0 * START)
    assert lr[25] == max(lr) == 2.0
    assert np.diff(lr[:26]) == pytest.approx(np.diff(lr)[0])
    assert np.diff(lr[25:]) == pytest.approx(np.diff(lr)[30])
    assert lr[-1] == pytest.approx(2.0 * (0.01 + 0.99 / 75))  # one step before the end


def test_cosine_agrees_with_pytorch():
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=2.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100, eta_min=0.2)
    for lr in rates(schedule="cosine", warmup=0.0, final_lr=0.1):
        assert lr == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()


def test_step_agrees_with_pytorch():
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=2.0)
    theirs = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 60], gamma=0.2)
    for lr in rates(schedule="step", warmup=0.0, milestones=(0.3, 0.6), gamma=0.2):
        assert lr == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()


def test_constant_stays_after_its_warm_up():
    lr = rates(schedule="constant", warmup=0.1)
    assert lr[10:] == [2.0] * 90
    assert lr[:10] == sorted(lr[:10])
    assert lr[0] < lr[9] < 2.0


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))


def test_norms_and_biases_do_not_decay():
    model = network()
    decaying, free = parameter_groups(model, 0.1)
    assert decaying["weight_decay"] == 0.1
    assert free["weight_decay"] == 0.0
    assert {id(p) for p in decaying["params"]} == {id(model[0].weight), id(model[4].weight)}
    assert {id(p) for p in free["params"]} == {
        id(p) for p in (model[0].bias, model[1].weight, model[1].bias, model[4].bias)
    }


def test_frozen_parameters_are_left_out_and_a_frozen_model_is_refused():
    model = network()
    model[0].requires_grad_(False)
    assert len(parameter_groups(model, 0.1)[0]["params"]) == 1
    with pytest.raises(ValueError, match="no parameter to train"):
        parameter_groups(model.requires_grad_(False), 0.1)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_optimizers_are_those_of_pytorch(name):
    ours, theirs = network().double(), network().double()
    config = TrainConfig(optimizer=name, lr=0.01, weight_decay=0.1, momentum=0.8)
    optimizer = build_optimizer(ours, config, CPU)
    groups = [{"params": [p for p in theirs.parameters() if p.ndim > 1], "weight_decay": 0.1}]
    groups += [{"params": [p for p in theirs.parameters() if p.ndim == 1], "weight_decay": 0.0}]
    if name == "sgd":
        reference = torch.optim.SGD(groups, lr=0.01, momentum=0.8, nesterov=True, fused=False)
    else:
        reference = torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.999), fused=False)
    for _ in range(5):
        images, labels = torch.randn(7, 3, 8, 8).double(), torch.randint(5, (7,))
        for model, steps in ((ours, optimizer), (theirs, reference)):
            F.cross_entropy(model(images), labels).backward()
            steps.step()
            steps.zero_grad()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_mixup_is_a_weighted_mean_with_the_picture_before():
    images = torch.randn(4, 3, 5, 6)
    mixed, share = mixup(images, 0.3, np.random.default_rng(0))
    assert share == 0.3
    torch.testing.assert_close(mixed[2], 0.3 * images[2] + 0.7 * images[1])
    torch.testing.assert_close(mixed[0], 0.3 * images[0] + 0.7 * images[3])


@pytest.mark.parametrize("seed", range(20))
def test_cutmix_returns_the_share_of_the_pixels_that_are_left(seed):
    draws = np.random.default_rng(seed)
    images = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 2, 9, 14).clone()
    before = images.clone()
    mixed, share = cutmix(images, float(draws.uniform()), draws)
    assert torch.equal(images, before)  # the loader's batch is not ours to change
    for picture in range(3):
        kept = (mixed[picture] == picture).double().mean().item()
        assert kept == pytest.approx(share)
        assert set(mixed[picture].unique().tolist()) <= {picture, (picture - 1) % 3}


def test_cutmix_pastes_one_box():
    images = torch.arange(2.0).reshape(2, 1, 1, 1).expand(2, 1, 20, 30).clone()
    for seed in range(20):
        draws = np.random.default_rng(seed)
        mixed, _ = cutmix(images, 0.6, draws)
        rows, columns = torch.nonzero(mixed[0, 0] == 1, as_tuple=True)
        assert len(rows) == (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)


def test_the_loss_of_a_mixed_target_is_that_of_its_probabilities():
    logits, labels, others = torch.randn(6, 4).double(), torch.randint(4, (6,)), torch.randint(4, (6,))
    share, smoothing = 0.3, 0.1
    probabilities = share * F.one_hot(labels, 4) + (1 - share) * F.one_hot(others, 4)
    probabilities = (1 - smoothing) * probabilities + smoothing / 4
    expected = -(probabilities * logits.log_softmax(1)).sum()
    torch.testing.assert_close(Target(labels, others, share).loss(logits, smoothing), expected)


def test_what_is_mixed_depends_on_seed_and_step_alone():
    images, labels = torch.randn(8, 3, 8, 8), torch.arange(8)
    config = TrainConfig(mixup=0.4, cutmix=1.0)
    batches = [mix(images, labels, config, step)[0] for step in (3, 4, 3)]
    assert torch.equal(batches[0], batches[2])
    assert not torch.equal(batches[0], batches[1])


def test_both_kinds_of_mixing_take_turns():
    images, labels = torch.rand(8, 3, 8, 8), torch.arange(8)
    config = TrainConfig(mixup=1.0, cutmix=1.0)
    pasted = [bool(torch.isin(mix(images, labels, config, step)[0], images).all()) for step in range(60)]
    assert 15 < sum(pasted) < 45  # CutMix makes no new pixel values


def test_without_mixing_and_for_one_picture_the_batch_stays():
    images, labels = torch.randn(8, 3, 8, 8), torch.arange(8)
    assert mix(images, labels, TrainConfig(), 0)[0] is images
    mixed, target = mix(images[:1], labels[:1], TrainConfig(mixup=1.0), 0)
    assert torch.equal(mixed, images[:1])
    assert target.others is None


def test_the_average_follows_the_formula():
    model = network()
    average = WeightAverage(model, 0.5)
    expected = model[0].weight.detach().clone()
    for step in range(1, 20):
        with torch.no_grad():
            model[0].weight.add_(torch.randn_like(model[0].weight))
            model[1].num_batches_tracked += 1
        average.update(model)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * model[0].weight.detach()
    torch.testing.assert_close(average.model[0].weight, expected)
    assert average.model[1].num_batches_tracked == 19
    assert not any(p.requires_grad for p in average.model.parameters())
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((6, 1), "float32"), ((7, 5), "float16"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")],
)
def test_a_gpu_gets_the_precision_that_it_is_fast_at(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    precision = choose_precision("auto", torch.device("cuda"))
    assert precision.name == expected
    assert precision.needs_scaling == (expected == "float16")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({}, "float32"),
        ({"avx512_f": True}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
    ],
)
def test_a_cpu_gets_bfloat16_only_with_instructions_for_it(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert choose_precision("auto", CPU).name == expected
    assert choose_precision("float32", CPU).name == "float32"


def test_apples_gpu_computes_in_float32():
    assert choose_precision("auto", torch.device("mps")).name == "float32"


def test_float16_on_a_cpu_is_refused_with_what_to_take():
    with pytest.raises(ValueError, match=r"float16.*cpu.*bfloat16"):
        choose_precision("float16", CPU)


def test_autocast_computes_in_the_precision_chosen():
    layer = nn.Linear(4, 4)
    with choose_precision("bfloat16", CPU).autocast():
        assert layer(torch.randn(2, 4)).dtype == torch.bfloat16
    with choose_precision("float32", CPU).autocast():
        assert layer(torch.randn(2, 4)).dtype == torch.float32


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "adam"}, "optimizer='adam'.*sgd.*adamw"),
        ({"schedule": "linear"}, "schedule='linear'.*one_cycle"),
        ({"precision": "fp16"}, "precision='fp16'.*float16"),
        ({"trackers": ("mlflow",)}, "trackers='mlflow'.*tensorboard"),
        ({"epochs": 0}, "epochs=0.*from 1"),
        ({"epochs": 2.0}, "epochs=2.0.*whole"),
        ({"epochs": True}, "epochs=True"),
        ({"lr": -1.0}, "lr=-1.0.*above 0"),
        ({"lr": math.nan}, "lr=nan"),
        ({"lr": "0.1"}, "lr='0.1'"),
        ({"momentum": 1.0}, "momentum=1.0.*below 1"),
        ({"label_smoothing": 1.5}, "label_smoothing=1.5"),
        ({"warmup": 1.0}, "warmup=1.0"),
        ({"final_lr": 2.0}, "final_lr=2.0"),
        ({"milestones": (0.5, 30)}, "milestones=30"),
        ({"mixup": -0.1}, "mixup=-0.1"),
        ({"weight_decay": math.inf}, "weight_decay=inf"),
        ({"ema": 1}, "ema=1.*below 1"),
        ({"patience": 0}, "patience=0"),
        ({"clip_norm": 0}, "clip_norm=0"),
        ({"checkpoint_every": -1}, "checkpoint_every=-1"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_a_setting_without_meaning_is_refused_by_name(settings, words):
    with pytest.raises(ValueError, match=words):
        TrainConfig(**settings)


def test_rates_and_decay_have_the_optimizers_usual_values():
    assert (TrainConfig().lr, TrainConfig().weight_decay) == (0.1, 5e-4)
    assert (TrainConfig(optimizer="adamw").lr, TrainConfig(optimizer="adamw").weight_decay) == (1e-3, 0.05)
    assert TrainConfig(weight_decay=0.0).weight_decay == 0.0
