"""Honest answers to the exercises of lesson 08, in several styles: every one must pass."""

import copy
import io
import math

import numpy as np
import torch
from torch import nn


def moments_loop(fan_ins, weight_stds, first):
    moments = []
    x2 = first
    for n, std in zip(fan_ins, weight_stds, strict=True):
        y2 = n * std * std * x2
        moments.append(y2)
        x2 = 0.5 * y2
    return moments


def moments_numpy(fan_ins, weight_stds, first):
    factors = np.array(fan_ins) * np.array(weight_stds) ** 2
    factors[1:] /= 2
    return first * np.cumprod(factors)


def moments_tensor(fan_ins, weight_stds, first):
    factors = (
        torch.tensor(fan_ins, dtype=torch.float64) * torch.tensor(weight_stds, dtype=torch.float64) ** 2 / 2
    )
    return (2 * first * torch.cumprod(factors, dim=0)).tolist()


def moments_recursive(fan_ins, weight_stds, first):
    if not fan_ins:
        return []
    y2 = fan_ins[0] * weight_stds[0] ** 2 * first
    return [y2, *moments_recursive(fan_ins[1:], weight_stds[1:], y2 / 2)]


def he_by_product(noise):
    return noise * (2 / math.prod(noise.shape[1:])) ** 0.5


def he_by_division(noise):
    fan_in = noise.numel() / noise.shape[0]
    return noise / math.sqrt(fan_in / 2)


def he_numpy(noise):
    values = noise.numpy()
    return values * np.sqrt(2.0 / values[0].size)


def he_flat(noise):
    return torch.sqrt(torch.tensor(2.0, dtype=torch.float64) / noise.flatten(1).shape[1]).to(noise) * noise


