"""Exercises of lesson 02, convolution."""

from course_utils.checks.convolution.adjoint import conv2d_transpose
from course_utils.checks.convolution.costs import count_parameters_and_macs
from course_utils.checks.convolution.fields import receptive_field
from course_utils.checks.convolution.im2col import conv2d_im2col
from course_utils.checks.convolution.layer import conv2d
from course_utils.checks.convolution.plane import cross_correlate, one_pixel
from course_utils.checks.convolution.published import fooling_kernel, published_layer
from course_utils.checks.convolution.sizes import output_size
from course_utils.checks.session import Checks

check = Checks(
    "02_convolution",
    [
        one_pixel,
        cross_correlate,
        output_size,
        conv2d,
        count_parameters_and_macs,
        conv2d_im2col,
        receptive_field,
        fooling_kernel,
        published_layer,
        conv2d_transpose,
    ],
)
