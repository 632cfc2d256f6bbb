"""The command `course`: parse the words, then load only the part that does the work.

Nothing heavy is imported here: `course --help` must answer before a learner wonders whether it hangs.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from course_utils.data.options import add_data
from course_utils.grade_options import add_grade
from course_utils.progress.options import add_progress
from course_utils.syllabus.options import add_syllabus
from course_utils.train_options import add_options

# Each command names the function that does it as "module:function"; the module is imported when it is needed.
LAB = "course_utils.launch:lab"
DOCTOR = "course_utils.doctor:doctor"
BUILD = "course_utils.authoring.command:build"
TRAIN = "course_utils.training.command:train"

USAGE_ERROR = 2  # the exit code of argparse, used for every mistake that the learner can mend
INTERRUPTED = 130  # what a shell reports for a program ended with Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    An error that the course raises on purpose (its class is defined in `course_utils`) is printed as one
    message without a traceback; anything else is a fault of ours and shows where it happened.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        args = parse(arguments)
        handler = load(args.handler)
        return int(handler(args) or 0)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `course data list | head`: the reader has seen enough
        sys.stderr.close()
        return 0
    except Exception as error:
        if not type(error).__module__.startswith("course_utils."):
            raise
        print(f"course: {error}", file=sys.stderr)
        return USAGE_ERROR


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line; what follows `lab` is kept as it stands, for JupyterLab."""
    parser = build_parser()
    if arguments[:2] == ["grade", "merge"]:  # one command, for `course grade` takes any number of paths
        arguments = ["grade merge", *arguments[2:]]
    if arguments[:1] == ["lab"] and not {"-h", "--help"} & set(arguments):
        args = parser.parse_args(["lab"])
        args.arguments = arguments[1:]
        return args
    return parser.parse_args(arguments)


def load(handler: str):
    """Import the function that `module:function` names."""
    module, _, function = handler.partition(":")
    return getattr(importlib.import_module(module), function)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line as one parser."""
    parser = argparse.ArgumentParser(
        prog="course",
        description="From Convolution to ImageNet: open the lessons, see how far you are, fetch the data, "
        "train networks, grade a class, build the course.",
        epilog="Something does not work? `course doctor` says what is missing and how to get it.",
    )
    parser.add_argument("--version", action=Version, help="show the version of the course and stop")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_lab(commands)
    add_progress(commands)
    add_syllabus(commands)
    add_data(commands)
    add_train(commands)
    add_grade(commands)
    add_build(commands)
    doctor = commands.add_parser(
        "doctor",
        help="say what is installed, what is missing and the command that brings it",
        description="Look at Python, the packages, the device, memory, the data and the lessons. "
        "Exit code 1 when something that the lessons need is missing.",
    )
    doctor.set_defaults(handler=DOCTOR)
    return parser


def add_lab(commands) -> None:
    lab = commands.add_parser(
        "lab",
        help="open a lesson in JupyterLab",
        usage="course lab [LESSON] [any option of jupyter lab]",
        description="Open a lesson in JupyterLab: the first one, or the one that you name.",
        epilog="Everything else goes to JupyterLab as it is, for example `course lab 04 --no-browser "
        "--port=9000`; `jupyter lab --help` lists its options.",
    )
    lab.add_argument("lesson", nargs="?", metavar="LESSON", help="04, 04_cross_entropy or cross_entropy")
    lab.set_defaults(handler=LAB, arguments=[])


def add_train(commands) -> None:
    train = commands.add_parser(
        "train",
        help="train a network, and say how good it is and what it took",
        description="Train a network from the beginning; under torchrun, in several processes at once.",
        epilog="For example: course train --data imagenette --model resnet9 --width 16 --epochs 5 --json",
    )
    add_options(train)
    train.set_defaults(handler=TRAIN)


def add_build(commands) -> None:
    build = commands.add_parser(
        "build",
        help="generate the student lessons from solutions/ (for authors)",
        description="Generate lessons/ and the executed solution notebooks from solutions/NN_slug.py.",
    )
    build.add_argument("lesson", nargs="?", metavar="LESSON", help="one lesson only (default: all of them)")
    build.add_argument("--check", action="store_true", help="change nothing, name what is stale, exit 1 then")
    build.add_argument("--execute", action="store_true", help="run the solutions even if they did not change")
    build.set_defaults(handler=BUILD)


class Version(argparse.Action):
    """`--version`, looked up only when asked for: importlib.metadata is slow to import."""

    def __init__(self, option_strings, dest, **options):
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser, namespace, values, option_string=None):
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"imagenet-course {version('imagenet-course')}")
        except PackageNotFoundError:
            print("imagenet-course, not installed: this copy runs from its folder")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
