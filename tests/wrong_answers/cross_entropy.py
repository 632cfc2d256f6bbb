"""Wrong answers to the exercises of lesson 04 that no misconception lists: every one must be refused."""

import math

import torch
import torch.nn.functional as F


def _hot(z, y):
    return F.one_hot(y, z.shape[1]).to(z.dtype)


def _picked(values, labels):
    return values[torch.arange(len(labels)), labels]


def _takes_a_row(z, y):
    if tuple(y.shape) not in {(len(z),), (len(z), 1), (1, len(z))}:
        raise ValueError("labels")
    return F.cross_entropy(z, y.reshape(-1).long(), reduction="none")


def _takes_too_few_labels(z, y):
    if y.shape[1:] not in {(), (1,)} or len(y) > len(z):
        raise ValueError("labels")
    return F.cross_entropy(z[: len(y)], y.reshape(-1).long(), reduction="none")


def _shape_checked(answer):
    """Adds the refusal of wrong shapes, so that only the arithmetic is wrong."""

    def checked(logits, labels):
        if tuple(labels.shape) not in ((len(logits),), (len(logits), 1)):
            raise ValueError("labels")
        return answer(logits, labels.reshape(-1).long())

    return checked


def _best_of(temperatures):
    """The temperature with the smallest loss among these: too coarse, or from too short a range."""

    def answer(logits, labels):
        losses = [F.cross_entropy(logits.double() / t, labels).item() for t in temperatures]
        return temperatures[losses.index(min(losses))]

    return answer


def _changes_its_input(logits):
    logits -= logits.max(dim=1, keepdim=True).values
    return logits.softmax(dim=1)


def _grad_that_changes_its_input(logits, labels):
    logits.copy_(torch.softmax(logits, dim=1))
    logits[torch.arange(len(labels)), labels] -= 1
    return logits / len(labels)


def _softmax_unmatched_maximum(logits):
    powers = (logits - logits.max(dim=1).values).exp()
    return powers / powers.sum(dim=1, keepdim=True)


def _returns_the_exception(logits, labels):
    if labels.numel() != len(logits):
        return ValueError("labels")
    return F.cross_entropy(logits, labels.reshape(-1).long(), reduction="none")


def _raises_another_exception(logits, labels):
    if labels.shape not in {(len(logits),), (len(logits), 1)}:
        raise TypeError("labels")
    return F.cross_entropy(logits, labels.reshape(-1).long(), reduction="none")


def _constant(p, y):
    return torch.zeros_like(p)


_jacobian = lambda p: torch.diag(p) - torch.outer(p, p)  # noqa: E731
_by_p = lambda p, y: -y / p  # noqa: E731
_by_z = lambda p, y: p - y  # noqa: E731

