"""The command `course`: parse the words, then load only the part that does the work.

Nothing heavy is imported here: `course --help` must answer before a learner wonders whether it hangs.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

# Each command names the function that does it as "module:function"; the module is imported when it is needed.
LAB = "course_utils.launch:lab"
DOCTOR = "course_utils.doctor:doctor"
BUILD = "course_utils.authoring.command:build"
DATA = "course_utils.data.commands"

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
        description="From Convolution to ImageNet: open the lessons, fetch the data, build the course.",
        epilog="Something does not work? `course doctor` says what is missing and how to get it.",
    )
    parser.add_argument("--version", action=Version, help="show the version of the course and stop")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_lab(commands)
    add_data(commands)
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


def add_data(commands) -> None:
    data = commands.add_parser(
        "data",
        help="list, fetch and prepare the photographs",
        description="The lessons run on photographs that come with the course; these commands bring more.",
    )
    verbs = data.add_subparsers(title="commands", metavar="COMMAND", required=True)

    listing = verbs.add_parser("list", help="the data sets, their terms, and which are here")
    listing.set_defaults(handler=f"{DATA}:list_sources")

    get = verbs.add_parser("get", help="download (or take from a file) and prepare a data set")
    get.add_argument("name", metavar="NAME", help="a name from `course data list`, such as imagenette")
    get.add_argument(
        "--from",
        dest="origin",
        metavar="PATH_OR_URL",
        help="take the archive from this path, file:// or https:// address instead of the official one",
    )
    add_preparing(get)
    get.set_defaults(handler=f"{DATA}:get")

    prepare = verbs.add_parser("prepare", help="turn a data set into one array that loads at once")
    prepare.add_argument(
        "name",
        metavar="NAME_OR_PATH",
        help="a data set that is here already, or a folder with one folder of pictures a class",
    )
    add_preparing(prepare)
    prepare.set_defaults(handler=f"{DATA}:prepare")

    where = verbs.add_parser("where", help="the folder that holds the data (COURSE_DATA moves it)")
    where.set_defaults(handler=f"{DATA}:where")


def add_preparing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size",
        type=pixels,
        nargs="+",
        default=[64],
        metavar="S",
        help="height and width of the prepared pictures, in pixels; several sizes are prepared one by one "
        "(default: 64)",
    )
    parser.add_argument(
        "--allow-bad",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="leave out pictures that do not decode, as long as they are no more than this share of all "
        "(default: 0, none)",
    )


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


def pixels(text: str) -> int:
    """A picture size from the command line."""
    try:
        size = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of pixels") from None
    if not 8 <= size <= 1024:
        raise argparse.ArgumentTypeError(f"{size} pixels: choose between 8 and 1024")
    return size


def share(text: str) -> float:
    """A part of a whole from the command line: 0.01 is one in a hundred."""
    try:
        part = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= part < 1:
        raise argparse.ArgumentTypeError(f"{text}: choose a share from 0 to below 1, such as 0.01")
    return part


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
