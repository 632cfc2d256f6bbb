"""Honest answers to the exercises of lesson 06, in several styles: every one must pass."""

import copy
import math
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data import Batches, load_photo_patches
from course_utils.training import evaluate, seed_everything, train_step


def count_loop(model):
    total = 0
    for parameter in model.parameters():
        size = 1
        for length in parameter.shape:
            size *= length
        total += size
    return total


def count_numpy(model):
    return int(sum(np.prod(parameter.shape) for _, parameter in model.named_parameters()))


def count_vector(model):
    parameters = [parameter.reshape(-1) for parameter in model.parameters()]
    return len(torch.cat(parameters)) if parameters else 0


def step_zero_first(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad(set_to_none=False)
    output = model(images)
    loss = nn.CrossEntropyLoss()(output, labels)
    loss.backward()
    optimizer.step()
    return loss.item(), int((output.argmax(1) == labels).sum())


def step_zero_last(net, x, y, opt):
    net.train()
    logits = net(x)
    loss = F.nll_loss(F.log_softmax(logits, dim=1), y)
    loss.backward()
    opt.step()
    opt.zero_grad()
    return loss.detach(), (logits.max(dim=1).indices == y).sum()


def step_by_hand(model, images, labels, optimizer):
    model.train(True)
    for parameter in model.parameters():
        parameter.grad = None
    logits = model(images)
    picked = logits[torch.arange(len(labels)), labels]
    losses = torch.logsumexp(logits, dim=1) - picked
    losses.mean().backward()
    optimizer.step()
    return [losses.mean().item(), sum(int(a == b) for a, b in zip(logits.argmax(1), labels, strict=True))]


def step_model_zero_grad(model, images, labels, optimizer):
    model.train()
    logits = model(images)
    hot = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    loss = -(hot * logits.log_softmax(1)).sum() / len(labels)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return np.float64(loss.item()), np.sum(logits.detach().numpy().argmax(1) == labels.numpy())


def step_closure(model, images, labels, optimizer):
    model.train()
    seen = {}

    def closure():
        optimizer.zero_grad()
        seen["logits"] = model(images)
        loss = F.cross_entropy(seen["logits"], labels)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    return loss.item(), (seen["logits"].argmax(1) == labels).sum().item()


def step_soft_labels(model, images, labels, optimizer):
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, F.one_hot(labels, logits.shape[1]).float())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), torch.eq(logits.softmax(1).max(1)[1], labels).sum().item()


@torch.no_grad()
def evaluate_decorated(model, loader):
    mode = model.training
    model.eval()
    total, right, n = 0.0, 0, 0
    for images, labels in loader:
        logits = model(images)
        total += F.cross_entropy(logits, labels).item() * len(labels)
        right += (logits.argmax(1) == labels).sum().item()
        n += labels.size(0)
    model.train(mode)
    return total / n, right / n


def evaluate_inference_mode(model, loader):
    mode = model.training
    model.eval()
    with torch.inference_mode():
        pairs = [(model(images), labels) for images, labels in loader]
    model.train(mode)
    logits, labels = (torch.cat(column) for column in zip(*pairs, strict=True))
    return F.cross_entropy(logits, labels), (logits.argmax(1) == labels).float().mean()


def evaluate_try_finally(model, loader):
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        losses, hits = [], []
        with torch.no_grad():
            for images, labels in loader:
                scores = model(images)
                losses += F.cross_entropy(scores, labels, reduction="none").tolist()
                hits += (scores.argmax(dim=-1) == labels).tolist()
    finally:
        for module, training in modes.items():
            module.training = training
    return [np.mean(losses), np.mean(hits)]


def plausible_ratio(loss, num_classes, tolerance=0.15):
    ratio = float(loss) / math.log(num_classes)
    return 1 - tolerance <= ratio <= 1 + tolerance


def plausible_numpy(loss, num_classes, tolerance=0.15):
    chance = np.log(num_classes)
    return bool(np.isclose(float(loss), chance, rtol=tolerance, atol=0))


def plausible_steps(loss, num_classes, tolerance=0.15):
    if not math.isfinite(loss):
        return False
    chance = -math.log(1 / num_classes)
    if loss > chance + tolerance * chance:
        return False
    return not loss < chance - tolerance * chance


def plausible_tensor(loss, num_classes, tolerance=0.15):
    chance = torch.tensor(float(num_classes)).log()
    return (torch.as_tensor(loss) - chance).abs() <= tolerance * chance


