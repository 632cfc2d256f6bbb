"""Lesson 08: batch norm with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable


def batch_norm_with(
    *,
    over: tuple = (0, 2, 3),
    normalise_by: int = 0,
    remember: int = 1,
    swap: bool = False,
    root: Callable = lambda var, eps: (var + eps).sqrt(),
    use_batch: Callable = lambda training: training,
    update: Callable = lambda training: training,
    affine: Callable = lambda x_hat, scale, shift: scale * x_hat + shift,
    keep: Callable = lambda var: var,
    updated_first: bool = False,
) -> Callable:
    """Batch norm that departs from the right one in what is named."""

    def answer(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
        def column(values):
            return values.view(1, -1, 1, 1)

        mean = x.mean(dim=over, keepdim=True)
        var = x.var(dim=over, correction=normalise_by, keepdim=True)
        new_mean, new_var = running_mean, running_var
        if update(training):
            share = 1 - momentum if swap else momentum
            batch_var = keep(x.var(dim=(0, 2, 3), correction=remember))
            new_mean = (1 - share) * running_mean + share * x.mean(dim=(0, 2, 3))
            new_var = (1 - share) * running_var + share * batch_var
        if updated_first and training:
            mean, var = column(new_mean), column(new_var)
        elif not use_batch(training):
            mean, var = column(running_mean), column(running_var)
        y = affine((x - mean) / root(var, eps), column(scale), column(shift))
        return y, new_mean.clone(), new_var.clone()

    return answer
