"""Weights that a layer computes out of others in each pass, as with `weight_norm`, written out once."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import parametrize, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm


def folded(model: nn.Module) -> nn.Module:
    """The same network with plain weights, in evaluation mode; it may have fewer parameters then."""
    with torch.enable_grad():  # otherwise what is written out would be no parameter
        for module in list(model.modules()):
            for hook in list(module._forward_pre_hooks.values()):
                if isinstance(hook, WeightNorm):
                    remove_weight_norm(module, hook.name)
                elif isinstance(hook, SpectralNorm):
                    remove_spectral_norm(module, hook.name)
            if parametrize.is_parametrized(module):
                for name, made_of in list(module.parametrizations.items()):
                    # A weight that is made of fewer numbers would count for more than it is.
                    if getattr(module, name).numel() <= sum(each.numel() for each in made_of.parameters()):
                        parametrize.remove_parametrizations(module, name)
    return model
