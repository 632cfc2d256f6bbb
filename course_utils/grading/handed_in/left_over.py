"""What was handed in beside the notebooks: somebody's PDF or .py must not vanish without a line."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

NO_FOLDER = "holds no notebook"
NO_FILE = "is no notebook (.ipynb): not graded"
CLASS = 2  # folders with a notebook that tell a class's zip from that of one student

Row = tuple[tuple[str, ...], bool]  # the parts of a name, and whether it is a submission or has its line


def left_over(seen: Iterable[tuple[str, bool]], zips: Container[str]) -> list[tuple[str, str]]:
    """Names of the first rank that hold no submission, and what is to be said of each.

    The first rank is what lies in the folder or zip that was given, or in the one folder that holds all the
    rest; in a zip of a class among others it is looked for, too.

    Args:
        seen: names below the given path, with / between their parts; whether each is accounted for. A name
            that ends in / stands for a folder that is not empty.
        zips: the names of those that are zips.
    """
    return _in_rank([(tuple(name.split("/")), done) for name, done in seen], (), zips, least=0)


def _in_rank(
    rows: Sequence[Row], prefix: tuple[str, ...], zips: Container[str], least: int
) -> list[tuple[str, str]]:
    rows, prefix = _without_wrapper(rows, prefix)
    groups: dict[str, list[Row]] = {}
    for parts, done in rows:
        if parts[0]:
            groups.setdefault(parts[0], []).append((parts[1:], done))
    holding = [name for name, group in groups.items() if any(parts and done for parts, done in group)]
    if len(holding) < least:
        return []
    lines = []
    for first, group in sorted(groups.items()):
        name = "/".join((*prefix, first))
        inside = [(parts, done) for parts, done in group if parts]
        if not any(done for _, done in group):
            lines.append((name, NO_FOLDER if inside else NO_FILE))
        elif name in zips and inside:
            lines += _in_rank(inside, (*prefix, first), zips, CLASS)
    return lines


def _without_wrapper(rows: Sequence[Row], prefix: tuple[str, ...]) -> tuple[Sequence[Row], tuple[str, ...]]:
    """The rows inside the one folder that all of them lie in, as often as there is one."""
    while rows and any(done for _, done in rows):
        if len({parts[0] for parts, _ in rows}) > 1 or min(len(parts) for parts, _ in rows) < 2:
            break
        prefix = (*prefix, rows[0][0][0])
        rows = [(parts[1:], done) for parts, done in rows]
    return rows, prefix
