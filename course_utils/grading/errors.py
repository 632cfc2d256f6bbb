"""What goes wrong for the instructor; a student's mistakes are lines in a report, never errors."""

from __future__ import annotations


class GradingError(Exception):
    """The command cannot go on; the message says what is wrong and what to do."""
