"""Honest answers to the exercises of lesson 05, in several styles: every one must pass."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F


def linear_einsum(x, weight, grad):
    return (
        torch.einsum("nk,kd->nd", grad, weight),
        torch.einsum("nk,nd->kd", grad, x),
        torch.einsum("nk->k", grad),
    )


def linear_numpy(x, weight, grad):
    x, weight, grad = x.numpy(), weight.numpy(), grad.numpy()
    return [np.matmul(grad, weight), np.matmul(grad.T, x), grad.sum(axis=0)]


def linear_loop(x, weight, grad):
    grad_x, grad_weight, grad_bias = (
        torch.zeros_like(x),
        torch.zeros_like(weight),
        torch.zeros_like(weight[:, 0]),
    )
    for n in range(len(x)):
        for k in range(len(weight)):
            grad_x[n] += grad[n, k] * weight[k]
            grad_weight[k] += grad[n, k] * x[n]
            grad_bias[k] += grad[n, k]
    return grad_x, grad_weight, grad_bias


def _stages(images, weights):
    w1, b1, w2, b2, head, bias = weights
    z1 = F.conv2d(images, w1, b1, padding=1)
    h1 = F.relu(z1)
    p1 = F.max_pool2d(h1, 2)
    z2 = F.conv2d(p1, w2, b2, padding=1)
    f = F.relu(z2).mean((2, 3))
    return z1, h1, p1, z2, f, f @ head.T + bias


def _one_hot_grad(logits, labels):
    return (logits.softmax(1) - torch.eye(logits.shape[1], dtype=logits.dtype)[labels]) / len(logits)


def cnn_torch_grad(images, labels, weights):
    z1, h1, p1, z2, f, logits = _stages(images, weights)
    g = _one_hot_grad(logits, labels)
    last = g.T @ f, g.sum(0)
    g = (z2 > 0) * (g @ weights[4])[..., None, None] / z2[0, 0].numel()
    second = torch.nn.grad.conv2d_weight(p1, weights[2].shape, g, padding=1), g.sum((0, 2, 3))
    g = torch.nn.grad.conv2d_input(p1.shape, weights[2], g, padding=1)
    places = F.max_pool2d(h1, 2, return_indices=True)[1]
    g = F.max_unpool2d(g, places, 2, output_size=h1.shape) * (z1 > 0)
    first = torch.nn.grad.conv2d_weight(images, weights[0].shape, g, padding=1), g.sum((0, 2, 3))
    return *first, *second, *last


def cnn_unfolded(images, labels, weights):
    """Convolutions as matrix products, the pooling as a scatter."""
    z1, h1, p1, z2, f, logits = _stages(images, weights)
    g = _one_hot_grad(logits, labels)
    found = [g.sum(0), torch.einsum("nk,nc->kc", g, f)]
    g = torch.where(
        z2 > 0, torch.einsum("nk,kc->nc", g, weights[4])[:, :, None, None] / z2[0, 0].numel(), 0.0
    )
    found += [g.sum((0, 2, 3)), _weight_grad(p1, g)]
    columns = torch.einsum("oi,nop->nip", weights[2].flatten(1), g.flatten(2))
    g = F.fold(columns, p1.shape[2:], 3, padding=1)
    places = F.max_pool2d(h1, 2, return_indices=True)[1]
    spread = torch.zeros_like(h1).flatten(2).scatter_add_(2, places.flatten(2), g.flatten(2))
    g = spread.view_as(h1) * (z1 > 0)
    found += [g.sum((0, 2, 3)), _weight_grad(images, g)]
    return found[::-1]


def _weight_grad(x, g):
    return torch.einsum("nop,nip->oi", g.flatten(2), F.unfold(x, 3, padding=1)).view(-1, x.shape[1], 3, 3)


def cnn_image_by_image(images, labels, weights):
    parts = [cnn_torch_grad(images[i : i + 1], labels[i : i + 1], weights) for i in range(len(images))]
    return [torch.stack(each).mean(0) for each in zip(*parts, strict=True)]


class ValueOnce:
    """Closures, and the order by depth-first search."""

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.rule = data, 0, parents, lambda: None

    def __add__(self, other):
        return self._made(self.data + other.data, (self, 1), (other, 1))

    def __mul__(self, other):
        return self._made(self.data * other.data, (self, other.data), (other, self.data))

    def relu(self):
        return self._made(self.data if self.data > 0 else 0.0, (self, 1 if self.data > 0 else 0))

    def _made(self, data, *pairs):
        out = ValueOnce(data, tuple(parent for parent, _ in pairs))

        def rule():
            for parent, slope in pairs:
                parent.grad = parent.grad + slope * out.grad

        out.rule = rule
        return out

    def backward(self):
        seen, order = [], []

        def visit(node):
            if not any(node is other for other in seen):
                seen.append(node)
                [visit(parent) for parent in node.parents]
                order.insert(0, node)

        visit(self)
        self.grad = 1
        for node in order:
            node.rule()


class ValueSamePositive(ValueOnce):
    """Above 0 the relu of a number is that number: it may return itself."""

    def relu(self):
        return self if self.data > 0 else ValueSamePositive(0.0)

    def _made(self, data, *pairs):
        out = super()._made(data, *pairs)
        out.__class__ = ValueSamePositive
        return out


class ValueByBirth:
    """Every number knows when it was made; the latest goes first."""

    made = 0

    def __init__(self, data, slopes=()):
        self.data, self.grad, self.slopes = (
            torch.tensor(data, dtype=torch.float64),
            torch.zeros(()).double(),
            slopes,
        )
        ValueByBirth.made += 1
        self.born = ValueByBirth.made

    def __add__(self, other):
        return ValueByBirth(float(self.data + other.data), ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return ValueByBirth(float(self.data * other.data), ((self, other.data), (other, self.data)))

    def relu(self):
        return ValueByBirth(float(self.data.clamp(min=0)), ((self, float(self.data > 0)),))

    def backward(self):
        waiting, self.grad = {self}, torch.ones(()).double()
        while waiting:
            node = max(waiting, key=lambda each: each.born)
            waiting.remove(node)
            for parent, slope in node.slopes:
                parent.grad = parent.grad + slope * node.grad
                waiting.add(parent)


class ValueByCounting:
    """Counts the uses first; a number's turn comes when all of them have handed on."""

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad, self.parents, self.slopes = float(data), 0.0, parents, slopes

    def __add__(self, other):
        return type(self)(self.data + other.data, [self, other], [1, 1])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [self, other], [other.data, self.data])

    def relu(self):
        return type(self)(max(0, self.data), [self], [self.data > 0])

    def backward(self):
        uses, stack = {self: 0}, [self]
        while stack:
            for parent in stack.pop().parents:
                if parent not in uses:
                    stack.append(parent)
                uses[parent] = uses.get(parent, 0) + 1
        self.grad, ready = 1.0, [self]
        while ready:
            node = ready.pop()
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad
                uses[parent] -= 1
                if not uses[parent]:
                    ready.append(parent)


