"""The exercises of all lessons, and the answers recorded for them in right_answers/ and wrong_answers/."""

import importlib
import importlib.util
from pathlib import Path

from lesson_files import LESSONS

HERE = Path(__file__).parent
SLUGS = [lesson[3:] for lesson in LESSONS]


def exercises(slug):
    """Exercise by name, of one lesson."""
    return importlib.import_module(f"course_utils.checks.{slug}").check.exercises


EXERCISES = {f"{slug}.{name}": exercise for slug in SLUGS for name, exercise in exercises(slug).items()}


def recorded(kind, slug):
    """RIGHT of right_answers/<slug>.py or WRONG of wrong_answers/<slug>.py: lists of answers by exercise.

    Without the file nothing is recorded, which the tests of completeness report.
    """
    path = HERE / f"{kind.lower()}_answers" / f"{slug}.py"
    if not path.is_file():
        return {}
    spec = importlib.util.spec_from_file_location(f"{kind.lower()}_answers_{slug}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, kind)


def listed(kind):
    """(identifier, exercise, answer) of every recorded answer."""
    return [
        (f"{slug}.{name}-{number}", EXERCISES[f"{slug}.{name}"], answer)
        for slug in SLUGS
        for name, answers in recorded(kind, slug).items()
        for number, answer in enumerate(answers)
    ]
