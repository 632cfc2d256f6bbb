"""Exercises that know the mistakes people make, and the checks that name yours."""

from course_utils.checks.case import Case, Misconception
from course_utils.checks.derivations import DerivationExercise, Step
from course_utils.checks.exercise import Exercise
from course_utils.checks.functions import FunctionExercise
from course_utils.checks.memory import remembering
from course_utils.checks.modules import ModuleExercise, TrainedModelExercise
from course_utils.checks.remote import AnswerLost, Remote
from course_utils.checks.session import CheckFailed, Checks, NotAttempted
from course_utils.checks.values import ChoiceExercise, ValueExercise
from course_utils.checks.verdict import Verdict

__all__ = [
    "AnswerLost",
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
    "Remote",
    "Step",
    "TrainedModelExercise",
    "ValueExercise",
    "Verdict",
    "remembering",
]
