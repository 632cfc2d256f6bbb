"""The learning rate as a function of the step, and of nothing else: a run that goes on needs no memory of it.

L. N. Smith, N. Topin: Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates.
    arXiv:1708.07120, 2017: one cycle, up and down again. Their momentum falls and rises; here it stays.
I. Loshchilov, F. Hutter: SGDR: Stochastic Gradient Descent with Warm Restarts. ICLR 2017: the cosine.
"""

from __future__ import annotations

import math

from course_utils.training.config import TrainConfig

START = 1 / 25  # the rate before the warm-up, as a share of the highest


def learning_rate(step: int, total: int, config: TrainConfig) -> float:
    """The rate for step `step` (0 to total - 1) of a run of `total` steps.

    With s the share of the run that is done, w the warm-up and r the share of the way from there to the end:

        s < w        lr · (1/25 + 24/25 · s/w)              a straight line up, for every schedule
        one_cycle    lr · (1 - (1 - final) · r)             a straight line down
        cosine       lr · (final + (1 - final)(1 + cos πr)/2)
        step         lr · gamma^(number of milestones ≤ s)
        constant     lr
    """
    done = step / total
    if done < config.warmup:
        return config.lr * (START + (1 - START) * done / config.warmup)
    rest = (done - config.warmup) / (1 - config.warmup)
    if config.schedule == "one_cycle":
        return config.lr * (1 - (1 - config.final_lr) * rest)
    if config.schedule == "cosine":
        return config.lr * (config.final_lr + (1 - config.final_lr) * (1 + math.cos(math.pi * rest)) / 2)
    if config.schedule == "step":
        return config.lr * config.gamma ** sum(milestone <= done for milestone in config.milestones)
    return config.lr
