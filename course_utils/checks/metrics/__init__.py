"""The exercises of lesson 09, in its order."""

from course_utils.checks.metrics.auditing import AUDIT_REPORT
from course_utils.checks.metrics.averages import PRECISION_RECALL_F1
from course_utils.checks.metrics.calibration import EXPECTED_CALIBRATION_ERROR
from course_utils.checks.metrics.comparing import MCNEMAR
from course_utils.checks.metrics.counting import CONFUSION_MATRIX, TOP_K_ACCURACY
from course_utils.checks.metrics.intervals import WILSON_INTERVAL
from course_utils.checks.metrics.planning import MINIMUM_TEST_SIZE
from course_utils.checks.metrics.ranking import AVERAGE_PRECISION
from course_utils.checks.session import Checks

check = Checks(
    "09_metrics",
    [
        WILSON_INTERVAL,
        TOP_K_ACCURACY,
        CONFUSION_MATRIX,
        PRECISION_RECALL_F1,
        AVERAGE_PRECISION,
        EXPECTED_CALIBRATION_ERROR,
        MCNEMAR,
        MINIMUM_TEST_SIZE,
        AUDIT_REPORT,
    ],
)
