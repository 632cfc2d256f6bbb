"""Why a network was not measured."""

from __future__ import annotations

from typing import NoReturn


class NetworkNotJudged(ValueError):
    """The network could not be sent, or not be trusted; the message says what of it, and what to do.

    `parameters` is how many it has, by its own word where it could not be counted.
    """

    def __init__(self, what: str, parameters: int = 0) -> None:
        super().__init__(
            f"Your network was not judged: {what}, which cannot be sent to be measured. "
            "Ordinary layers of torch.nn, torch and F functions and tensor methods can."
        )
        self.parameters = parameters


class NetworkTooCostly(NetworkNotJudged):
    """Measuring it would take too much memory or time."""

    def __init__(self, why: str, parameters: int) -> None:
        ValueError.__init__(self, f"Your network was not judged: {why}.")
        self.parameters = parameters


def refuse(what: str) -> NoReturn:
    raise NetworkNotJudged(f"it uses {what}")
