"""The ten classes of Imagenette in WordNet: choose two, see their lowest common ancestor and their distance.

Lesson 01. Drawn is the tree of first hypernyms: where WordNet gives a synset two parents, the first one.
"""

from functools import cache

from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from course_utils.data.hierarchy import first_parents, lowest_common_ancestor, word
from course_utils.data.wordnet import IMAGENETTE_WORDS
from course_utils.plots.palette import HERE, MUTED, OKABE_ITO, SMALL, TEXT, TITLE

from .pattern import InteractiveFigure, dropdown

CLASSES = tuple(sorted(IMAGENETTE_WORDS))
HALO = (withStroke(linewidth=3, foreground="white"),)  # around names that reach over a line


def wordnet_tree(first: str = "n01440764", second: str = "n02102040"):
    """Choose two of the ten classes by their WordNet ids; see the way from one to the other."""
    for wnid in (first, second):
        if wnid not in CLASSES:
            raise ValueError(f"{wnid!r} is none of Imagenette's ids: {', '.join(CLASSES)}")
    options = [(f"{word(wnid)} ({wnid})", wnid) for wnid in CLASSES]
    controls = {
        "first": dropdown("first class", options, first, width="24rem"),
        "second": dropdown("second class", options, second, width="24rem"),
    }
    return InteractiveFigure(draw, describe, controls)


def describe(first: str, second: str) -> str:
    """The text alternative of `draw`."""
    ancestor, edges = lowest_common_ancestor(tree(), first, second)
    if first == second:
        return f"{word(first)} is {len(above(first)) - 1} steps below entity; its distance from itself is 0."
    return (
        f"The lowest common ancestor of {word(first)} and {word(second)} is {word(ancestor)}; "
        f"from one to the other it is {edges} steps."
    )


@cache
def tree() -> dict:
    """Child -> parent over the ten classes and all above them."""
    return first_parents(CLASSES)


def above(wnid: str) -> list[str]:
    """The ids from `wnid` to the root."""
    path = [wnid]
    while tree()[path[-1]] is not None:
        path.append(tree()[path[-1]])
    return path


@cache
def places() -> dict:
    """(depth, row) of every node: leaves in rows of their own, a parent midway between its outer children."""
    children = {}
    for child, parent in tree().items():
        children.setdefault(parent, []).append(child)
    found, rows = {}, iter(range(len(CLASSES)))

    def lay(node, depth):
        below = [lay(child, depth + 1) for child in children.get(node, [])]
        row = (below[0] + below[-1]) / 2 if below else next(rows)
        found[node] = (depth, row)
        return row

    lay(next(node for node, parent in tree().items() if parent is None), 0)
    return found


def draw(first: str, second: str) -> Figure:
    """The tree from left to right; the way between the two classes is thick, their ancestor is marked."""
    ancestor, edges = lowest_common_ancestor(tree(), first, second)
    ways = {node for end in (first, second) for node in above(end)[: above(end).index(ancestor) + 1]}
    figure = Figure(figsize=(10, 5.2))
    ax = figure.add_axes((0.015, 0.1, 0.83, 0.82))
    for node, (depth, row) in places().items():
        parent = tree()[node]
        if parent is not None:
            on_way = node in ways and parent in ways
            colour, width = (OKABE_ITO["vermillion"], 3) if on_way else ("#BBBBBB", 1)
            left, up = places()[parent]
            ax.plot(
                [left, left, depth], [up, row, row], color=colour, linewidth=width, zorder=2 if on_way else 1
            )
        ax.plot(
            depth,
            row,
            "o",
            color=HERE if node in ways else MUTED,
            markersize=5 if node in ways else 3,
            zorder=3,
        )
    _name(ax, ancestor, ways)
    ax.plot(*places()[ancestor], "s", color=OKABE_ITO["vermillion"], markersize=10, zorder=4)
    ax.set_xlim(-1.2, 19)
    ax.set_ylim(len(CLASSES) - 0.3, -0.8)
    ax.set_yticks([])
    ax.set_xticks(range(0, 19, 2))
    ax.tick_params(labelsize=TEXT)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_xlabel("steps below entity (count)", fontsize=TEXT)
    other = "itself" if first == second else word(second)
    between = f"{word(first)} to {other}: {edges} steps over {word(ancestor)}"
    title = f"WordNet above the ten classes of Imagenette. {between}"
    ax.set_title(title, fontsize=TITLE, x=0.58)  # in the middle of the figure, for it is long
    return figure


LANDMARKS = (
    *("entity", "whole", "living thing", "vertebrate", "fish", "mammal", "dog"),
    *("artifact", "structure", "equipment", "device", "vehicle"),
)


def _name(ax, ancestor, ways) -> None:
    """Names of the classes, of a few landmarks, and of the common ancestor."""
    for node, (depth, row) in places().items():
        if node in CLASSES:
            weight = "bold" if node in ways else "normal"
            ax.text(depth + 0.25, row, word(node), va="center", fontsize=TEXT, fontweight=weight)
        elif node == ancestor:
            style = {"fontweight": "bold", "color": OKABE_ITO["vermillion"], "path_effects": HALO}
            ax.text(depth - 0.25, row - 0.24, word(node), ha="right", va="bottom", fontsize=TEXT, **style)
        elif word(node) in LANDMARKS:
            branches = list(tree().values()).count(node) > 1
            side, shift = ("right", -0.1) if branches else ("center", 0)
            ax.text(
                depth + shift,
                row - 0.1,
                word(node),
                ha=side,
                va="bottom",
                fontsize=SMALL,
                color=MUTED,
                path_effects=HALO,
            )
