"""The errors of the training layer: a plain text that names the value and the remedy."""

from __future__ import annotations


class TrainingError(Exception):
    """What went wrong in a run, and what to do about it.

    In a notebook it shows as its text alone: the way through our own code would not help the learner.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class CheckpointError(TrainingError):
    """A file that holds no state that this run could go on from."""


class TrainingWarning(UserWarning):
    """Something that the run can live with and its owner should know."""