def momentum_branches(w, grad, state, lr, momentum, nesterov=False):
    if "velocity" not in state:
        state["velocity"] = grad.clone()
    else:
        state["velocity"] = state["velocity"].mul(momentum).add(grad)
    if nesterov:
        return w - lr * grad - lr * momentum * state["velocity"]
    return w - lr * state["velocity"]


def momentum_in_place(w, grad, state, lr, momentum, nesterov=False):
    v = state.setdefault("v", torch.zeros_like(w))
    v.mul_(momentum).add_(grad)
    w -= lr * (grad + momentum * v) if nesterov else lr * v
    return w


def momentum_all_gradients(w, grad, state, lr, momentum, nesterov=False):
    """The velocity as the sum that it is, from a list of all gradients."""
    gradients = state.setdefault("gradients", [])
    gradients.append(grad)
    v = sum(momentum**age * g for age, g in enumerate(reversed(gradients)))
    return w - lr * (momentum * v + grad) if nesterov else w - lr * v


def momentum_numpy(w, grad, state, lr, momentum, nesterov=False):
    w, grad = w.numpy(), grad.numpy()
    state["v"] = momentum * state.get("v", np.zeros_like(w)) + grad
    return w - lr * (grad + momentum * state["v"] if nesterov else state["v"])


def adam_in_place(w, grad, state, lr, betas, eps):
    if not state:
        state.update(step=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    state["step"] += 1
    state["m"].lerp_(grad, 1 - betas[0])
    state["v"].mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
    below = state["v"].sqrt() / math.sqrt(1 - betas[1] ** state["step"]) + eps
    return w.addcdiv(state["m"], below, value=-lr / (1 - betas[0] ** state["step"]))


def adam_products(w, grad, state, lr, betas, eps):
    """Keeps the powers of the betas instead of a count."""
    b1, b2 = betas
    p1, p2 = state.get("powers", (1.0, 1.0))
    state["powers"] = p1 * b1, p2 * b2
    state["m"] = b1 * state.get("m", 0) + (1 - b1) * grad
    state["v"] = b2 * state.get("v", 0) + (1 - b2) * grad * grad
    return w - lr * (state["m"] / (1 - p1 * b1)) / (torch.sqrt(state["v"] / (1 - p2 * b2)) + eps)


def adam_all_gradients(w, grad, state, lr, betas, eps):
    """Weighted means over a list of all gradients, whose weights add up to one: no correction to forget."""
    state.setdefault("g", []).append(grad)
    g = torch.stack(state["g"])
    ages = torch.arange(len(g) - 1, -1, -1, dtype=g.dtype)
    m, v = (
        torch.tensordot(beta**ages / (beta**ages).sum(), power, dims=1)
        for beta, power in zip(betas, (g, g**2), strict=True)
    )
    return w - lr * m / (v.sqrt() + eps)


def adam_numpy(w, grad, state, lr, betas, eps):
    w, g = w.numpy(), grad.numpy()
    t, m, v = state.get("all", (0, np.zeros_like(w), np.zeros_like(w)))
    t, m, v = t + 1, betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g**2
    state["all"] = t, m, v
    return w - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


def adamw_first_shrunk(w, grad, state, lr, betas, eps, weight_decay):
    return adam_in_place(w * (1 - lr * weight_decay), grad, state, lr, betas, eps)


def adamw_sum_in_brackets(w, grad, state, lr, betas, eps, weight_decay):
    direction = (w - adam_products(w, grad, state, 1.0, betas, eps)) + weight_decay * w
    return w - lr * direction


def adamw_in_place(w, grad, state, lr, betas, eps, weight_decay):
    w.mul_(1 - lr * weight_decay)
    return adam_numpy(w, grad, state, lr, betas, eps)


def stable_by_spectral_norm(hessian, momentum=0.0):
    return (2 + 2 * momentum) / torch.linalg.matrix_norm(hessian, 2)


def stable_numpy(hessian, momentum=0.0):
    return float(2 * (1 + momentum) / np.linalg.eigvalsh(hessian.numpy()).max())


def stable_by_power(hessian, momentum=0.0):
    """The largest eigenvalue by squaring the matrix until one direction is left."""
    power = hessian / hessian.norm()
    for _ in range(60):
        power = power @ power
        power = power / power.norm()
    return (2 * (1 + momentum) / ((hessian @ power).trace() / power.trace())).item()


def range_state_dict(model, batches, lrs):
    kept = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=lrs[0])
    losses, best = [], math.inf
    for i, lr in enumerate(lrs):
        x, y = batches[i % len(batches)]
        for group in optimizer.param_groups:
            group["lr"] = lr
        loss = F.cross_entropy(model(x), y)
        losses.append(float(loss))
        best = min(best, losses[-1])
        if not torch.isfinite(loss) or losses[-1] > 4 * best:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.load_state_dict(kept)
    return losses


