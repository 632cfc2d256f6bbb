"""Exercises that know the mistakes people make, and the checks that name yours."""

from course_utils.checks.case import Case, Misconception
from course_utils.checks.derivations import DerivationExercise, Step
from course_utils.checks.exercise import Exercise, Verdict
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.modules import ModuleExercise, TrainedModelExercise
from course_utils.checks.session import CheckFailed, Checks, NotAttempted
from course_utils.checks.values import ChoiceExercise, ValueExercise

__all__ = [
    "Case",
    "CheckFailed",
    "Checks",
    "ChoiceExercise",
    "DerivationExercise",
    "Exercise",
    "FunctionExercise",
    "Misconception",
    "ModuleExercise",
    "NotAttempted",
    "Step",
    "TrainedModelExercise",
    "ValueExercise",
    "Verdict",
]
