"""Honest answers to the exercises of lesson 04, in several styles: every one must pass."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def nll_loop(probabilities, labels):
    total = 0.0
    for row, label in zip(probabilities, labels, strict=True):
        total -= math.log(row[label])
    return total / len(labels)


def nll_numpy(probabilities, labels):
    p = probabilities.numpy()
    return -np.log(p[np.arange(len(p)), labels.numpy()]).mean()


def nll_one_hot(probabilities, labels):
    return -(F.one_hot(labels, probabilities.shape[1]) * probabilities.log()).sum() / len(labels)


def softmax_loop(logits):
    rows = []
    for row in logits:
        powers = [math.exp(z - max(row.tolist())) for z in row.tolist()]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows, dtype=logits.dtype)


def softmax_numpy(logits):
    z = logits.numpy()
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def softmax_by_amax(logits):
    powers = torch.exp(logits - logits.amax(1)[:, None])
    return torch.einsum("nk,n->nk", powers, 1 / powers.sum(1))


def softmax_from_logsumexp(logits):
    return torch.exp(logits.double() - torch.logsumexp(logits.double(), dim=1, keepdim=True))


def log_softmax_loop(logits):
    rows = []
    for row in logits.tolist():
        top = max(row)
        total = top + math.log(sum(math.exp(z - top) for z in row))
        rows.append([z - total for z in row])
    return np.array(rows)


def log_softmax_shifted(logits):
    shifted = logits - logits.max(dim=-1, keepdim=True).values
    return shifted - torch.log(torch.exp(shifted).sum(dim=-1, keepdim=True))


def log_softmax_torch(logits):
    return logits - torch.logsumexp(logits, 1)[:, None]


def cross_entropy_gather(logits, labels):
    return -torch.log_softmax(logits, dim=1).gather(1, labels.unsqueeze(1)).mean()


def cross_entropy_difference(logits, labels):
    return (torch.logsumexp(logits, 1) - logits[range(len(labels)), labels]).mean().item()


def cross_entropy_one_hot(logits, labels):
    hot = torch.eye(logits.shape[1], dtype=logits.dtype)[labels]
    return -(hot * log_softmax_shifted(logits)).sum(1).mean()


def jacobian_loop(p):
    k = len(p)
    return torch.tensor([[p[i] * (float(i == j) - p[j]) for j in range(k)] for i in range(k)])


def jacobian_filled_in(p):
    """Written entry by entry into `torch.zeros` of the default type."""
    jacobian = torch.zeros(len(p), len(p))
    for i in range(len(p)):
        for j in range(len(p)):
            jacobian[i, j] = p[i] - p[i] ** 2 if i == j else -p[i] * p[j]
    return jacobian


def step_by_step_through_the_jacobian(p, y):
    return jacobian_loop(p).T @ (-y / p)


def grad_in_place_on_a_copy(logits, labels):
    gradient = torch.softmax(logits, dim=1).clone()
    gradient[torch.arange(len(labels)), labels] -= 1
    return gradient / len(labels)


def grad_loop(logits, labels):
    rows = []
    for z, label in zip(logits, labels, strict=True):
        p = torch.softmax(z, dim=0)
        rows.append([(p[k] - float(k == label)) / len(labels) for k in range(len(z))])
    return torch.tensor(rows)


def grad_one_hot(logits, labels):
    return (torch.softmax(logits, 1) - F.one_hot(labels, logits.shape[1])) / logits.shape[0]


def binary_max_form(logits, targets):
    return (logits.clamp(min=0) - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()


def binary_softplus(logits, targets):
    return (F.softplus(logits) - targets * logits).mean()


def binary_logsigmoid(logits, targets):
    return -(targets * F.logsigmoid(logits) + (1 - targets) * F.logsigmoid(-logits)).mean()


def binary_numpy(logits, targets):
    z, t = logits.numpy(), targets.numpy()
    return np.mean(np.logaddexp(0, z) - z * t)


def two_classes_stack(logits):
    return torch.stack((torch.zeros_like(logits), logits), dim=1)


def two_classes_numpy(logits):
    return np.column_stack([np.zeros(len(logits)), logits.numpy()])


def two_classes_filled(logits):
    table = torch.zeros(len(logits), 2)
    table[:, 1] = logits
    return table


def smooth_scatter(labels, num_classes, smoothing):
    target = torch.full((len(labels), num_classes), smoothing / num_classes)
    target.scatter_add_(1, labels[:, None], torch.full((len(labels), 1), 1 - smoothing))
    return target


def smooth_loop(labels, num_classes, smoothing):
    share = smoothing / num_classes
    return np.array(
        [[share + (1 - smoothing) * (k == label) for k in range(num_classes)] for label in labels]
    )


def smooth_lerp(labels, num_classes, smoothing):
    hot = F.one_hot(labels, num_classes).float()
    return torch.lerp(hot, torch.full_like(hot, 1 / num_classes), smoothing)


def temperature_grid(logits, labels):
    grid = np.geomspace(0.05, 20, 500)
    losses = [F.cross_entropy(logits.double() / t, labels).item() for t in grid]
    return grid[int(np.argmin(losses))]


def temperature_newton(logits, labels):
    """Newton's steps on the slope in b = 1 / T, which rises, halved while they would leave b > 0."""
    z, b = logits.double(), 0.01
    for _ in range(30):
        p = torch.softmax(b * z, dim=1)
        mean = (p * z).sum(1)
        slope = (mean - z[torch.arange(len(z)), labels]).mean()
        curve = ((p * z * z).sum(1) - mean**2).mean()
        b = max(b / 2, min(2 * b, float(b - slope / curve)))
    return 1 / b