def range_by_hand(model, batches, lrs):
    trial, losses, lowest = copy.deepcopy(model), [], float("inf")
    feed = iter(batches)
    for lr in lrs:
        batch = next(feed, None)
        if batch is None:
            feed = iter(batches)
            batch = next(feed)
        loss = -trial(batch[0]).log_softmax(1)[torch.arange(len(batch[1])), batch[1]].mean()
        losses.append(loss.detach())
        lowest = min(lowest, losses[-1].item())
        if not losses[-1].item() <= 4 * lowest or math.isinf(losses[-1].item()):
            return losses
        for p, g in zip(trial.parameters(), torch.autograd.grad(loss, list(trial.parameters())), strict=True):
            p.data -= lr * g
    return losses


def range_with_while(model, batches, lrs):
    trial, losses, i = copy.deepcopy(model), [], 0
    while i < len(lrs):
        optimizer = torch.optim.SGD(trial.parameters(), lrs[i])
        optimizer.zero_grad(set_to_none=False)
        loss = torch.nn.CrossEntropyLoss()(trial(batches[i % len(batches)][0]), batches[i % len(batches)][1])
        loss.backward()
        losses = [*losses, loss.item()]
        if np.isnan(losses[-1]) or np.isinf(losses[-1]) or losses[-1] / 4 > min(losses):
            return tuple(losses)
        optimizer.step()
        i += 1
    return losses


