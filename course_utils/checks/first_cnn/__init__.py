"""The exercises of lesson 06, in its order."""

from course_utils.checks.first_cnn.counting import COUNT_PARAMETERS, IMAGES_BEHIND, INITIAL_LOSS
from course_utils.checks.first_cnn.evaluating import EVALUATE
from course_utils.checks.first_cnn.networks import MENDED_NET
from course_utils.checks.first_cnn.protocol import BEST_EPOCH
from course_utils.checks.first_cnn.stretch import SMALL_NETWORK
from course_utils.checks.first_cnn.training import TRAIN_STEP
from course_utils.checks.session import Checks

check = Checks(
    "06_first_cnn",
    [
        COUNT_PARAMETERS,
        TRAIN_STEP,
        EVALUATE,
        INITIAL_LOSS,
        MENDED_NET,
        BEST_EPOCH,
        IMAGES_BEHIND,
        SMALL_NETWORK,
    ],
)