class GlobalMean(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.head = nn.Linear(16, num_classes)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


class ReshapedRows(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc = nn.Sequential(
            nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)
        )

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.adaptive_max_pool2d(F.relu(self.conv2(x)), 5)
        return self.fc(x.reshape(x.shape[0], -1))


class ResizedFirst(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
            nn.Linear(8 * 15 * 15, num_classes),
        )  # fmt: skip

    def forward(self, images):
        return self.net(F.interpolate(images, size=(32, 32), mode="bilinear", align_corners=False))


class LinearAtEachPlace(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.GroupNorm(2, 8), nn.ReLU())
        self.head = nn.Conv2d(8, num_classes, 1)

    def forward(self, images):
        return self.head(self.body(images)).mean((2, 3))


class MiddleCutOut(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 14 * 14, num_classes)
        )

    def forward(self, images):
        edge = (images.shape[-1] - 32) // 2
        return self.net(images[:, :, edge : edge + 32, edge : edge + 32])


def mended_function(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 4, 7), nn.Tanh(), nn.AdaptiveMaxPool2d(3), nn.Flatten(), nn.Linear(36, num_classes)
    )


def best_by_list(model, train_one_epoch, val_loader, test_loader, epochs):
    accuracies, states = [], []
    for _ in range(epochs):
        train_one_epoch(model)
        accuracies.append(evaluate(model, val_loader).accuracy)
        states.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
    best = int(np.argmax(accuracies))
    model.load_state_dict(states[best])
    return best + 1, evaluate(model, test_loader).accuracy


def best_by_model_copy(model, train_one_epoch, val_loader, test_loader, epochs):
    best, epoch_of_best, kept = -math.inf, None, None
    for epoch in range(epochs):
        train_one_epoch(model)
        score = evaluate(model, val_loader).accuracy
        if score > best:
            best, epoch_of_best, kept = score, epoch + 1, copy.deepcopy(model)
    model.load_state_dict(kept.state_dict())
    return [epoch_of_best, evaluate(kept, test_loader).accuracy]


def best_by_own_accuracy(model, train_one_epoch, val_loader, test_loader, epochs):
    def accuracy(loader):
        with torch.no_grad():
            hits = [(model(x).argmax(1) == y).float() for x, y in loader]
        return torch.cat(hits).mean().item()

    record = (-1.0, None, None)
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        now = accuracy(val_loader)
        if now > record[0]:
            record = (now, epoch, copy.deepcopy(model.state_dict()))
    model.load_state_dict(record[2])
    accuracy(val_loader)  # one look more at the validation set does no harm
    return record[1], accuracy(test_loader)


def images_formula(steps, batch_size):
    return steps * batch_size - batch_size + 1, steps * batch_size


def images_search(steps, batch_size):
    fits = [n for n in range(1, steps * batch_size + 2 * batch_size) if math.ceil(n / batch_size) == steps]
    return [fits[0], fits[-1]]


def images_floor(n_steps, size):
    fewest = (n_steps - 1) * size + 1
    while -(-fewest // size) > n_steps:
        fewest -= 1
    return np.array([fewest, n_steps * size])


def _trained(model, epochs, lr):
    data = load_photo_patches()
    loader = Batches(data.train, 64, shuffle=True, mean=data.mean, std=data.std)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=epochs * len(loader))
    for _ in range(epochs):
        for images, labels in loader:
            train_step(model, images, labels, optimizer)
            schedule.step()
    return model


@cache
def small_with_batch_norm():
    seed_everything(1)
    return _trained(
        nn.Sequential(
            nn.Conv2d(1, 8, 5, padding=2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 16),
        ),
        epochs=8,
        lr=1e-2,
    )  # fmt: skip


@cache
def small_with_strides():
    seed_everything(2)
    return _trained(
        nn.Sequential(
            nn.Conv2d(1, 12, 5, padding=2), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(4),
            nn.Conv2d(12, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 16),
        ),
        epochs=8,
        lr=1e-2,
    ).eval()  # fmt: skip


class _Slim(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 10, 3, padding=1, bias=False), nn.BatchNorm2d(10), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(10, 20, 3, padding=1, bias=False), nn.BatchNorm2d(20), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(20, 40, 3, padding=1, bias=False), nn.BatchNorm2d(40), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(40, 16)

    def forward(self, images):
        return self.head(self.body(images).mean((2, 3)))


@cache
def small_as_class():
    seed_everything(3)
    return _trained(_Slim(), epochs=8, lr=1e-2)


RIGHT = {
    "count_parameters": [count_loop, count_numpy, count_vector],
    "train_step": [
        step_zero_first,
        step_zero_last,
        step_by_hand,
        step_model_zero_grad,
        step_closure,
        step_soft_labels,
    ],
    "evaluate": [evaluate_decorated, evaluate_inference_mode, evaluate_try_finally],
    "initial_loss_is_plausible": [plausible_ratio, plausible_numpy, plausible_steps, plausible_tensor],
    "MendedNet": [GlobalMean, ReshapedRows, ResizedFirst, LinearAtEachPlace, MiddleCutOut, mended_function],
    "best_epoch": [best_by_list, best_by_model_copy, best_by_own_accuracy],
    "images_behind": [images_formula, images_search, images_floor],
    "small_network": [small_with_batch_norm, small_with_strides, small_as_class],
}
