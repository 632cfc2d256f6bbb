"""What a zygote imports before its first worker, so that no worker spends its seconds on it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.lessons.parsing import parsed
from course_utils.grading.lessons.prelude import prelude

TRAINING = "course_utils.training"
WITH_OPTIMIZERS = "torch._dynamo"  # PyTorch imports it with the first optimizer, which takes seconds


def preload(lessons: Iterable[Lesson]) -> list[str]:
    """The modules that the lessons' own answers import, as far as the sandbox has them."""
    found = {module for lesson in lessons for module in _modules(lesson)}
    return sorted(found | ({WITH_OPTIMIZERS} if TRAINING in found else set()))


def _modules(lesson: Lesson) -> set[str]:
    statements = [
        node
        for name, cell in lesson.answers.items()
        for node in ast.walk(parsed(prelude(lesson, name, [cell.solution])))
    ]
    plain = {alias.name for node in statements if isinstance(node, ast.Import) for alias in node.names}
    of = [node for node in statements if isinstance(node, ast.ImportFrom) and node.module]
    packages = {f"course_utils.{alias.name}" for n in of if n.module == "course_utils" for alias in n.names}
    return plain | packages | {node.module for node in of if node.module != "course_utils"}
