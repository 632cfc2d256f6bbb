"""The exercises of lesson 05, in its order."""

from course_utils.checks.backprop_and_optimizers.adam import ADAM_STEP
from course_utils.checks.backprop_and_optimizers.adamw import ADAMW_STEP
from course_utils.checks.backprop_and_optimizers.broadcasting import UNBROADCAST
from course_utils.checks.backprop_and_optimizers.cnn import CNN_BACKWARD
from course_utils.checks.backprop_and_optimizers.engine import VALUE
from course_utils.checks.backprop_and_optimizers.linear import LINEAR_BACKWARD
from course_utils.checks.backprop_and_optimizers.momentum import MOMENTUM_STEP
from course_utils.checks.backprop_and_optimizers.range_test import LR_RANGE_TEST
from course_utils.checks.backprop_and_optimizers.resting import RESTING_POINT, WHO_DECIDES
from course_utils.checks.backprop_and_optimizers.stability import LARGEST_STABLE_LR
from course_utils.checks.session import Checks

check = Checks(
    "05_backprop_and_optimizers",
    [
        LINEAR_BACKWARD,
        CNN_BACKWARD,
        VALUE,
        MOMENTUM_STEP,
        LARGEST_STABLE_LR,
        ADAM_STEP,
        ADAMW_STEP,
        LR_RANGE_TEST,
        RESTING_POINT,
        WHO_DECIDES,
        UNBROADCAST,
    ],
)
