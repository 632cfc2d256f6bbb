"""What a notebook defines by itself and a cell may use, as far as it matters where nobody looks."""

from __future__ import annotations

from typing import Any


def display(*objects: Any, **options: Any) -> None:
    """Print them, one a line."""
    for each in objects:
        print(repr(each))


def get_ipython() -> Nothing:
    """Stands for the shell, which is not there."""
    return Nothing()


class Nothing:
    """Has every attribute, each of which may be called and does nothing; false, as None is."""

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):  # what Python itself asks for
            raise AttributeError(name)
        return Nothing()

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        return None

    def __bool__(self) -> bool:
        return False
