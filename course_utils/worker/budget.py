"""How much a reply may hold of what costs its reader far more than its few bytes."""

from __future__ import annotations

MOST_DEAR = {"foreign": 100, "exception": 100, "tensor": 2000, "array": 2000}


class Budget:
    """What one reply may still hold, whose reader makes an object or a class for each; with `strides`, as the
    judge asks its questions, nothing is counted.
    """

    def __init__(self, strides: bool, error: type[Exception]) -> None:
        self._left = None if strides else dict(MOST_DEAR)
        self._error = error

    def take(self, kind: str) -> None:
        """One more of `kind`. Raises the error when it is one too many."""
        if self._left is None or kind not in self._left:
            return
        self._left[kind] -= 1
        if self._left[kind] < 0:
            raise self._error(f"more than {MOST_DEAR[kind]} values of the kind {kind}")
