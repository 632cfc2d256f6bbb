"""The exercises of lesson 04, cross_entropy."""

from course_utils.checks.cross_entropy.binary import as_two_classes, binary_cross_entropy_with_logits
from course_utils.checks.cross_entropy.derivation import softmax_gradient
from course_utils.checks.cross_entropy.gradient import cross_entropy_grad
from course_utils.checks.cross_entropy.hunts import double_softmax_floor, per_image_loss, published_log
from course_utils.checks.cross_entropy.likelihood import cross_entropy, nll
from course_utils.checks.cross_entropy.smoothing import smooth_labels
from course_utils.checks.cross_entropy.softmax import log_softmax, softmax
from course_utils.checks.cross_entropy.temperature import fit_temperature
from course_utils.checks.session import Checks

check = Checks(
    "04_cross_entropy",
    [
        nll,
        softmax,
        log_softmax,
        cross_entropy,
        softmax_gradient,
        cross_entropy_grad,
        binary_cross_entropy_with_logits,
        as_two_classes,
        smooth_labels,
        fit_temperature,
        per_image_loss,
        double_softmax_floor,
        published_log,
    ],
)
