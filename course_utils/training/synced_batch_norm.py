"""Batch norm over the batch of all processes: each sees its share, all normalise by the same statistics.

With batch norm as it stands, two processes with 32 images each compute another function than one process
with 64. Here they exchange two numbers a channel, forward and backward, and compute the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

if TYPE_CHECKING:
    from course_utils.training.distributed import Group


def synced_batch_norm(model: nn.Module, group: Group) -> nn.Module:
    """Make every batch norm of `model` take its training statistics over all processes of `group`.

    Changes the layers in place and returns `model`: parameters, buffers and the names in `state_dict` stay
    what they were, and in evaluation mode nothing differs. All processes must run such a layer equally often,
    if need be with an empty batch.
    """
    for module in model.modules():
        if type(module) in SYNCED:
            module.__class__ = SYNCED[type(module)]
            module.group = group
    return model


class _Synced:
    """What the layers below add to PyTorch's: the forward pass of training."""

    group: Group

    @torch.compiler.disable  # the compiler would try to trace the exchange between processes
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (n, C, ...), this process's share, n may be 0 -> the same shape."""
        if not self.training:
            return super().forward(x)
        self._check_input_dim(x)
        mean, variance, count = statistics(x, self.group)
        if self.track_running_stats:
            self._follow(mean, variance, count)
        return _Normalise.apply(x, self.weight, self.bias, mean, variance, count, self.eps, self.group)

    @torch.no_grad()
    def _follow(self, mean: torch.Tensor, variance: torch.Tensor, count: torch.Tensor) -> None:
        """Move the running statistics towards these, as nn.BatchNorm2d does."""
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        unbiased = variance * count / (count - 1).clamp(min=1)
        self.running_mean.add_(share * (mean - self.running_mean))
        self.running_var.add_(share * (unbiased - self.running_var))


class SyncedBatchNorm1d(_Synced, nn.BatchNorm1d):
    """nn.BatchNorm1d over all processes."""


class SyncedBatchNorm2d(_Synced, nn.BatchNorm2d):
    """nn.BatchNorm2d over all processes."""


class SyncedBatchNorm3d(_Synced, nn.BatchNorm3d):
    """nn.BatchNorm3d over all processes."""


SYNCED = {
    nn.BatchNorm1d: SyncedBatchNorm1d,
    nn.BatchNorm2d: SyncedBatchNorm2d,
    nn.BatchNorm3d: SyncedBatchNorm3d,
}


@torch.no_grad()
def statistics(x: torch.Tensor, group: Group) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean (C,) and variance (C,) of each channel over the x (n, C, ...) of all processes, and the count ().

    From each process's mean m, variance v and count n: the whole has the mean Σ n·m / Σ n, and the variance
    Σ n·(v + (m − mean)²) / Σ n. Adding up squares instead would lose the small difference of large numbers.
    """
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    channels, count = x.shape[1], x.numel() // x.shape[1]
    own = x.new_zeros(2 * channels + 1)  # mean, variance and count; all 0 for an empty share
    if count:
        variance, mean = torch.var_mean(x, _all_but_channels(x), correction=0)
        own = torch.cat([mean, variance, own.new_full((1,), count)])
    means, variances, counts = group.gather(own).split([channels, channels, 1], dim=1)
    count = counts.sum()
    mean = (counts * means).sum(0) / count
    variance = (counts * (variances + (means - mean) ** 2)).sum(0) / count
    return mean, variance, count


class _Normalise(torch.autograd.Function):
    """y = weight · x̂ + bias with x̂ = (x − mean) / √(variance + eps), as a function of the x of all processes.

    Backward, as in S. Ioffe, C. Szegedy: Batch Normalization: Accelerating Deep Network Training by Reducing
    Internal Covariate Shift, 2015, with Σ over the batches of all processes and N the values in them:
    dx = weight / √(variance + eps) · (dy − Σ dy / N − x̂ · Σ dy·x̂ / N).
    """

    @staticmethod
    def forward(ctx, x, weight, bias, mean, variance, count, eps, group):
        ctx.save_for_backward(x, weight, mean, variance, count)
        ctx.eps, ctx.group = eps, group
        return F.batch_norm(x, mean, variance, weight, bias, training=False, eps=eps)

    @staticmethod
    def backward(ctx, dy):
        x, weight, mean, variance, count = ctx.saved_tensors
        scale = (variance + ctx.eps).rsqrt()
        normalised = (x - _per_channel(mean, x)) * _per_channel(scale, x)
        d_bias = dy.sum(_all_but_channels(x), dtype=mean.dtype)
        d_weight = (dy * normalised).sum(_all_but_channels(x))
        # The sums of this process alone: like all gradients of weights, they are averaged after backward.
        d_mean, d_spread = ctx.group.sum_(torch.stack([d_bias, d_weight])) / count
        if weight is not None:
            scale = scale * weight
        dx = dy - _per_channel(d_mean, x) - normalised * _per_channel(d_spread, x)
        dx = (dx * _per_channel(scale, x)).to(x.dtype)
        learnt = (None, None) if weight is None else (d_weight, d_bias)
        return dx, *learnt, None, None, None, None, None


def _all_but_channels(x: torch.Tensor) -> list[int]:
    return [0, *range(2, x.ndim)]


def _per_channel(values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """values (C,) as (1, C, 1, ...), to go with x (n, C, ...)."""
    return values.view(1, -1, *[1] * (x.ndim - 2))
