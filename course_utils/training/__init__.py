"""Training: the small loop of lesson 06, `train_epochs`, and the engine of the later lessons, `fit`."""

from course_utils.training.config import TrainConfig
from course_utils.training.devices import best_device, device_of
from course_utils.training.errors import CheckpointError, TrainingError, TrainingWarning
from course_utils.training.estimate import Estimate, estimate_time
from course_utils.training.evaluation import Evaluation, evaluate, evaluating
from course_utils.training.fit import fit
from course_utils.training.history import History
from course_utils.training.loop import train_epochs, train_step
from course_utils.training.run import Run
from course_utils.training.seeds import seed_everything

__all__ = [
    "CheckpointError",
    "Estimate",
    "Evaluation",
    "History",
    "Run",
    "TrainConfig",
    "TrainingError",
    "TrainingWarning",
    "best_device",
    "device_of",
    "estimate_time",
    "evaluate",
    "evaluating",
    "fit",
    "seed_everything",
    "train_epochs",
    "train_step",
]