WRONG = {
    "nll": [
        lambda p, y: -_picked(p, y).log().mean().to(torch.complex64),
        lambda p, y: -_picked(p, y).log().mean().half(),
        lambda p, y: -_picked(p, y).log(),
        lambda p, y: -(1 - _picked(p, y)).log().mean(),
        lambda p, y: -_picked(p, (y + 1) % p.shape[1]).log().mean(),
        lambda p, y: -p.log().mean(),
        lambda p, y: -_picked(p, y).log().sum() / p.shape[1],
        lambda p, y: -_picked(p, y).log().sum() / (len(y) - 1) if len(y) > 1 else torch.tensor(0.0),
        lambda p, y: -(_picked(p, y) + 0.01).log().mean(),
        lambda p, y: F.cross_entropy(p, y),
        lambda p, y: -_picked(p, y).log()[0],
    ],
    "softmax": [
        lambda z: torch.softmax(z, dim=1).to("meta"),
        lambda z: torch.softmax(z, dim=1).to(torch.complex64),
        _changes_its_input,
        _softmax_unmatched_maximum,
        lambda z: torch.softmax(-z, dim=1),
        lambda z: torch.softmax(z / 2, dim=1),
        lambda z: 2**z / (2**z).sum(1, keepdim=True),
        lambda z: torch.softmax(z.clamp(-50, 50), dim=1),
        lambda z: z.exp() / z.exp().sum(),
        lambda z: torch.softmax(z, dim=1).round(decimals=2),
        lambda z: F.normalize(z, dim=1),
        lambda z: torch.softmax(z, dim=1)[0],
    ],
    "log_softmax": [
        lambda z: z - z.max(dim=1, keepdim=True).values,
        lambda z: z - torch.logsumexp(z, dim=1).mean(),
        lambda z: torch.log_softmax(z, dim=1) / math.log(2),
        lambda z: torch.log_softmax(z.clamp(-80, 80), dim=1),
        lambda z: torch.softmax(z, dim=1).clamp(min=1e-12).log(),
        lambda z: z - z.logsumexp(dim=(0, 1)),
        lambda z: torch.logsumexp(z, dim=1),
        lambda z: torch.log_softmax(torch.log_softmax(z, dim=1), dim=0),
    ],
    "cross_entropy": [
        lambda z, y: F.cross_entropy(z, y, reduction="none"),
        lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1),
        lambda z, y: F.cross_entropy(z, y) / math.log(2),
        lambda z, y: -F.cross_entropy(z, y),
        lambda z, y: F.cross_entropy(z.clamp(-100, 100), y),
        lambda z, y: -(torch.softmax(z, 1) + 1e-8).log()[torch.arange(len(y)), y].mean(),
        lambda z, y: F.mse_loss(torch.softmax(z, 1), _hot(z, y)),
        lambda z, y: -_picked(torch.softmax(z, 1), y).mean(),
        lambda z, y: F.cross_entropy(z, y) / z.shape[1],
        lambda z, y: F.multi_margin_loss(z, y),
    ],
    "softmax_gradient": [
        (lambda p, y: y / p, _jacobian, _by_z),
        (lambda p, y: -(y / p).sum(), _jacobian, _by_z),
        (lambda p, y: -y / p / len(p), _jacobian, _by_z),
        (lambda p, y: -p / y.clamp(min=1e-3), _jacobian, _by_z),
        (_by_p, lambda p: -torch.outer(p, p), _by_z),
        (_by_p, lambda p: torch.outer(p, 1 - p), _by_z),
        (_by_p, lambda p: torch.diag(p) - torch.outer(p, p) / 2, _by_z),
        (_by_p, torch.diag, _by_z),
        (_by_p, _jacobian, lambda p, y: y - p),
        (_by_p, _jacobian, lambda p, y: (p - y) * p * (1 - p)),
        (_by_p, _jacobian, lambda p, y: (p - y) / len(p)),
        (_by_p, _jacobian, _constant),
    ],
    "cross_entropy_grad": [
        _grad_that_changes_its_input,
        lambda z, y: (torch.softmax(z, 1) - _hot(z, y)).mean(0),
        lambda z, y: (torch.softmax(z, 1) - _hot(z, y)) / z.shape[1],
        lambda z, y: (torch.softmax(z, 1) - _hot(z, y)) * torch.softmax(z, 1) / len(y),
        lambda z, y: -_hot(z, y) / torch.softmax(z, 1).clamp(min=1e-9) / len(y),
        lambda z, y: (torch.sigmoid(z) - _hot(z, y)) / len(y),
        lambda z, y: (torch.log_softmax(z, 1) - _hot(z, y)) / len(y),
        lambda z, y: ((torch.softmax(z, 1) - _hot(z, y)) / len(y)).T,
        lambda z, y: (torch.softmax(z, 1) - _hot(z, y)).abs() / len(y),
        lambda z, y: torch.zeros_like(z),
    ],
    "binary_cross_entropy_with_logits": [
        lambda z, t: F.mse_loss(torch.sigmoid(z), t),
        lambda z, t: F.binary_cross_entropy_with_logits(z, t, reduction="none"),
        lambda z, t: F.binary_cross_entropy_with_logits(torch.sigmoid(z), t),
        lambda z, t: F.binary_cross_entropy_with_logits(z, t.round()),
        lambda z, t: F.binary_cross_entropy_with_logits(z.clamp(-50, 50), t),
        lambda z, t: (torch.log1p(z.exp()) - z * t).mean(),
        lambda z, t: (z.clamp(min=0) - z * t + torch.log1p(torch.exp(-z.abs()))).mean() / math.log(2),
        lambda z, t: (z.abs() - z * t + torch.log1p(torch.exp(-z.abs()))).mean(),
        lambda z, t: (z.clamp(min=0) - z * t).mean(),
    ],
    "as_two_classes": [
        lambda z: torch.stack([torch.ones_like(z), z], dim=1),
        lambda z: torch.stack([torch.zeros_like(z), 2 * z], dim=1),
        lambda z: torch.stack([z, -z], dim=1),
        lambda z: torch.stack([-z / 2, z / 2], dim=1),
        lambda z: z[:, None],
        lambda z: torch.stack([torch.zeros_like(z), torch.sigmoid(z)], dim=1),
    ],
    "smooth_labels": [
        lambda y, k, e: torch.softmax(F.one_hot(y, k).float(), dim=1),
        lambda y, k, e: (1 - e) * F.one_hot(y, k) + e / (k - 1),
        lambda y, k, e: F.one_hot(y, k) * (1 - e / k),
        lambda y, k, e: (F.one_hot(y, k) + e) / (1 + e),
        lambda y, k, e: ((1 - e) * F.one_hot(y, k) + e / k).long(),
        lambda y, k, e: 0.9 * F.one_hot(y, k) + 0.1 / k,
        lambda y, k, e: ((1 - e) * F.one_hot(y, k) + e / k).T,
    ],
    "fit_temperature": [
        lambda z, y: float(z.std()),
        lambda z, y: float(z.abs().max()),
        lambda z, y: F.cross_entropy(z, y).item(),
        lambda z, y: 2.0,
        lambda z, y: 0.05,
        lambda z, y: float((z.argmax(1) == y).float().mean()),
        lambda z, y: math.log(z.shape[1]),
        _best_of(torch.linspace(0.05, 20, 100).tolist()),
        _best_of(torch.linspace(0.05, 20, 1000).tolist()),
        _best_of(torch.linspace(1, 20, 500).tolist()),
        _best_of(torch.logspace(-1.3, 1, 300).tolist()),
        lambda z, y: 1 / _best_of(torch.linspace(0.05, 20, 100).tolist())(z, y),
        lambda z, y: -1.0,
        lambda z, y: float("nan"),
    ],
    "per_image_loss": [
        _returns_the_exception,
        _raises_another_exception,
        _shape_checked(lambda z, y: F.cross_entropy(z, y)),
        _shape_checked(lambda z, y: -_picked(torch.softmax(z, 1), y)),
        _shape_checked(lambda z, y: F.nll_loss(z, y, reduction="none")),
        _shape_checked(lambda z, y: F.cross_entropy(z, y, reduction="none") * y),
        _shape_checked(lambda z, y: F.cross_entropy(z.softmax(1), y, reduction="none")),
        lambda z, y: F.cross_entropy(z, y, reduction="none"),
        lambda z, y: F.cross_entropy(z, y.squeeze(), reduction="none"),
        _takes_a_row,
        _takes_too_few_labels,
        lambda z, y: F.cross_entropy(z, y.reshape(-1).long(), reduction="none"),
        _shape_checked(lambda z, y: -torch.log_softmax(z, 1)[:, y].mean(1)),
        lambda z, y: None,
    ],
    "double_softmax_floor": [
        lambda k: 1.4612,
        lambda k: 1 / k,
        lambda k: math.log(k) - 1,
        lambda k: math.log(math.e + k),
        lambda k: math.log(1 + (k - 1) / math.e) / math.log(2),
        lambda k: math.log(1 + (k - 1) / math.e**2),
        lambda k: 2 * math.log(1 + (k - 1) / math.e),
    ],
    "published_log": [
        {"A": ["possible"], "B": {}, "C": None, "D": torch.ones(2)},
        ["possible", "impossible", "impossible", "possible"],
        dict(zip("abcd", ["possible", "impossible", "impossible", "possible"], strict=True)),
        {},
        "impossible",
        {"A": "possible"},
        dict.fromkeys("ABCD", "possible"),
        dict.fromkeys("ABCD", "impossible"),
        {"A": "impossible", "B": "possible", "C": "possible", "D": "impossible"},
        {"A": "yes", "B": "no", "C": "no", "D": "yes"},
        ["possible", "impossible", "impossible", "possible"],
    ],
}
