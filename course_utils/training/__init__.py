"""Training as lesson 06 builds it: one step, a loop over epochs, an honest evaluation."""

from course_utils.training.devices import best_device, device_of
from course_utils.training.estimate import Estimate, estimate_time
from course_utils.training.evaluation import Evaluation, evaluate, evaluating
from course_utils.training.history import History
from course_utils.training.loop import fit, train_step
from course_utils.training.seeds import seed_everything

__all__ = [
    "Estimate",
    "Evaluation",
    "History",
    "best_device",
    "device_of",
    "estimate_time",
    "evaluate",
    "evaluating",
    "fit",
    "seed_everything",
    "train_step",
]