def norm_columns(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    channels = x.transpose(0, 1).reshape(x.shape[1], -1)  # (C, M)
    if training:
        mean, var = channels.mean(1), channels.var(1, unbiased=False)
        new_mean = running_mean + momentum * (mean - running_mean)
        new_var = running_var + momentum * (channels.var(1) - running_var)
    else:
        mean, var, new_mean, new_var = running_mean, running_var, running_mean, running_var
    factor = scale / torch.sqrt(var + eps)
    y = x * factor.view(1, -1, 1, 1) + (shift - mean * factor).view(1, -1, 1, 1)
    return y, new_mean, new_var


def norm_loop(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    y = torch.empty_like(x)
    new_mean, new_var = running_mean.clone(), running_var.clone()
    for c in range(x.shape[1]):
        mean, var = running_mean[c], running_var[c]
        if training:
            values = x[:, c]
            mean = values.mean()
            var = ((values - mean) ** 2).mean()
            count = values.numel()
            new_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean
            new_var[c] = (1 - momentum) * running_var[c] + momentum * var * count / (count - 1)
        y[:, c] = scale[c] * (x[:, c] - mean) / (var + eps) ** 0.5 + shift[c]
    return y, new_mean, new_var


def norm_numpy(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    x, scale, shift, old_mean, old_var = (t.numpy() for t in (x, scale, shift, running_mean, running_var))
    mean, var, new_mean, new_var = old_mean, old_var, old_mean, old_var
    if training:
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        new_mean = (1 - momentum) * old_mean + momentum * mean
        new_var = (1 - momentum) * old_var + momentum * x.var(axis=(0, 2, 3), ddof=1)
    x_hat = (x - mean[:, None, None]) / np.sqrt(var[:, None, None] + eps)
    return [scale[:, None, None] * x_hat + shift[:, None, None], new_mean, new_var]


def backward_sums(grad, x, scale, eps=1e-5):
    m = x.numel() / x.shape[1]
    channels, g = x.transpose(0, 1).flatten(1), grad.transpose(0, 1).flatten(1)  # (C, M)
    mu = channels.mean(1, keepdim=True)
    s = (((channels - mu) ** 2).sum(1, keepdim=True) / m + eps).sqrt()
    hat = (channels - mu) / s
    inner = m * g - g.sum(1, keepdim=True) - hat * (g * hat).sum(1, keepdim=True)
    back = (scale[:, None] / (m * s) * inner).view(x.shape[1], x.shape[0], *x.shape[2:]).transpose(0, 1)
    return back, (g * hat).sum(1), g.sum(1)


def backward_staged(grad, x, scale, eps=1e-5):
    """Through the graph node by node, as in the course notes of others: x̂, variance, mean."""
    over = (0, 2, 3)
    m = x.shape[0] * x.shape[2] * x.shape[3]
    centred = x - x.mean(over, keepdim=True)
    var = (centred**2).mean(over, keepdim=True)
    inverse = (var + eps) ** -0.5
    d_hat = grad * scale[:, None, None]
    d_var = (d_hat * centred * -0.5 * inverse**3).sum(over, keepdim=True)
    d_mean = (-d_hat * inverse).sum(over, keepdim=True) + d_var * (-2 * centred).mean(over, keepdim=True)
    grad_x = d_hat * inverse + d_var * 2 * centred / m + d_mean / m
    return grad_x, (grad * centred * inverse).sum(over), grad.sum(over)


def backward_jacobian(grad, x, scale, eps=1e-5):
    grad_x, grad_scale = torch.empty_like(x), torch.empty_like(scale)
    for c in range(len(scale)):
        values, g = x[:, c].flatten(), grad[:, c].flatten()
        s = (values.var(correction=0) + eps).sqrt()
        hat = (values - values.mean()) / s
        m = len(values)
        jacobian = (torch.eye(m, dtype=x.dtype) - 1 / m - torch.outer(hat, hat) / m) / s
        grad_x[:, c] = (scale[c] * g @ jacobian).view_as(grad[:, c])
        grad_scale[c] = g @ hat
    return [grad_x, grad_scale, torch.einsum("nchw->c", grad)]


def dropout_where(x, u, p, training):
    return torch.where(u < p, 0.0, x / (1 - p)) if training else x


def dropout_mask(x, u, p, training):
    mask = (u >= p).to(x.dtype) if training else torch.ones_like(x)
    return mask * x / ((1 - p) if training else 1)


def dropout_filled(x, u, p, training):
    if training:
        x = x.masked_fill(u < p, 0).div(1 - p)
    return x


def dropout_loop(x, u, p, training):
    out = x.clone().flatten()
    if training:
        for i, chance in enumerate(u.flatten().tolist()):
            out[i] = 0 if chance < p else out[i] / (1 - p)
    return out.view(x.shape)


def between(a, b, q):
    return b + (a - b) / 2 * (1 + math.cos(math.pi * q))


def cycle_helper(step, total, max_lr, warmup=0.3):
    u = warmup * total - 1
    if step < u:
        return between(max_lr / 25, max_lr, step / u)
    return between(max_lr, max_lr / 25 / 1e4, (step - u) / (total - 1 - u))


def cycle_numpy(step, total, max_lr, warmup=0.3):
    places = [0, warmup * total - 1, total - 1]
    shares = np.interp(step, places, [-1, 0, 1])  # from the start, top and end
    low = max_lr / 25 if shares < 0 else max_lr / 250_000
    return max_lr - (max_lr - low) * np.sin(np.pi * shares / 2) ** 2


def cycle_sine(step, total, max_lr, warmup=0.3):
    u, first = warmup * total - 1, max_lr / 25
    if step <= u:
        return first + (max_lr - first) * math.sin(math.pi * step / u / 2) ** 2
    rest = math.cos(math.pi * (step - u) / (total - 1 - u) / 2) ** 2
    return torch.tensor(first / 10_000 + (max_lr - first / 10_000) * rest, dtype=torch.float64)


def stop_counter(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, best_epoch, waited, state = float("inf"), None, 0, None
    epoch = 0
    while epoch < max_epochs and waited < patience:
        epoch += 1
        train_one_epoch(model)
        loss = validation_loss(model)
        waited += 1
        if loss < best:
            best, best_epoch, waited = loss, epoch, 0
            state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(state)
    return best_epoch, epoch


def stop_lists(model, train_one_epoch, validation_loss, patience, max_epochs):
    losses, states = [], []
    for _ in range(max_epochs):
        train_one_epoch(model)
        losses.append(validation_loss(model))
        states.append(copy.deepcopy(model.state_dict()))
        best = int(np.nanargmin(losses))
        if len(losses) - 1 - best >= patience:
            break
    model.load_state_dict(states[best])
    return [best + 1, len(losses)]


def stop_model_copy(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, chosen, kept = math.inf, 0, None
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        loss = validation_loss(model)
        if not math.isnan(loss) and loss < best:
            best, chosen, kept = loss, epoch, copy.deepcopy(model)
        elif epoch == chosen + patience:
            break
    model.load_state_dict(kept.state_dict())
    return chosen, epoch


def stop_patience_left(model, train_one_epoch, validation_loss, patience, max_epochs):
    history, left, state = [], patience, None
    while left and len(history) < max_epochs:
        train_one_epoch(model)
        loss = validation_loss(model)
        fresh = loss < min(history, default=math.inf)
        history.append(loss if loss == loss else math.inf)
        left = patience if fresh else left - 1
        state = copy.deepcopy(model.state_dict()) if fresh else state
    model.load_state_dict(state)
    return history.index(min(history)) + 1, len(history)


def stop_in_memory(model, train_one_epoch, validation_loss, patience, max_epochs):
    """The best state as bytes; parameters and buffers put back one by one."""
    best, chosen, epoch, kept = None, 0, 0, b""
    while epoch < max_epochs and (chosen == 0 or epoch - chosen < patience):
        epoch += 1
        train_one_epoch(model)
        loss = validation_loss(model)
        if best is None or loss < best:
            file = io.BytesIO()
            torch.save(model.state_dict(), file)
            best, chosen, kept = loss, epoch, file.getvalue()
    state = torch.load(io.BytesIO(kept))
    with torch.no_grad():
        for name, values in model.state_dict(keep_vars=True).items():
            values.copy_(state[name])
    return np.array([chosen, epoch])


RIGHT_DIAGNOSES = {
    "A": "softmax twice",
    "B": "overfitting",
    "C": "rate too large",
    "D": "weights too large",
    "E": "labels shuffled",
    "F": "rate too small",
}


def diagnoses_function():
    return RIGHT_DIAGNOSES


def diagnoses_capitals():
    return {run: word.upper() + " " for run, word in RIGHT_DIAGNOSES.items()}


def start_normal(model):
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            std = math.sqrt(2 / layer.weight[0].numel())
            nn.init.normal_(layer.weight, 0.0, std)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, 0.0)


def start_apply(model):
    def each(layer):
        if type(layer) in (nn.Conv2d, nn.Linear):
            layer.weight.data = torch.randn(layer.weight.shape) * (2 / layer.weight[0].numel()) ** 0.5
            if layer.bias is not None:
                layer.bias.data.zero_()

    model.apply(each)


@torch.no_grad()
def start_recursive(model):
    for child in model.children():
        start_recursive(child)
    if isinstance(model, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_uniform_(model.weight, nonlinearity="relu")
        if model.bias is not None:
            model.bias.fill_(0)


def start_parameters(model):
    for layer in model.modules():
        if isinstance(layer, nn.modules.conv._ConvNd | nn.Linear):
            fan_in = layer.weight.numel() // len(layer.weight)
            layer.weight = nn.Parameter(torch.empty_like(layer.weight).normal_(0, (2 / fan_in) ** 0.5))
            if layer.bias is not None:
                layer.bias = nn.Parameter(torch.zeros_like(layer.bias))


def group_view(x, groups, scale, shift, eps=1e-5):
    n, c = x.shape[:2]
    if c % groups != 0:
        raise ValueError("groups")
    g = x.view(n, groups, c // groups, -1)
    mean, var = g.mean((2, 3), keepdim=True), g.var((2, 3), unbiased=False, keepdim=True)
    y = ((g - mean) * torch.rsqrt(var + eps)).view(n, c, -1)
    return (y * scale[:, None] + shift[:, None]).view(x.shape)


def group_loop(x, groups, scale, shift, eps=1e-5):
    size, rest = divmod(x.shape[1], groups)
    if rest:
        raise ValueError(f"{x.shape[1]} channels, {groups} groups")
    y = torch.empty_like(x)
    for image in range(len(x)):
        for first in range(0, x.shape[1], size):
            values = x[image, first : first + size]
            hat = (values - values.mean()) / (values.var(correction=0) + eps).sqrt()
            for k in range(size):
                y[image, first + k] = scale[first + k] * hat[k] + shift[first + k]
    return y


def group_chunks(x, groups, scale, shift, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError
    over = tuple(range(1, x.ndim))
    parts = []
    for part in x.chunk(groups, dim=1):
        mean = part.mean(over, keepdim=True)
        parts.append((part - mean) / ((part**2).mean(over, keepdim=True) - mean**2 + eps) ** 0.5)
    hat = torch.cat(parts, dim=1).movedim(1, -1)
    return (hat * scale + shift).movedim(-1, 1)


RIGHT = {
    "second_moments": [moments_loop, moments_numpy, moments_tensor, moments_recursive],
    "he_init": [he_by_product, he_by_division, he_numpy, he_flat],
    "batch_norm": [norm_columns, norm_loop, norm_numpy],
    "batch_norm_backward": [backward_sums, backward_staged, backward_jacobian],
    "dropout": [dropout_where, dropout_mask, dropout_filled, dropout_loop],
    "one_cycle": [cycle_helper, cycle_numpy, cycle_sine],
    "early_stopping": [stop_counter, stop_lists, stop_model_copy, stop_patience_left, stop_in_memory],
    "diagnoses": [RIGHT_DIAGNOSES, diagnoses_function, diagnoses_capitals],
    "initialise": [start_normal, start_apply, start_recursive, start_parameters],
    "group_norm": [group_view, group_loop, group_chunks],
}