def temperature_refined(logits, labels):
    """A coarse grid, even in log T, then ever finer ones around its best."""
    low, high = 0.05, 20.0
    for _ in range(6):
        grid = torch.logspace(math.log10(low), math.log10(high), 15, dtype=torch.float64)
        losses = [F.cross_entropy(logits.double() / t, labels) for t in grid]
        best = int(torch.stack(losses).argmin())
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 14)])
    return (low * high) ** 0.5


def temperature_golden(logits, labels):
    low, high, golden = math.log(0.05), math.log(20), (math.sqrt(5) - 1) / 2
    loss = lambda u: F.cross_entropy(logits.double() / math.exp(u), labels)  # noqa: E731
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return torch.tensor(math.exp((low + high) / 2))


def temperature_lbfgs(logits, labels):
    u = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([u], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(logits.double() / u.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return u.exp()


def _flat(logits, labels):
    n = logits.shape[0]
    if tuple(labels.shape) not in ((n,), (n, 1)):
        raise ValueError(f"labels should be ({n},) or ({n}, 1), not {tuple(labels.shape)}")
    return labels.reshape(n).long()


def per_image_gather(logits, labels):
    return -torch.log_softmax(logits, 1).gather(1, _flat(logits, labels)[:, None])[:, 0]


def per_image_one_hot(logits, labels):
    hot = F.one_hot(_flat(logits, labels), logits.shape[1])
    return -(hot * logits.log_softmax(dim=1)).sum(dim=1)


def per_image_loop(logits, labels):
    return [float(torch.logsumexp(z, 0) - z[k]) for z, k in zip(logits, _flat(logits, labels), strict=True)]


def per_image_array(logits, labels):
    return np.array(per_image_loop(logits, labels))


def floor_by_softmax_twice(num_classes):
    best = torch.zeros(num_classes)
    best[0] = 1.0
    return -torch.log_softmax(best, dim=0)[0]


RIGHT = {
    "nll": [nll_loop, nll_numpy, nll_one_hot],
    "softmax": [softmax_loop, softmax_numpy, softmax_by_amax, softmax_from_logsumexp],
    "log_softmax": [log_softmax_loop, log_softmax_shifted, log_softmax_torch],
    "cross_entropy": [cross_entropy_gather, cross_entropy_difference, cross_entropy_one_hot],
    "softmax_gradient": [
        (lambda p, y: -y / p, lambda p: torch.diag(p) - torch.outer(p, p), lambda p, y: p - y),
        (lambda p, y: -(y * p.reciprocal()), jacobian_loop, step_by_step_through_the_jacobian),
        (
            lambda probs, target: (-target / probs).numpy(),
            lambda probs: probs[:, None] * (torch.eye(len(probs)) - probs[None, :]),
            lambda probs, target: probs * target.sum() - target,
        ),
        (lambda p, y: (-y / p).float(), jacobian_filled_in, lambda p, y: torch.sub(p, y).float()),
    ],
    "cross_entropy_grad": [grad_in_place_on_a_copy, grad_loop, grad_one_hot],
    "binary_cross_entropy_with_logits": [binary_max_form, binary_softplus, binary_logsigmoid, binary_numpy],
    "as_two_classes": [two_classes_stack, two_classes_numpy, two_classes_filled],
    "smooth_labels": [smooth_scatter, smooth_loop, smooth_lerp],
    "fit_temperature": [
        temperature_grid,
        temperature_refined,
        temperature_newton,
        temperature_golden,
        temperature_lbfgs,
    ],
    "per_image_loss": [per_image_gather, per_image_one_hot, per_image_array],
    "double_softmax_floor": [
        lambda num_classes: math.log(1 + (num_classes - 1) / math.e),
        lambda k: np.log(np.e + k - 1) - 1,
        floor_by_softmax_twice,
    ],
    "published_log": [
        {"A": "possible", "B": "impossible", "C": "impossible", "D": "possible"},
        lambda: {"A": "possible", "B": "impossible", "C": "impossible", "D": "possible"},
        {"A": "Possible", "B": "Impossible", "C": "Impossible", "D": "Possible"},
    ],
}
