"""The words of `course progress`, for the parser of the command line: nothing heavy is imported here."""

from __future__ import annotations


def add_progress(commands) -> None:
    """`course progress`."""
    progress = commands.add_parser(
        "progress",
        help="what you have solved, and what is worth doing again now",
        description="What you have solved over all lessons. The checks in the notebooks write it into one "
        "file on this machine; it is sent nowhere. The environment variable COURSE_PROGRESS names another "
        "file, or is 'off'.",
    )
    progress.add_argument(
        "--file",
        nargs="?",
        const="",
        metavar="PATH",
        help="show this record instead of your own; without PATH, say where yours is",
    )
    progress.add_argument("--json", action="store_true", help="as JSON, for a program")
    progress.add_argument("--reset", action="store_true", help="begin anew; the old record is kept beside it")
    progress.add_argument("--yes", action="store_true", help="with --reset: do not ask")
    progress.set_defaults(handler="course_utils.progress.command:progress")
