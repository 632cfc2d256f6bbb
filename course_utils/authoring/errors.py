"""What can be wrong with a lesson's source, said with file and line."""

from __future__ import annotations

from pathlib import Path


class AuthoringError(Exception):
    """A mistake in a lesson's source; the message begins with `file:line:`."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path.parent.name}/{path.name}:{line}: {message}")
