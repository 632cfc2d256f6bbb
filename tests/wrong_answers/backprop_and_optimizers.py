"""Wrong answers to the exercises of lesson 05 that no misconception lists: every one must be refused."""

import copy
import functools
import math

import torch
import torch.nn.functional as F


def _linear(x, weight, grad):
    return grad @ weight, grad.T @ x, grad.sum(0)


def _linear_in_place(x, weight, grad):
    x.zero_()
    return _linear(x, weight, grad)


def _cnn(spoil):
    """The right gradients by autograd, then `spoil` of the six."""

    def answer(images, labels, weights):
        parts = [weight.clone().requires_grad_() for weight in weights]
        with torch.enable_grad():
            x = F.max_pool2d(F.conv2d(images, parts[0], parts[1], padding=1).relu(), 2)
            x = F.conv2d(x, parts[2], parts[3], padding=1).relu().mean((2, 3))
            loss = F.cross_entropy(F.linear(x, parts[4], parts[5]), labels)
            return spoil(list(torch.autograd.grad(loss, parts)))

    return answer


def _spoilt(position, change):
    def spoil(parts):
        parts[position] = change(parts[position])
        return parts

    return _cnn(spoil)


def _smoothed(images, labels, weights):
    parts = [weight.clone().requires_grad_() for weight in weights]
    x = F.avg_pool2d(F.conv2d(images, parts[0], parts[1], padding=1).relu(), 2)
    x = F.conv2d(x, parts[2], parts[3], padding=1).relu().mean((2, 3))
    loss = F.cross_entropy(F.linear(x, parts[4], parts[5]), labels, label_smoothing=0.1)
    return torch.autograd.grad(loss, parts)


class _Right:
    """A right engine to depart from."""

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad, self.parents, self.slopes = data, 0.0, parents, slopes

    def __add__(self, other):
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return type(self)(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self):
        return type(self)(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def hand_on(self):
        for parent, slope in zip(self.parents, self.slopes, strict=True):
            parent.grad += slope * self.grad

    def backward(self):
        order, met = [], set()

        def visit(node):
            if node not in met:
                met.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.hand_on()


class _LeakyRelu(_Right):
    def relu(self):
        return type(self)(max(self.data, 0.1 * self.data), (self,), (1.0 if self.data > 0 else 0.1,))


class _AbsoluteRelu(_Right):
    def relu(self):
        return type(self)(abs(self.data), (self,), (1.0 if self.data > 0 else -1.0,))


class _AddedInBackward(_Right):
    def __mul__(self, other):
        return type(self)(self.data * other.data, (self, other), (self.data + other.data,) * 2)


class _FirstParentOnly(_Right):
    def hand_on(self):
        for parent, slope in list(zip(self.parents, self.slopes, strict=True))[:1]:
            parent.grad += slope * self.grad


class _SeedOfItsValue(_Right):
    def backward(self):
        super().backward()
        self.grad = self.data


class _NoGradientOfItsOwn(_Right):
    def backward(self):
        super().backward()
        self.grad = 0.0


class _RoundedValues(_Right):
    def __mul__(self, other):
        return type(self)(round(self.data * other.data, 3), (self, other), (other.data, self.data))


def _momentum(w, grad, state, lr, momentum, nesterov=False, *, power=1, cut=None, half=False, late=False):
    v = state["v"] = momentum**power * state.get("v", torch.zeros_like(w)) + grad
    if cut is not None:
        v = state["v"] = v.clamp(-cut, cut)
    lr = state.setdefault("lr", lr) if late else lr
    return w - lr * (0.5 if half else 1) * (grad + momentum * v if nesterov else v)


def _in_float32(step):
    return lambda w, grad, state, lr, *args, **options: step(
        w.float(), grad.float(), state, lr, *args, **options
    )


def _gradient_shrunk_too(w, grad, state, lr, momentum, nesterov=False):
    v = state["v"] = momentum * (state.get("v", torch.zeros_like(w)) + grad)
    return w - lr * (grad + momentum * v if nesterov else v)


def _adam(
    w, grad, state, lr, betas, eps, *, norm=False, maximum=False, clipped=False, once=False, nesterov=False
):
    t = state["t"] = state.get("t", 0) + 1
    g = grad.clamp(-0.5, 0.5) if clipped else grad
    m = state["m"] = betas[0] * state.get("m", torch.zeros_like(w)) + (1 - betas[0]) * g
    square = (g**2).mean() * torch.ones_like(w) if norm else g**2
    v = state["v"] = betas[1] * state.get("v", torch.zeros_like(w)) + (1 - betas[1]) * square
    m = betas[0] * m + (1 - betas[0]) * g if nesterov else m
    if maximum:
        v = state["max"] = torch.maximum(state.get("max", v), v)
    return w - lr * m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** (1 if once else t))).sqrt() + eps)


