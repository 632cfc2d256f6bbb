"""The optimizers of lesson 05, as torch has them, with weight decay where it belongs."""

from __future__ import annotations

import torch
from torch import nn

from course_utils.training.config import TrainConfig

FUSED_ON = ("cpu", "cuda")  # one kernel for all weights; with float16 it also spares a wait a step


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Two groups: weights of layers, which decay, and the rest, which does not.

    Decay pulls weights towards 0. A layer's weight can be small without harm; the scale of a norm and a bias
    have no such meaning (T. He et al.: Bag of Tricks for Image Classification with Convolutional Neural
    Networks, CVPR 2019, section 3.1). Both have one dimension, weights have two or more.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trained:
        raise ValueError("the model has no parameter to train: is every requires_grad False?")
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def build_optimizer(model: nn.Module, config: TrainConfig, device: torch.device) -> torch.optim.Optimizer:
    """The optimizer of `config` for the parameters of `model`, which must be on `device` already."""
    groups = parameter_groups(model, config.weight_decay)
    fused = device.type in FUSED_ON and all(
        p.is_floating_point() for group in groups for p in group["params"]
    )
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.lr, betas=(config.momentum, 0.999), fused=fused)
    return torch.optim.SGD(
        groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0, fused=fused
    )