def rest_by_eigenvectors(hessian, minimum, weight_decay):
    h, q = torch.linalg.eigh(hessian)
    return q @ (h / (h + weight_decay) * (q.T @ minimum))


def rest_numpy(hessian, minimum, weight_decay):
    h = hessian.numpy()
    return np.linalg.inv(h + weight_decay * np.eye(len(h))) @ h @ minimum.numpy()


def rest_as_correction(hessian, minimum, weight_decay):
    """The minimum, less what the decay takes away."""
    penalised = hessian + torch.diag(torch.full_like(minimum, weight_decay))
    return minimum - weight_decay * torch.linalg.solve(penalised, minimum)


DECIDES = {
    "the filters of the first convolution": "training",
    "the learning rate": "validation",
    "the number of epochs": "validation",
    "the biases": "training",
    "Adam's running means": "training",
    "the strength of the weight decay": "validation",
    "the mean to subtract from the images": "training",
    "the accuracy in the final report": "test",
}


def unbroadcast_while(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(0)
    for axis in range(len(shape)):
        if shape[axis] == 1 and grad.shape[axis] != 1:
            grad = grad.sum(axis).unsqueeze(axis)
    return grad


def unbroadcast_numpy(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, length in enumerate(padded) if length == 1)
    return grad.numpy().sum(axis=axes, keepdims=True).reshape(shape)


def unbroadcast_loop(grad, shape):
    total = np.zeros(shape)
    skip = grad.ndim - len(shape)
    for place in np.ndindex(*grad.shape):
        total[tuple(min(i, length - 1) for i, length in zip(place[skip:], shape, strict=True))] += float(
            grad[place]
        )
    return total


RIGHT = {
    "linear_backward": [linear_einsum, linear_numpy, linear_loop],
    "cnn_backward": [cnn_torch_grad, cnn_unfolded, cnn_image_by_image],
    "Value": [ValueOnce, ValueSamePositive, ValueByBirth, ValueByCounting],
    "momentum_step": [momentum_branches, momentum_in_place, momentum_all_gradients, momentum_numpy],
    "adam_step": [adam_in_place, adam_products, adam_all_gradients, adam_numpy],
    "adamw_step": [adamw_first_shrunk, adamw_sum_in_brackets, adamw_in_place],
    "largest_stable_lr": [stable_by_spectral_norm, stable_numpy, stable_by_power],
    "lr_range_test": [range_state_dict, range_by_hand, range_with_while],
    "resting_point": [rest_by_eigenvectors, rest_numpy, rest_as_correction],
    "who_decides": [DECIDES, lambda: dict(DECIDES), {key: value.title() for key, value in DECIDES.items()}],
    "unbroadcast": [unbroadcast_while, unbroadcast_numpy, unbroadcast_loop],
}