def _adamw(amount, spoil=lambda grad, w: grad):
    def answer(w, grad, state, lr, betas, eps, weight_decay):
        moved = _adam(w, spoil(grad, w), state, lr, betas, eps)
        return moved - amount(w, grad, lr, weight_decay)

    return answer


def _forgotten_state(w, grad, state, lr, betas, eps, weight_decay):
    return _adam(w, grad, {}, lr, betas, eps) - lr * weight_decay * w


def _range(
    model, batches, lrs, *, factor=4.0, reversed_rates=False, detached=False, normed=False, constant=False
):
    trial, losses = copy.deepcopy(model), []
    for i, lr in enumerate(reversed(lrs) if reversed_rates else lrs):
        loss = F.cross_entropy(trial(batches[i % len(batches)][0]), batches[i % len(batches)][1])
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > factor * min(losses):
            break
        if detached:
            continue
        grads = torch.autograd.grad(loss, list(trial.parameters()))
        for p, g in zip(trial.parameters(), grads, strict=True):
            p.data -= (lrs[0] if constant else lr) * (g / (g.norm() + 1e-12) if normed else g)
    return losses


def _best_rate(model, batches, lrs):
    losses = _range(model, batches, lrs)
    return lrs[losses.index(min(losses))]


def _rates_and_losses(model, batches, lrs):
    losses = _range(model, batches, lrs)
    return list(zip(lrs, losses, strict=False))


def _lengths_not_in_shape(grad, shape):
    """Adds over the axes whose length does not occur in the shape."""
    for axis in reversed(range(grad.ndim)):
        grad = grad if grad.shape[axis] in shape else grad.sum(axis)
    return grad.reshape(shape)


RULES = ("training", "validation", "test")
QUESTIONS = (
    "the filters of the first convolution", "the learning rate", "the number of epochs", "the biases",
    "Adam's running means", "the strength of the weight decay", "the mean to subtract from the images",
    "the accuracy in the final report",
)  # fmt: skip
DECIDES = dict(zip(QUESTIONS, [RULES[int(i)] for i in "01100102"], strict=True))

