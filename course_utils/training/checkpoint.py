"""The checkpoints of a run: written whole or not at all, the newest good one found again."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path

from course_utils.training.atomic import PARTIAL
from course_utils.training.errors import CheckpointError, TrainingError, TrainingWarning
from course_utils.training.nested import State
from course_utils.training.state_file import read_state, write_state

__all__ = ["Checkpoints", "read_state", "write_state"]

NAME = re.compile(r"checkpoint-(\d+)\.safetensors")


class Checkpoints:
    """The newest `keep` checkpoints of one run, in one folder that no other run writes into.

    Args:
        folder: made when the first checkpoint is saved.
        keep: how many stay; with 2 there is always one before the newest to fall back on.
    """

    def __init__(self, folder: str | os.PathLike, keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        self.folder, self.keep = Path(folder), keep

    def save(self, state: State, step: int) -> Path:
        """Write `state` as the checkpoint of `step`, then remove those that it makes superfluous.

        Checkpoints of later steps are superfluous too: a run that saves an earlier step has gone back before
        them, because they were refused.

        Raises:
            TrainingError: the disk is full or refuses. The older checkpoints stay.
        """
        path = self.folder / f"checkpoint-{step:09d}.safetensors"
        try:
            write_state(path, state)
        except TrainingError as error:
            found = self.paths()
            left = f"The newest checkpoint is {found[0].name}." if found else "There is no checkpoint yet."
            raise TrainingError(f"{error}\n{left}") from error
        kept = [other for other in self.paths() if _step_of(other) <= step][: self.keep]
        for other in self.paths():
            if other not in kept:
                other.unlink(missing_ok=True)
        for leftover in self.folder.glob(f".checkpoint-*{PARTIAL}"):
            leftover.unlink(missing_ok=True)
        return path

    def latest(self, accept: Callable[[State], str | None] | None = None) -> tuple[State, Path] | None:
        """The newest good checkpoint and its file; None when there is no checkpoint at all.

        One that is damaged or foreign is refused with a TrainingWarning that says why, and the one before it
        is taken.

        Args:
            accept: looks at a state and returns None, or why this run cannot go on from it.

        Raises:
            CheckpointError: there are checkpoints, and none is good; the message lists each with its reason.
        """
        refused = []
        for path in self.paths():
            try:
                state = read_state(path)
                reason = accept(state) if accept else None
            except CheckpointError as error:
                reason = str(error)
            if reason is None:
                for text in refused:
                    warnings.warn(f"{text}\n{path.name} is used instead.", TrainingWarning, stacklevel=2)
                return state, path
            refused.append(reason if str(path) in reason else f"{path} is refused: {reason}")
        if refused:
            raise CheckpointError(
                f"No checkpoint in {self.folder} can be used:\n- " + "\n- ".join(refused) + "\n"
                "Start afresh (resume=False), or choose another folder."
            )
        return None

    def paths(self) -> list[Path]:
        """The files of the checkpoints, newest first."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if NAME.fullmatch(path.name)]
        return sorted(found, key=_step_of, reverse=True)

    def clear(self) -> None:
        """Remove every checkpoint of the folder, for a run that starts afresh."""
        for path in self.paths():
            path.unlink(missing_ok=True)


def _step_of(path: Path) -> int:
    return int(NAME.fullmatch(path.name).group(1))
