"""The words of `course data`, for the parser of the command line: nothing heavy is imported here."""

from __future__ import annotations

import argparse

DATA = "course_utils.data.commands"


def add_data(commands) -> None:
    """`course data` with its commands."""
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
    add_choosing(prepare)
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
    parser.add_argument(
        "--resize",
        choices=("crop", "squeeze"),
        default="crop",
        help="crop: the shorter side to S, then the centre square (default); squeeze: both sides to S",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="threads that decode (default: one for each core)"
    )


def add_choosing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--classes",
        nargs="+",
        metavar="CLASS",
        help="only these class folders: their names (n01440764 n02102040 ...), or one text file with a name "
        "a line",
    )
    parser.add_argument(
        "--val-share",
        type=share,
        metavar="SHARE",
        help="for a folder without train/ and val/: the share of each class for validation (default: 0.2)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chooses that share (default: 0)")
    parser.add_argument(
        "--name",
        dest="as_name",
        metavar="NAME",
        help="keep the result under this name, for load_dataset(NAME): so one tree can be prepared in "
        "several ways",
    )


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
