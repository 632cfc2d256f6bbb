"""The exercises of lesson 08, in its order."""

from course_utils.checks.making_it_train.backward import BATCH_NORM_BACKWARD
from course_utils.checks.making_it_train.curves import DIAGNOSES
from course_utils.checks.making_it_train.dropping import DROPOUT
from course_utils.checks.making_it_train.groups import GROUP_NORM
from course_utils.checks.making_it_train.moments import SECOND_MOMENTS
from course_utils.checks.making_it_train.norm import BATCH_NORM
from course_utils.checks.making_it_train.rates import ONE_CYCLE
from course_utils.checks.making_it_train.scale import HE_INIT
from course_utils.checks.making_it_train.start import INITIALISE
from course_utils.checks.making_it_train.stopping import EARLY_STOPPING
from course_utils.checks.session import Checks

check = Checks(
    "08_making_it_train",
    [
        SECOND_MOMENTS,
        HE_INIT,
        BATCH_NORM,
        BATCH_NORM_BACKWARD,
        DROPOUT,
        ONE_CYCLE,
        EARLY_STOPPING,
        DIAGNOSES,
        INITIALISE,
        GROUP_NORM,
    ],
)
