"""Plausible wrong answers to lesson 08 that are no known misconception: each must be refused."""

import copy
import itertools
import math

import torch
import torch.nn.functional as F
from torch import nn


def moments_halved_at_the_end(fan_ins, weight_stds, first):
    moments = [first]
    for n, std in zip(fan_ins, weight_stds, strict=True):
        moments.append(n * std**2 * moments[-1] / 2)
    return moments


def moments_without_first(fan_ins, weight_stds, first):
    moments, x2 = [], 1.0
    for n, std in zip(fan_ins, weight_stds, strict=True):
        moments.append(n * std**2 * x2)
        x2 = moments[-1] / 2
    return moments


def moments_always_he(fan_ins, weight_stds, first):
    return [2 * first] * len(fan_ins)


def moments_quartered(fan_ins, weight_stds, first):
    moments, x2 = [], first
    for n, std in zip(fan_ins, weight_stds, strict=True):
        moments.append(n * std**2 * x2)
        x2 = moments[-1] / 4
    return moments


def moments_reversed(fan_ins, weight_stds, first):
    moments, x2 = [], first
    for n, std in zip(fan_ins, weight_stds, strict=True):
        moments.append(n * std**2 * x2)
        x2 = moments[-1] / 2
    return moments[::-1] if len(moments) > 1 else [math.nan]


def he_of_the_last_axis(noise):
    return noise * math.sqrt(2 / noise.shape[-1])


def he_of_the_mean(noise):
    return noise * math.sqrt(4 / (noise[0].numel() + noise[:, 0].numel()) / 2 * 1.5)


def he_standardised(noise):
    return (noise - noise.mean()) / noise.std() * math.sqrt(2 / noise[0].numel())


def he_redrawn(noise):
    return nn.init.kaiming_normal_(torch.empty_like(noise))


def he_positive(noise):
    return noise.abs() * math.sqrt(2 / noise[0].numel())


def he_in_place(noise):
    return noise.mul_(math.sqrt(2 / noise[0].numel()))


