"""Exercises of lesson 02, convolution."""

from course_utils.checks.convolution_adjoint import conv2d_transpose
from course_utils.checks.convolution_costs import count_parameters_and_macs
from course_utils.checks.convolution_fields import receptive_field
from course_utils.checks.convolution_im2col import conv2d_im2col
from course_utils.checks.convolution_layer import conv2d
from course_utils.checks.convolution_plane import cross_correlate, one_pixel
from course_utils.checks.convolution_published import fooling_kernel, published_layer
from course_utils.checks.convolution_sizes import output_size
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
