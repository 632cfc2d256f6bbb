"""The exercises of lesson 03, convolution_backward."""

from course_utils.checks.convolution_backward.adjoint import adjoint_test
from course_utils.checks.convolution_backward.averaging import avg_pool2d_backward
from course_utils.checks.convolution_backward.block import block_backward
from course_utils.checks.convolution_backward.derivation import conv_gradient
from course_utils.checks.convolution_backward.function import conv_function
from course_utils.checks.convolution_backward.layer import conv2d_backward
from course_utils.checks.convolution_backward.nudging import numerical_gradient
from course_utils.checks.convolution_backward.pooling import max_pool2d_backward
from course_utils.checks.convolution_backward.touching import outputs_per_pixel
from course_utils.checks.convolution_backward.witness import overlap_witness
from course_utils.checks.session import Checks

check = Checks(
    "03_convolution_backward",
    [
        outputs_per_pixel,
        conv_gradient,
        adjoint_test,
        conv2d_backward,
        max_pool2d_backward,
        avg_pool2d_backward,
        numerical_gradient,
        conv_function,
        overlap_witness,
        block_backward,
    ],
)