WRONG = {
    "linear_backward": [
        _linear_in_place,
        lambda x, weight, grad: (grad @ weight, (grad.T @ x).abs(), grad.sum(0)),
        lambda x, weight, grad: (2 * grad @ weight, grad.T @ x, grad.sum(0)),
        lambda x, weight, grad: (grad @ weight, grad.T @ x),
        lambda x, weight, grad: (grad @ weight, grad.T @ x, grad.sum(0, keepdim=True)),
        lambda x, weight, grad: (-(grad @ weight), -(grad.T @ x), -grad.sum(0)),
        lambda x, weight, grad: grad @ weight,
        lambda x, weight, grad: (x @ weight.T, grad.T @ x, grad.sum(0)),
    ],
    "cnn_backward": [
        _smoothed,
        _cnn(lambda parts: parts[:4]),
        _cnn(lambda parts: [2 * part for part in parts]),
        _spoilt(0, lambda g: g.flip(2, 3)),
        _spoilt(2, lambda g: g.transpose(2, 3)),
        _spoilt(1, torch.zeros_like),
        _spoilt(4, lambda g: g / len(g)),
        _spoilt(5, lambda g: g.sum()),
        lambda images, labels, weights: weights,
    ],
    "Value": [
        _LeakyRelu, _AbsoluteRelu, _AddedInBackward, _FirstParentOnly, _SeedOfItsValue, _NoGradientOfItsOwn,
        _RoundedValues, float,
    ],
    "momentum_step": [
        _in_float32(_momentum),
        _gradient_shrunk_too,
        functools.partial(_momentum, power=2),
        functools.partial(_momentum, cut=1.0),
        functools.partial(_momentum, half=True),
        functools.partial(_momentum, late=True),
        lambda w, grad, state, lr, momentum, nesterov=False: None,
        lambda w, grad, state, lr, momentum, nesterov=False: w - lr / (1 - momentum) * grad,
    ],
    "adam_step": [
        _in_float32(_adam),
        functools.partial(_adam, norm=True),
        functools.partial(_adam, maximum=True),
        functools.partial(_adam, clipped=True),
        functools.partial(_adam, once=True),
        functools.partial(_adam, nesterov=True),
        lambda w, grad, state, lr, betas, eps: w - lr * grad.sign(),
        lambda w, grad, state, lr, betas, eps: w - lr * grad,
        lambda w, grad, state, lr, betas, eps: _adam(w, grad, {}, lr, betas, eps),
    ],
    "adamw_step": [
        _forgotten_state,
        _adamw(lambda w, grad, lr, decay: lr * 0.01 * w),
        _adamw(lambda w, grad, lr, decay: lr * decay * grad),
        _adamw(lambda w, grad, lr, decay: lr * decay * w**2),
        _adamw(lambda w, grad, lr, decay: lr**2 * decay * w),
        _adamw(lambda w, grad, lr, decay: lr * decay * w.norm()),
        lambda w, grad, state, lr, betas, eps, weight_decay: w * (1 - lr * weight_decay),
    ],
    "largest_stable_lr": [
        lambda hessian, momentum=0.0: 2 * (1 + momentum) / torch.linalg.det(hessian),
        lambda hessian, momentum=0.0: 2 * (1 + momentum) / torch.linalg.eigvalsh(hessian),
        lambda hessian, momentum=0.0: 2 + 2 * momentum,
        lambda hessian, momentum=0.0: 2 * (1 + momentum) / torch.linalg.eigvalsh(hessian).mean(),
        lambda hessian, momentum=0.0: 4 / torch.linalg.eigvalsh(hessian)[-1],
        lambda hessian, momentum=0.0: 2 / torch.linalg.eigvalsh(hessian)[-1] + momentum,
        lambda hessian, momentum=0.0: 2 * (1 + momentum) * torch.linalg.eigvalsh(hessian)[-1],
        lambda hessian, momentum=0.0: 2 * (1 + momentum) / hessian.abs().sum(1).max(),
    ],
    "lr_range_test": [
        functools.partial(_range, factor=2.0),
        functools.partial(_range, factor=10.0),
        functools.partial(_range, reversed_rates=True),
        functools.partial(_range, detached=True),
        functools.partial(_range, normed=True),
        functools.partial(_range, constant=True),
        _best_rate,
        _rates_and_losses,
        lambda model, batches, lrs: [],
    ],
    "resting_point": [
        lambda hessian, minimum, weight_decay: minimum - weight_decay * minimum,
        lambda hessian, minimum, weight_decay: hessian @ minimum,
        lambda hessian, minimum, weight_decay: minimum * torch.linalg.eigvalsh(hessian)[-1]
        / (torch.linalg.eigvalsh(hessian)[-1] + weight_decay),
        lambda hessian, minimum, weight_decay: torch.linalg.solve(hessian + weight_decay, hessian @ minimum),
        lambda hessian, minimum, weight_decay: minimum.sign() * (minimum.abs() - weight_decay).clamp(min=0),
        lambda hessian, minimum, weight_decay: hessian / (hessian + weight_decay) @ minimum,
    ],
    "who_decides": [
        {**DECIDES, "the biases": "test"},
        {**DECIDES, "the mean to subtract from the images": "test"},
        {**DECIDES, "the learning rate": "training"},
        {**DECIDES, "the number of epochs": "the learner"},
        dict.fromkeys(QUESTIONS, "training"),
        dict.fromkeys(QUESTIONS, "validation"),
        "training",
        {key: value for key, value in DECIDES.items() if key != "the biases"},
    ],
    "unbroadcast": [
        lambda grad, shape: torch.zeros(shape, dtype=grad.dtype),
        lambda grad, shape: grad.sum_to_size(shape) / 2,
        lambda grad, shape: grad.sum_to_size(shape).abs(),
        _lengths_not_in_shape,
        lambda grad, shape: grad.amax(dim=0).expand(shape) if grad.ndim > len(shape) else grad,
        lambda grad, shape: grad.sum(dim=0) if grad.ndim > len(shape) else grad.sum_to_size(shape),
        lambda grad, shape: grad.sum_to_size(shape).half(),
        lambda grad, shape: grad[(0,) * (grad.ndim - len(shape))],
    ],
}  # fmt: skip