def norm_with_momentum_fixed(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = running_mean.clone(), running_var.clone()
    return F.batch_norm(x, mean, var, scale, shift, training, 0.1, eps), mean, var


def norm_with_eps_fixed(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = running_mean.clone(), running_var.clone()
    return F.batch_norm(x, mean, var, scale, shift, training, momentum, 1e-5), mean, var


def norm_in_place(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    return (
        F.batch_norm(x, running_mean, running_var, scale, shift, training, momentum, eps),
        running_mean,
        running_var,
    )


def norm_output_only(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    return F.batch_norm(x, running_mean.clone(), running_var.clone(), scale, shift, training, momentum, eps)


def norm_without_mean(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = running_mean.clone(), running_var.clone()
    F.batch_norm(x, mean, var, scale, shift, training, momentum, eps)
    return x / (x.var((0, 2, 3), keepdim=True) + eps).sqrt(), mean, var


def norm_swapped_results(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = running_mean.clone(), running_var.clone()
    return F.batch_norm(x, mean, var, scale, shift, training, momentum, eps), var, mean


def _backward(grad, x, scale, eps):
    over = (0, 2, 3)
    s = (x.var(dim=over, correction=0, keepdim=True) + eps).sqrt()
    hat = (x - x.mean(dim=over, keepdim=True)) / s
    back = grad - grad.mean(over, keepdim=True) - hat * (grad * hat).mean(over, keepdim=True)
    return scale[:, None, None] / s * back, (grad * hat).sum(over), grad.sum(over)


def backward_wrong_sign(grad, x, scale, eps=1e-5):
    back, of_scale, of_shift = _backward(grad, x, scale, eps)
    return -back, of_scale, of_shift


def backward_plus(grad, x, scale, eps=1e-5):
    over = (0, 2, 3)
    s = (x.var(dim=over, correction=0, keepdim=True) + eps).sqrt()
    hat = (x - x.mean(dim=over, keepdim=True)) / s
    back = grad + grad.mean(over, keepdim=True) + hat * (grad * hat).mean(over, keepdim=True)
    return scale[:, None, None] / s * back, (grad * hat).sum(over), grad.sum(over)


def backward_x_only(grad, x, scale, eps=1e-5):
    return _backward(grad, x, scale, eps)[0]


def backward_kept_dimensions(grad, x, scale, eps=1e-5):
    back, of_scale, of_shift = _backward(grad, x, scale, eps)
    return back, of_scale.view(1, -1, 1, 1), of_shift.view(1, -1, 1, 1)


def backward_per_image(grad, x, scale, eps=1e-5):
    pieces = [_backward(g[None], v[None], scale, eps) for g, v in zip(grad, x, strict=True)]
    return torch.cat([p[0] for p in pieces]), sum(p[1] for p in pieces), sum(p[2] for p in pieces)


def backward_order(grad, x, scale, eps=1e-5):
    return _backward(grad, x, scale, eps)[::-1]


def dropout_own_randomness(x, u, p, training):
    return F.dropout(x, p, training)


def dropout_whole_rows(x, u, p, training):
    return x * (u.flatten(1)[:, :1].view(-1, *[1] * (x.ndim - 1)) >= p) / (1 - p) if training else x


def dropout_mean_scaled(x, u, p, training):
    if not training:
        return x
    kept = x * (u >= p)
    return kept * x.numel() / (u >= p).sum()


def dropout_half_always(x, u, p, training):
    return x * (u >= 0.5) / 0.5 if training else x


def dropout_returns_mask(x, u, p, training):
    return (u >= p) / (1 - p) if training else torch.ones_like(x)


def dropout_keeps_below_one_minus_p(x, u, p, training):
    return x * (u < 1 - p) / (1 - p) if training else x


def dropout_in_place(x, u, p, training):
    if training:
        x *= (u >= p) / (1 - p)
    return x


def _torch_rate(step, total, max_lr, **options):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=max_lr, total_steps=total, cycle_momentum=False, **options
    )
    for _ in range(step):
        optimizer.step()
        schedule.step()
    return optimizer.param_groups[0]["lr"]


def cycle_three_phases(step, total, max_lr, warmup=0.3):
    return _torch_rate(step, total, max_lr, pct_start=min(warmup, 0.45), three_phase=True)


def cycle_divided_by_ten(step, total, max_lr, warmup=0.3):
    return _torch_rate(step, total, max_lr, pct_start=warmup, div_factor=10)


def cycle_one_step_on(step, total, max_lr, warmup=0.3):
    return _torch_rate(min(step + 1, total - 1), total, max_lr, pct_start=warmup)


def cycle_of_max_one(step, total, max_lr, warmup=0.3):
    return _torch_rate(step, total, 0.1, pct_start=warmup)


def cycle_constant(step, total, max_lr, warmup=0.3):
    return max_lr


def cycle_exponential(step, total, max_lr, warmup=0.3):
    top = warmup * total - 1
    if step <= top:
        return max_lr * 25 ** (step / top - 1)
    return max_lr * 250_000 ** (-(step - top) / (total - 1 - top))


def stop_first_rise(model, train_one_epoch, validation_loss, patience, max_epochs):
    last, epoch = math.inf, 0
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        loss = validation_loss(model)
        if loss > last:
            return epoch - 1, epoch
        last = loss
    return epoch, epoch


def stop_shallow_copy(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, chosen, state, epoch = math.inf, 0, None, 0
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        loss = validation_loss(model)
        if loss < best:
            best, chosen, state = loss, epoch, dict(model.state_dict())
        if epoch - chosen >= patience:
            break
    model.load_state_dict(state)
    return chosen, epoch


def stop_validates_twice(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, chosen, state, epoch = math.inf, 0, None, 0
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        if validation_loss(model) < best:
            best, chosen, state = validation_loss(model), epoch, copy.deepcopy(model.state_dict())
        if epoch - chosen >= patience:
            break
    model.load_state_dict(state)
    return chosen, epoch


def stop_state_before(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, chosen, state, epoch = math.inf, 0, None, 0
    for epoch in range(1, max_epochs + 1):
        before = copy.deepcopy(model.state_dict())
        train_one_epoch(model)
        loss = validation_loss(model)
        if loss < best:
            best, chosen, state = loss, epoch, before
        if epoch - chosen >= patience:
            break
    model.load_state_dict(state)
    return chosen, epoch


def stop_puts_back_when_patience_ends(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, chosen, state = math.inf, 0, None
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        loss = validation_loss(model)
        if loss < best:
            best, chosen, state = loss, epoch, copy.deepcopy(model.state_dict())
        elif epoch - chosen >= patience:
            model.load_state_dict(state)
            return chosen, epoch
    return chosen, max_epochs


def stop_demands_a_gain(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, chosen, state, epoch = math.inf, 0, None, 0
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        loss = validation_loss(model)
        if loss < best - 1e-4:
            best, chosen, state = loss, epoch, copy.deepcopy(model.state_dict())
        if epoch - chosen >= patience:
            break
    model.load_state_dict(state)
    return chosen, epoch


def stop_of_three_rises(model, train_one_epoch, validation_loss, patience, max_epochs):
    losses, states = [], []
    while len(losses) < max_epochs:
        train_one_epoch(model)
        losses.append(validation_loss(model))
        states.append(copy.deepcopy(model.state_dict()))
        last = losses[-patience - 1 :]
        if len(last) > patience and all(b > a for a, b in itertools.pairwise(last)):
            break
    finite = [math.inf if math.isnan(loss) else loss for loss in losses]
    model.load_state_dict(states[finite.index(min(finite))])
    return finite.index(min(finite)) + 1, len(losses)


def stop_returns_loss(model, train_one_epoch, validation_loss, patience, max_epochs):
    best, epoch, chosen = math.inf, 0, 0
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        loss = validation_loss(model)
        if loss < best:
            best, chosen = loss, epoch
        if epoch - chosen >= patience:
            break
    return best, epoch


def stop_trains_once(model, train_one_epoch, validation_loss, patience, max_epochs):
    train_one_epoch(model)
    validation_loss(model)
    return 1, 1


def diagnoses_of_five():
    return {
        "A": "softmax twice",
        "B": "overfitting",
        "C": "rate too large",
        "D": "weights too large",
        "E": "labels shuffled",
    }


def diagnoses_all_overfit():
    return dict.fromkeys("ABCDEF", "overfitting")


def diagnoses_other_words():
    return {**diagnoses_of_five(), "F": "learning rate"}


def diagnoses_all_healthy():
    return dict.fromkeys("ABCDEF", "healthy")


def diagnoses_list():
    return [
        "softmax twice",
        "overfitting",
        "rate too large",
        "weights too large",
        "labels shuffled",
        "rate too small",
    ]


def _layers(model):
    return [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]


def start_of_first_layer(model):
    layers = _layers(model)
    std = math.sqrt(2 / layers[0].weight[0].numel())
    for layer in layers:
        nn.init.normal_(layer.weight, 0, std)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def start_shifted(model):
    for layer in _layers(model):
        std = math.sqrt(2 / layer.weight[0].numel())
        nn.init.normal_(layer.weight, std, std)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def start_same_rows(model):
    for layer in _layers(model):
        row = torch.randn(layer.weight[0].shape) * math.sqrt(2 / layer.weight[0].numel())
        layer.weight.data = row.expand_as(layer.weight).clone()
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def start_positive(model):
    for layer in _layers(model):
        nn.init.kaiming_normal_(layer.weight)
        layer.weight.data.abs_()
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def start_uniform_with_std_for_reach(model):
    for layer in _layers(model):
        reach = math.sqrt(2 / layer.weight[0].numel())
        nn.init.uniform_(layer.weight, -reach, reach)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def start_nothing(model):
    return model


def start_two_levels(model):
    for child in model.children():
        for layer in (child, *child.children()):
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)


def start_zeros(model):
    for layer in _layers(model):
        nn.init.zeros_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def group_ignores_eps(x, groups, scale, shift, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError
    return F.group_norm(x, groups, scale, shift, 1e-5)


def group_returns_none_for_odd(x, groups, scale, shift, eps=1e-5):
    return None if x.shape[1] % groups else F.group_norm(x, groups, scale, shift, eps)


def group_four_axes_only(x, groups, scale, shift, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError
    _, _, _, _ = x.shape
    return F.group_norm(x, groups, scale, shift, eps)


def group_size_for_number(x, groups, scale, shift, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError
    return F.group_norm(x, x.shape[1] // groups, scale, shift, eps)


def group_scaled_by_group(x, groups, scale, shift, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError
    size = x.shape[1] // groups
    return F.group_norm(
        x, groups, scale[::size].repeat_interleave(size), shift[::size].repeat_interleave(size), eps
    )


def group_asserts(x, groups, scale, shift, eps=1e-5):
    assert x.shape[1] % groups == 0
    return F.group_norm(x, groups, scale, shift, eps)


WRONG = {
    "second_moments": [
        moments_halved_at_the_end, moments_without_first, moments_always_he, moments_quartered,
        moments_reversed,
    ],
    "he_init": [
        he_of_the_last_axis, he_of_the_mean, he_standardised, he_redrawn, he_positive, he_in_place,
    ],
    "batch_norm": [
        norm_with_momentum_fixed, norm_with_eps_fixed, norm_in_place, norm_output_only, norm_without_mean,
        norm_swapped_results,
    ],
    "batch_norm_backward": [
        backward_wrong_sign, backward_plus, backward_x_only, backward_kept_dimensions, backward_per_image,
        backward_order,
    ],
    "dropout": [
        dropout_own_randomness, dropout_whole_rows, dropout_mean_scaled, dropout_half_always,
        dropout_returns_mask, dropout_in_place, dropout_keeps_below_one_minus_p,
    ],
    "one_cycle": [
        cycle_three_phases, cycle_divided_by_ten, cycle_one_step_on, cycle_of_max_one, cycle_constant,
        cycle_exponential,
    ],
    "early_stopping": [
        stop_first_rise, stop_shallow_copy, stop_validates_twice, stop_state_before, stop_returns_loss,
        stop_trains_once, stop_puts_back_when_patience_ends, stop_demands_a_gain, stop_of_three_rises,
    ],
    "diagnoses": [
        diagnoses_of_five, diagnoses_all_overfit, diagnoses_other_words, diagnoses_all_healthy,
        diagnoses_list,
    ],
    "initialise": [
        start_of_first_layer, start_shifted, start_same_rows, start_positive,
        start_uniform_with_std_for_reach, start_nothing, start_zeros,
        start_two_levels,
    ],
    "group_norm": [
        group_ignores_eps, group_returns_none_for_odd, group_four_axes_only, group_size_for_number,
        group_scaled_by_group, group_asserts,
    ],
}  # fmt: skip
