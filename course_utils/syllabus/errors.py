"""What can go wrong while the syllabus is read."""


class SyllabusError(Exception):
    """A file of the syllabus or of a lesson cannot be read; the message names it."""
