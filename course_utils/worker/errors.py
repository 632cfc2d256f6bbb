"""What encoding and decoding refuse."""

from __future__ import annotations


class CodecError(Exception):
    """What arrived stands for no value."""


class TooMuch(Exception):
    """A value too large, too deep or too long to be sent."""
