"""The layers, functions and tensor methods out of which a network can be sent as plain data."""

from __future__ import annotations

import operator
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn


def _words(text: str) -> list[str]:
    return text.split()


_CONVOLUTION = "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode"
_NORM = "num_features eps momentum affine track_running_stats"

# What a layer is made with: each word is an argument of its constructor and an attribute of the layer.
# `bias` is an attribute too, but a tensor or None: sent as True or False.
_LAYERS = {
    "Linear": "in_features out_features bias",
    **{f"Conv{d}d": _CONVOLUTION for d in (1, 2)},
    **{f"ConvTranspose{d}d": f"{_CONVOLUTION} output_padding" for d in (1, 2)},
    **{name: _NORM for name in ("BatchNorm1d", "BatchNorm2d", "InstanceNorm1d", "InstanceNorm2d")},
    "GroupNorm": "num_groups num_channels eps affine",
    "LayerNorm": "normalized_shape eps elementwise_affine bias",
    "RMSNorm": "normalized_shape eps elementwise_affine",
    "LocalResponseNorm": "size alpha beta k",
    **{f"MaxPool{d}d": "kernel_size stride padding dilation ceil_mode" for d in (1, 2)},
    "AvgPool1d": "kernel_size stride padding ceil_mode count_include_pad",
    "AvgPool2d": "kernel_size stride padding ceil_mode count_include_pad divisor_override",
    **{f"Adaptive{kind}Pool{d}d": "output_size" for kind in ("Avg", "Max") for d in (1, 2)},
    **{name: "p inplace" for name in ("Dropout", "Dropout1d", "Dropout2d", "AlphaDropout")},
    "Identity": "",
    "Flatten": "start_dim end_dim",
    "Unflatten": "dim unflattened_size",
    **{name: "inplace" for name in ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid")},
    **{name: "" for name in ("Sigmoid", "Tanh", "LogSigmoid", "Softsign", "Tanhshrink")},
    "LeakyReLU": "negative_slope inplace",
    "PReLU": "num_parameters",
    "ELU": "alpha inplace",
    "CELU": "alpha inplace",
    "GELU": "approximate",
    "Softplus": "beta threshold",
    "Hardtanh": "min_val max_val inplace",
    "Softmax": "dim",
    "LogSoftmax": "dim",
    **{f"{kind}Pad2d": "padding" for kind in ("Zero", "Reflection", "Replication", "Circular")},
    "ConstantPad2d": "padding value",
    "Upsample": "size scale_factor mode align_corners",
    "PixelShuffle": "upscale_factor",
    "PixelUnshuffle": "downscale_factor",
    "ChannelShuffle": "groups",
    "Unfold": "kernel_size dilation padding stride",
}
LAYERS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    name: (getattr(nn, name), tuple(_words(words))) for name, words in _LAYERS.items() if hasattr(nn, name)
}
KINDS = {layer: name for name, (layer, _) in LAYERS.items()}

_TORCH = _words(
    """relu sigmoid tanh exp expm1 log log1p sqrt rsqrt square abs neg sign pow clamp clamp_min clamp_max
    minimum maximum add sub mul div true_divide matmul bmm mm addmm baddbmm einsum cat concat
    concatenate stack flatten unflatten reshape permute transpose swapaxes movedim squeeze unsqueeze
    chunk split unbind flip roll mean sum amax amin max min std var std_mean var_mean logsumexp softmax
    log_softmax cumsum prod where sin cos erf conv1d conv2d conv_transpose2d max_pool1d max_pool2d
    avg_pool1d adaptive_avg_pool1d batch_norm group_norm layer_norm instance_norm dropout pixel_shuffle
    pixel_unshuffle channel_shuffle prelu celu selu zeros_like ones_like lerp"""
)
_FUNCTIONAL = _words(
    """relu relu6 leaky_relu elu selu celu gelu silu mish hardswish hardsigmoid hardtanh softplus softsign
    sigmoid tanh logsigmoid tanhshrink prelu glu softmax log_softmax linear conv1d conv2d
    conv_transpose2d max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_max_pool1d adaptive_max_pool2d batch_norm group_norm layer_norm instance_norm
    local_response_norm normalize dropout dropout1d dropout2d alpha_dropout pad interpolate unfold
    pixel_shuffle pixel_unshuffle channel_shuffle"""
)
OPERATORS: dict[str, Callable] = {
    name: getattr(operator, name)
    for name in _words("add sub mul truediv floordiv mod neg pow matmul getitem gt ge lt le eq ne")
}
FUNCTIONS: dict[str, Callable] = {
    **{f"torch.{name}": getattr(torch, name) for name in _TORCH if hasattr(torch, name)},
    **{f"F.{name}": getattr(F, name) for name in _FUNCTIONAL if hasattr(F, name)},
}
METHODS = frozenset(
    _words(
        """abs add add_ amax amin bmm chunk clamp clamp_ clamp_min clamp_max clone contiguous cos cumsum
    detach div div_ dim double erf exp expand expand_as flatten flip float log log1p log_softmax logsumexp
    lerp masked_fill matmul max mean min mm movedim mul mul_ neg numel permute pow prod relu relu_ repeat
    reshape roll rsqrt sigmoid sigmoid_ sin size softmax split sqrt square squeeze std sub sub_ sum
    swapaxes t tanh tanh_ transpose unbind unflatten unsqueeze var view view_as reshape_as"""
    )
)
ATTRIBUTES = frozenset(_words("shape ndim T mT H values indices"))


def names_of(functions: dict[str, Callable]) -> dict[Callable, str]:
    """The first name of each function."""
    named: dict[Callable, str] = {}
    for name, function in functions.items():
        named.setdefault(function, name)
    return named
