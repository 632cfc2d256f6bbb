"""Colours and sizes that every picture of the course shares.

The palette is that of Masataka Okabe and Kei Ito, which people with the common forms of colour blindness can
tell apart. One colour keeps one meaning: `TRAIN` and `VAL` for the two splits, `HERE` for the thing the text
speaks of.
"""

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
TRAIN = OKABE_ITO["blue"]
VAL = OKABE_ITO["vermillion"]
HERE = OKABE_ITO["orange"]
RESULT = OKABE_ITO["green"]
MUTED = "#666666"
GRID = "#DDDDDD"
# Yellow is too pale for a line on white and black is kept for text.
LINE_COLOURS = tuple(
    OKABE_ITO[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky blue")
)
LINE_STYLES = ("-", "--", ":", "-.")

SMALL, TEXT, TITLE = 8, 9, 11  # points; nothing is smaller than 8
DPI = 90

# Blue below zero, white at zero, vermillion above.
SIGNED = LinearSegmentedColormap.from_list("signed", [OKABE_ITO["blue"], "#FFFFFF", OKABE_ITO["vermillion"]])
SHARES = LinearSegmentedColormap.from_list("shares", ["#FFFFFF", OKABE_ITO["blue"]])


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """Return `ax`, or the axes of a new pyplot figure of `width` × `height` inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), dpi=DPI, layout="constrained")[1]


def ink_on(colour) -> str:
    """Black or white: whichever is easier to read on `colour` (RGB or RGBA, floats in [0, 1])."""
    red, green, blue = colour[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "white"


def tidy(ax: Axes) -> Axes:
    """A light grid behind the data, no frame above and to the right, text of readable size."""
    ax.set_axisbelow(True)
    ax.grid(True, color=GRID, linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=TEXT)
    ax.xaxis.label.set_size(TEXT)
    ax.yaxis.label.set_size(TEXT)
    ax.title.set_size(TITLE)
    return ax
