"""The one error of the data layer: a plain text that names the thing, the value and the remedy."""

import errno
from contextlib import contextmanager


class CourseDataError(Exception):
    """What went wrong with data, and what to do about it.

    In a notebook it shows as its text alone: the way through our own code would not help the learner.
    """

    def _render_traceback_(self):
        return [f"CourseDataError: {self}"]


def shown(name):
    """A file name as a message can show it: what is not printable, such as a line end or a byte that is no
    UTF-8, is written as an escape. A name could otherwise end the line or steer the terminal."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(name)
    )


@contextmanager
def explain_disk_errors(where, kept="What was begun has been removed."):
    """Turn a full or read-only disk into a CourseDataError that names the folder `where`.

    `kept` says what has become of the work so far.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CourseDataError(
                f"The disk is full: no room to write under {where} ({error.strerror}).\n"
                f"{kept} Free some space, or set the environment variable COURSE_DATA to a folder "
                "on a larger disk, and run the same command again."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CourseDataError(
                f"Cannot write under {where}: {error.strerror} ({error.filename or where}).\n"
                "Set the environment variable COURSE_DATA to a folder that you may write to."
            ) from error
        raise
