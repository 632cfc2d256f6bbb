"""Plausible wrong answers to lesson 06 that are no known misconception: each must be refused."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import MLP, LinearClassifier, SmallCNN
from course_utils.training import evaluate


def count_as_float(model):
    return float(sum(p.numel() for p in model.parameters()))


def count_of_last_layer(model):
    return [p.numel() for p in model.parameters()][-1]


def count_sum_of_shapes(model):
    return sum(sum(p.shape) for p in model.parameters())


def count_matrices_only(model):
    return sum(p.numel() for p in model.parameters() if p.ndim > 1)


def count_linear_layers(model):
    return sum(m.weight.numel() + m.bias.numel() for m in model.modules() if isinstance(m, nn.Linear))


def count_bytes(model):
    return sum(p.numel() * p.element_size() for p in model.parameters())


def step_smoothed(model, images, labels, optimizer):
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, labels, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def step_cut_off(model, images, labels, optimizer):
    model.train()
    logits = model(images).detach().requires_grad_()
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def step_train_after_forward(model, images, labels, optimizer):
    logits = model(images)
    model.train()
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def step_double(model, images, labels, optimizer):
    model.train()
    for _ in range(2):
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def step_ascending(model, images, labels, optimizer):
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    (-loss).backward()
    optimizer.step()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def step_argmin(model, images, labels, optimizer):
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), int((logits.argmin(1) == labels).sum())


def step_clipped(model, images, labels, optimizer):
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def step_in_evaluation(model, images, labels, optimizer):
    model.eval()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.train()
    return loss.item(), int((logits.argmax(1) == labels).sum())


def step_count_by_second_forward(model, images, labels, optimizer):
    model.train()
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), int((model(images).argmax(1) == labels).sum())


def evaluate_train_mode_in_the_end(model, loader):
    model.eval()
    loss = n = right = 0
    with torch.no_grad():
        for x, y in loader:
            z = model(x)
            loss, n = loss + F.cross_entropy(z, y, reduction="sum").item(), n + 1
            right += (z.argmax(1) == y).sum().item()
    model.train()
    return loss / n, right / n


def evaluate_times_batch_size(model, loader):
    mode = model.training
    model.eval()
    loss = right = count = size = 0
    with torch.no_grad():
        for x, y in loader:
            size = size or len(y)
            z = model(x)
            loss += F.cross_entropy(z, y).item() * size
            right += (z.argmax(1) == y).sum().item()
            count += size
    model.train(mode)
    return loss / count, right / count


def evaluate_returns_in_the_loop(model, loader):
    mode = model.training
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            z = model(x)
            model.train(mode)
            return F.cross_entropy(z, y).item(), (z.argmax(1) == y).double().mean().item()


def evaluate_percent(model, loader):
    result = evaluate(model, loader)
    return result.loss, 100 * result.accuracy


def evaluate_swapped(model, loader):
    result = evaluate(model, loader)
    return result.accuracy, result.loss


def evaluate_error_rate(model, loader):
    result = evaluate(model, loader)
    return result.loss, 1 - result.accuracy


def evaluate_first_batch(model, loader):
    result = evaluate(model, [next(iter(loader))])
    return result.loss, result.accuracy


def plausible_always(loss, num_classes, tolerance=0.15):
    return True


def plausible_twice(loss, num_classes, tolerance=0.15):
    return abs(float(loss) - 2 * math.log(num_classes)) <= tolerance * 2 * math.log(num_classes)


def plausible_finite(loss, num_classes, tolerance=0.15):
    return math.isfinite(loss)


def plausible_as_number(loss, num_classes, tolerance=0.15):
    return int(abs(float(loss) - math.log(num_classes)) <= tolerance * math.log(num_classes))


def plausible_perplexity(loss, num_classes, tolerance=0.15):
    return abs(math.exp(float(loss)) - num_classes) <= tolerance * num_classes


def plausible_negative(loss, num_classes, tolerance=0.15):
    chance = math.log(1 / num_classes)
    return abs(float(loss) - chance) <= tolerance * chance


def plausible_plus_one(loss, num_classes, tolerance=0.15):
    chance = math.log(num_classes + 1)
    return abs(float(loss) - chance) <= tolerance * chance


def plausible_half(loss, num_classes, tolerance=0.15):
    return abs(float(loss) - math.log(num_classes)) <= tolerance * math.log(num_classes) / 2


class OneBigFlatten(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 5, padding=2)
        self.fc = nn.Linear(4 * 32 * 32, num_classes)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


class MeanOverTheBatch(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.head = nn.Linear(3, num_classes)

    def forward(self, x):
        features = x.mean((2, 3))
        return self.head(features - features.mean(0))


class NormalisedByTheBatch(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.head((self.conv(x) / x.std()).amax((2, 3)))


class AlwaysTen(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))

    def forward(self, x):
        return self.net(x)


class Constant(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.row = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        return self.row.expand(len(x), -1)


class SigmoidAtTheEnd(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, num_classes)

    def forward(self, x):
        return self.head(self.conv(x).amax((2, 3))).sigmoid()


class DropoutAlways(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, num_classes)

    def forward(self, x):
        return self.head(F.dropout(self.conv(x).amax((2, 3))))


class SoftmaxOverTheBatch(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, num_classes)

    def forward(self, x):
        return self.head(self.conv(x).amax((2, 3))).softmax(0)


class SizeInTheRows(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 16, 5), nn.Linear(16, num_classes)

    def forward(self, x):
        return self.head(self.conv(x).movedim(1, -1).reshape(-1, 16))


def best_by_loss(model, train_one_epoch, val_loader, test_loader, epochs):
    best, chosen, kept = math.inf, 0, None
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        loss = evaluate(model, val_loader).accuracy
        if loss < best:
            best, chosen, kept = loss, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return chosen, evaluate(model, test_loader).accuracy


def best_test_read_twice(model, train_one_epoch, val_loader, test_loader, epochs):
    evaluate(model, test_loader)
    best, chosen, kept = -1, 0, None
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, val_loader).accuracy
        if accuracy > best:
            best, chosen, kept = accuracy, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return chosen, evaluate(model, test_loader).accuracy


def best_stops_early(model, train_one_epoch, val_loader, test_loader, epochs):
    best, chosen, kept = -1, 0, None
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, val_loader).accuracy
        if accuracy <= best:
            break
        best, chosen, kept = accuracy, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return chosen, evaluate(model, test_loader).accuracy


def best_shallow_copy(model, train_one_epoch, val_loader, test_loader, epochs):
    best, chosen, kept = -1, 0, None
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, val_loader).accuracy
        if accuracy > best:
            best, chosen, kept = accuracy, epoch, model.state_dict().copy()
    model.load_state_dict(kept)
    return chosen, evaluate(model, test_loader).accuracy


def best_trained_again(model, train_one_epoch, val_loader, test_loader, epochs):
    accuracies = []
    for _ in range(epochs):
        train_one_epoch(model)
        accuracies.append(evaluate(model, val_loader).accuracy)
    chosen = 1 + accuracies.index(max(accuracies))
    for _ in range(chosen):
        train_one_epoch(model)
    return chosen, evaluate(model, test_loader).accuracy


def best_before_training(model, train_one_epoch, val_loader, test_loader, epochs):
    best, chosen, kept = -1, 0, None
    for epoch in range(1, epochs + 1):
        accuracy = evaluate(model, val_loader).accuracy
        if accuracy > best:
            best, chosen, kept = accuracy, epoch, copy.deepcopy(model.state_dict())
        train_one_epoch(model)
    model.load_state_dict(kept)
    return chosen, evaluate(model, test_loader).accuracy


def best_test_set_listed(model, train_one_epoch, val_loader, test_loader, epochs):
    test, best, chosen, kept = list(test_loader), -1, 0, None
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, test).accuracy
        if accuracy > best:
            best, chosen, kept = accuracy, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return chosen, best


def best_sum_of_both(model, train_one_epoch, val_loader, test_loader, epochs):
    best, chosen, kept = -1, 0, None
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = evaluate(model, val_loader).accuracy + evaluate(model, test_loader).accuracy
        if accuracy > best:
            best, chosen, kept = accuracy, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return chosen, evaluate(model, test_loader).accuracy


def best_by_parameters(model, train_one_epoch, val_loader, test_loader, epochs):
    accuracies, kept = [], None
    for _ in range(epochs):
        train_one_epoch(model)
        accuracies.append(evaluate(model, val_loader).accuracy)
        if accuracies[-1] > max(accuracies[:-1], default=-1):
            kept = [parameter.detach().clone() for parameter in model.parameters()]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), kept, strict=True):
            parameter.copy_(value)
    return 1 + accuracies.index(max(accuracies)), evaluate(model, test_loader).accuracy


def images_steps_only(steps, batch_size):
    return steps, steps * batch_size


def images_one_number(steps, batch_size):
    return steps * batch_size


def images_next_step(steps, batch_size):
    return steps * batch_size + 1, (steps + 1) * batch_size


def images_one_step_more(steps, batch_size):
    return (steps - 1) * batch_size + 1, (steps + 1) * batch_size


def images_range(steps, batch_size):
    return range((steps - 1) * batch_size + 1, steps * batch_size + 1)


def images_floats(steps, batch_size):
    return float((steps - 1) * batch_size + 1), float(steps * batch_size)


def images_epoch_of_cifar(steps, batch_size):
    return 50_000, 50_000


def untrained_with_huge_budget():
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 500), nn.ReLU(), nn.Linear(500, 16))


def untrained_small():
    return SmallCNN(1, 16, width=4)


def wrong_number_of_classes():
    return SmallCNN(1, 10, width=6)


def colour_network():
    return SmallCNN(3, 16, width=6)


def untrained_mlp():
    return MLP(1, 32, 16, hidden=9)


class LazyPixels(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, stride=2), nn.LazyLinear(num_classes)

    def forward(self, x):
        return self.head(self.conv(x).relu().flatten(1))


def not_a_model():
    return LinearClassifier


WRONG = {
    "count_parameters": [
        count_bytes, count_as_float, count_of_last_layer,
        count_sum_of_shapes, count_matrices_only, count_linear_layers,
    ],
    "train_step": [
        step_double, step_ascending, step_argmin, step_clipped, step_in_evaluation,
        step_count_by_second_forward, step_smoothed, step_cut_off, step_train_after_forward,
    ],
    "evaluate": [
        evaluate_train_mode_in_the_end, evaluate_times_batch_size, evaluate_percent, evaluate_swapped,
        evaluate_error_rate, evaluate_first_batch, evaluate_returns_in_the_loop,
    ],
    "initial_loss_is_plausible": [
        plausible_always, plausible_twice, plausible_finite, plausible_as_number, plausible_plus_one,
        plausible_half, plausible_perplexity, plausible_negative,
    ],
    "MendedNet": [
        OneBigFlatten, MeanOverTheBatch, NormalisedByTheBatch, AlwaysTen, Constant, SizeInTheRows,
        SigmoidAtTheEnd, DropoutAlways, SoftmaxOverTheBatch, LazyPixels,
    ],
    "best_epoch": [
        best_by_loss, best_test_read_twice, best_stops_early, best_shallow_copy, best_sum_of_both,
        best_trained_again, best_before_training, best_test_set_listed, best_by_parameters,
    ],
    "images_behind": [
        images_steps_only, images_one_number, images_next_step, images_floats, images_epoch_of_cifar,
        images_one_step_more, images_range,
    ],
    "small_network": [
        untrained_with_huge_budget, untrained_small, wrong_number_of_classes, colour_network, untrained_mlp,
        not_a_model,
    ],
}  # fmt: skip
