"""Limits, and the words and names of arguments that an operation of a network may be given."""

from __future__ import annotations

import torch


def _words(text: str) -> list[str]:
    return text.split()


FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
MOST_FREE = (
    4096  # numbers that are no parameters, which nothing else counts: running means, a mean image, indices
)
LARGEST = 1_000_000  # of a whole number that makes a layer
LARGEST_WINDOW = 1024  # of a kernel, a stride, a padding, a dilation
WINDOWS = frozenset(
    _words("kernel_size stride padding dilation output_padding size output_size scale_factor")
)
WORDS = frozenset(
    _words(
        """zeros constant reflect replicate circular same valid none tanh nearest nearest-exact linear bilinear
        bicubic area floor trunc"""
    )
)
KEYWORDS = frozenset(
    _words(
        """dim keepdim start_dim end_dim kernel_size stride padding dilation groups p ceil_mode count_include_pad
        divisor_override inplace training negative_slope alpha beta threshold approximate output_size mode value
        align_corners scale_factor size bias weight eps momentum running_mean running_var num_groups min max
        normalized_shape unbiased correction dim0 dim1 axis0 axis1 other input dims shifts return_indices
        exponent tensors antialias recompute_scale_factor rounding_mode output_padding use_input_stats k dtype
        _stacklevel lower upper min_val max_val repeats shape source destination sizes chunks split_size"""
    )
)
