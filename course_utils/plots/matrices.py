"""Small matrices with their numbers, and confusion matrices."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .images import to_array
from .palette import HERE, SHARES, SIGNED, SMALL, TEXT, TITLE, axes_or_new, ink_on


def as_text(value: float, digits: int = 2) -> str:
    """A number as short as it can be at `digits` decimals, with a true minus sign: 0.50 → 0.5, -1.0 → −1."""
    text = f"{float(value):.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def show_matrix(
    values,
    title: str = "",
    *,
    annotate: bool = True,
    digits: int = 2,
    signed: bool | None = None,
    reach: float | None = None,
    highlight: Sequence[tuple[int, int, int, int]] = (),
    xlabel: str = "column",
    ylabel: str = "row",
    fontsize: float = TEXT,
    ticks: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a small matrix (H, W) as coloured cells with the numbers in them.

    signed: blue-white-vermillion around zero (default where a value is below 0), otherwise grey from 0 to
    `reach`.
    reach: the value of the full colour (default: the largest absolute value).
    highlight: rectangles (row, column, height, width) to frame.
    ticks: number the rows and columns, from 0.
    NaN leaves a cell empty.
    """
    array = to_array(values).astype(float)
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2:
        raise ValueError(
            f"show_matrix wants (H, W) or (W,), not {array.shape}: choose one channel of one image"
        )
    height, width = array.shape
    known = array[np.isfinite(array)]
    signed = bool((known < 0).any()) if signed is None else signed
    reach = float(np.abs(known).max(initial=0.0)) if reach is None else reach
    reach = reach or 1.0
    ax = axes_or_new(ax, 0.55 * width + 0.8, 0.55 * height + 0.9)
    colours = SIGNED if signed else colormaps["gray"]
    shares = (array + reach) / (2 * reach) if signed else array / reach
    painted = colours(np.nan_to_num(shares, nan=0.5 if signed else 1.0))
    painted[~np.isfinite(array)] = 1.0
    ax.imshow(painted, interpolation="nearest")
    if annotate:
        for row, column in np.ndindex(height, width):
            if np.isfinite(array[row, column]):
                text = as_text(array[row, column], digits)
                ink = ink_on(painted[row, column])
                ax.text(column, row, text, ha="center", va="center", fontsize=fontsize, color=ink)
    cell_grid(ax, height, width, ticks=ticks)
    for row, column, rows, columns in highlight:
        ax.add_patch(frame(row, column, rows, columns))
    ax.set_title(title, fontsize=TITLE)
    if ticks:
        ax.set_xlabel(xlabel, fontsize=TEXT)
        ax.set_ylabel(ylabel, fontsize=TEXT)
    return ax


def cell_grid(ax: Axes, height: int, width: int, colour: str = "#999999", ticks: bool = True) -> None:
    """Thin lines between the pixels, and at most about ten ticks a side, counted from 0."""
    # Two line collections: several times faster than one minor tick a line, which a moving slider notices.
    style = {"color": colour, "linewidth": 0.5, "zorder": 3}
    ax.vlines(np.arange(width + 1) - 0.5, -0.5, height - 0.5, **style)
    ax.hlines(np.arange(height + 1) - 0.5, -0.5, width - 0.5, **style)
    if not ticks:
        ax.set(xticks=[], yticks=[])
        return
    ax.set_xticks(range(0, width, 1 if width <= 10 else 2 if width <= 20 else 5))
    ax.set_yticks(range(0, height, 1 if height <= 10 else 2 if height <= 20 else 5))
    ax.tick_params(length=2, labelsize=SMALL)


def frame(row: int, column: int, rows: int, columns: int, colour: str = HERE, width: float = 3) -> Rectangle:
    """A frame around pixels, to be added to axes on which a picture was drawn."""
    return Rectangle(
        (column - 0.5, row - 0.5), columns, rows, fill=False, edgecolor=colour, linewidth=width, zorder=5
    )


def plot_confusion(matrix, classes: Sequence[str], *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix of counts: matrix[t, p] images of true class t were called p.

    The colour is the share of the true class (of the row), so that rare classes are seen; the number is the
    count. With more than 20 classes the counts are left out.
    """
    counts = to_array(matrix)
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(
            f"{len(classes)} classes need a {len(classes)} × {len(classes)} matrix, not {counts.shape}"
        )
    if (counts < 0).any() or not counts.any():
        raise ValueError("a confusion matrix holds counts of images: none below 0, and at least one image")
    many = len(classes)
    ax = axes_or_new(ax, min(9.0, 0.42 * many + 2.2), min(8.5, 0.36 * many + 2.2))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    painted = ax.imshow(shares, cmap=SHARES, vmin=0, vmax=1)
    if many <= 20:
        for row, column in np.argwhere(counts):
            ink = ink_on(SHARES(shares[row, column]))
            ax.text(
                column, row, f"{counts[row, column]:g}", ha="center", va="center", fontsize=SMALL, color=ink
            )
    ax.set_xticks(range(many), classes, rotation=45, ha="right", rotation_mode="anchor", fontsize=SMALL)
    ax.set_yticks(range(many), classes, fontsize=SMALL)
    ax.set_xlabel("predicted class", fontsize=TEXT)
    ax.set_ylabel("true class", fontsize=TEXT)
    right = int(np.trace(counts))
    ax.set_title(
        title or f"{right} of {int(counts.sum())} images right ({right / counts.sum():.0%})", fontsize=TITLE
    )
    bar = ax.get_figure().colorbar(painted, ax=ax, fraction=0.046, pad=0.03)
    bar.set_label("share of the true class", fontsize=TEXT)
    bar.ax.tick_params(labelsize=SMALL)
    return ax
