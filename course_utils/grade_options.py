"""The words that `course grade` and `course grade merge` understand. Loads nothing heavy."""

from __future__ import annotations

import argparse

from course_utils.option_types import number, whole

COMMAND = "course_utils.grading.batch.command"
TIERS = ("auto", "bubblewrap", "baseline")
SECONDS_PER_SUBMISSION = 300.0  # honest ones need a fraction
SEEDS = 2**31 - 1  # the largest seed; small enough to be copied from a report by hand


def add_grade(commands) -> None:
    """`course grade` and `course grade merge`."""
    grade = commands.add_parser(
        "grade",
        help="judge the notebooks of a class (for instructors)",
        description="Judge notebooks, folders of them or zip files. Only the answer cells are taken from a "
        "notebook; they run in a sandbox, and the verdict is computed outside of it.",
        epilog="For example: course grade submissions/ --out results/ --lesson 02_convolution; then open "
        "results/class.html. Several machines: --shard 1/4 on the first, and course grade merge at the end.",
    )
    grade.add_argument(
        "paths", nargs="+", metavar="PATH", help="notebooks, folders or zip files, any nesting"
    )
    grade.add_argument("--out", required=True, metavar="FOLDER", help="where the results go")
    grade.add_argument(
        "--lesson",
        action="append",
        metavar="LESSON",
        help="judge this lesson only, such as 02_convolution; may be repeated (default: what a notebook is)",
    )
    _how(grade.add_argument_group("how to judge"))
    _where(grade.add_argument_group("on the machine"))
    _said(grade)
    grade.set_defaults(handler=f"{COMMAND}:grade")
    _add_merge(commands)


def _how(group) -> None:
    group.add_argument(
        "--seed",
        type=whole(0, SEEDS),
        metavar="N",
        help="of the cases, the same for all submissions (default: drawn at random, and recorded)",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in --out: its seed, and only what is missing or has changed",
    )
    group.add_argument(
        "--seconds-per-submission",
        type=number(1),
        metavar="S",
        help=f"wall time that one submission may take (default: {SECONDS_PER_SUBMISSION:g})",
        default=SECONDS_PER_SUBMISSION,
    )
    group.add_argument(
        "--allow-baseline",
        action="store_true",
        help="judge secret exercises even without bubblewrap, where a student could learn their cases",
    )


def _where(group) -> None:
    group.add_argument(
        "--tier", choices=TIERS, default="auto", help="the sandbox (default: auto, the strongest found here)"
    )
    group.add_argument(
        "--jobs", type=whole(1), metavar="N", help="submissions judged at a time (default: the processors)"
    )
    group.add_argument(
        "--shard",
        type=shard,
        default=(1, 1),
        metavar="I/N",
        help="judge the I-th of N parts of the class, such as 1/4",
    )


def _said(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course", metavar="FOLDER", help="the clone with lessons/ and solutions/ (default: the one here)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress, and nothing said but problems")


def _add_merge(commands) -> None:
    merge = commands.add_parser(
        "grade merge",
        help="put the results of several machines together",
        description="Put the results of `course grade --shard` together and write the reports of the whole.",
    )
    merge.add_argument("folders", nargs="+", metavar="FOLDER", help="the --out of each shard")
    merge.add_argument("--out", required=True, metavar="FOLDER", help="where the whole goes")
    merge.add_argument("--allow-missing", action="store_true", help="merge although a shard is not there")
    _said(merge)
    merge.set_defaults(handler=f"{COMMAND}:merge")


def shard(text: str) -> tuple[int, int]:
    """A type for argparse: "2/4" is (2, 4), the second of four parts."""
    first, slash, last = text.partition("/")
    if not (slash and first.isdecimal() and last.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r}: write I/N, such as 1/4 for the first of four parts")
    part, parts = int(first), int(last)
    if not 1 <= part <= parts:
        raise argparse.ArgumentTypeError(f"{text}: the parts are counted from 1 to {parts}")
    return part, parts
