"""The words of `course syllabus`, for the parser of the command line: nothing heavy is imported here."""

from __future__ import annotations


def add_syllabus(commands) -> None:
    """`course syllabus`."""
    syllabus = commands.add_parser(
        "syllabus",
        help="what the lessons teach, and where",
        description="The lessons with their prerequisites, exercises and goals, and where each system that "
        "texts on this subject name is taught.",
    )
    syllabus.add_argument("--lesson", metavar="LESSON", help="all about one: 04, 04_cross_entropy, ...")
    syllabus.add_argument("--systems", action="store_true", help="the systems, each with where it is taught")
    syllabus.add_argument("--json", action="store_true", help="as JSON, for a program")
    syllabus.set_defaults(handler="course_utils.syllabus.command:syllabus")
