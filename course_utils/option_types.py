"""What the options of the command line take: numbers within bounds, key=value. Loads nothing heavy."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """A type for argparse: a whole number from `low` to `high`."""
    bounds = f"from {low} to {high}" if high is not None else f"from {low}"

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"{value} is out of range: choose a whole number {bounds}")
        return value

    return convert


def number(
    low: float, high: float = float("inf"), *, open_low: bool = False, open_high: bool = False
) -> Callable[[str], float]:
    """A type for argparse: a finite number from `low` to `high`; an open end is itself not allowed."""
    bounds = f"above {low:g}" if open_low else f"from {low:g}"
    if high != float("inf"):
        bounds += f" and below {high:g}" if open_high else f" to {high:g}"

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        inside = low < value if open_low else low <= value
        inside = inside and (value < high if open_high or high == float("inf") else value <= high)
        if not inside:  # nan too
            raise argparse.ArgumentTypeError(f"{text} is out of range: choose a number {bounds}")
        return value

    return convert


def key_and_value(text: str) -> tuple[str, Any]:
    """key=value from the command line; the value as JSON where it is JSON (2, 0.5, true), else as text."""
    key, equals, value = text.partition("=")
    if not (equals and key.isidentifier()):
        raise argparse.ArgumentTypeError(f"{text!r}: write KEY=VALUE, such as stem=small")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
