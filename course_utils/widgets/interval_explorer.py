"""The interval around a measured share against the number of images: textbook, Wilson, and what they cover.

Lesson 09. Test sets are simulated with a fixed seed, so the same sliders show the same picture.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from course_utils.plots.palette import HERE, MUTED, OKABE_ITO, TEXT, tidy

from .pattern import InteractiveFigure, dropdown, slider

Z = 1.96
SIZES = (5, 10, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000)
SIMULATED, SHOWN = 2000, 24  # test sets: counted, and drawn
METHODS = {
    "textbook": (OKABE_ITO["vermillion"], "--", "s"),
    "Wilson": (OKABE_ITO["blue"], "-", "o"),
}


def interval_explorer(share: float = 0.9, n: int = 20) -> InteractiveFigure:
    """Choose the true share of right answers and the number of test images.

    share: where the slider begins, from 0.01 to 0.99. n: one of the sizes 5, 10, 20, ... 5000.
    """
    if n not in SIZES:
        raise ValueError(f"n is one of {SIZES}, not {n!r}")
    if not 0.01 <= share <= 0.99:
        raise ValueError(f"the share must lie between 0.01 and 0.99, not {share!r}")
    controls = {
        "share": slider("true share p", float(share), 0.01, 0.99, 0.01, readout_format=".2f"),
        "n": dropdown("images n", [(f"{size:,}", size) for size in SIZES], n),
    }
    return InteractiveFigure(draw, describe, controls)


def intervals(method: str, right, n) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the 95 % interval for `right` of `n` images, both broadcast."""
    a = np.asarray(right) / n
    if method == "textbook":
        half = Z * np.sqrt(a * (1 - a) / n)
        return a - half, a + half
    middle, scale = a + Z**2 / (2 * n), 1 + Z**2 / n
    half = Z * np.sqrt(a * (1 - a) / n + Z**2 / (4 * n**2))
    return (middle - half) / scale, (middle + half) / scale


def simulated(share: float, n: int) -> np.ndarray:
    """How many images are right in each of the simulated test sets, (SIMULATED,)."""
    return np.random.default_rng(0).binomial(n, share, size=SIMULATED)


def coverage(method: str, share: float, n: int) -> float:
    """The share of simulated test sets whose interval covers the true share."""
    low, high = intervals(method, simulated(share, n), n)
    return float(((low <= share) & (share <= high)).mean())


def describe(share: float, n: int) -> str:
    """The text alternative of `draw`."""
    parts = []
    for method in METHODS:
        low, high = intervals(method, share * n, n)
        covered = coverage(method, share, n)
        parts.append(
            f"{method} {low:.3f} to {high:.3f}, covering in {covered:.1%} of {SIMULATED:,} test sets"
        )
    told = "; ".join(parts)
    return f"True share {share:.2f}, {n:,} images. For that very share measured: {told}. Promised: 95%."


def draw(share: float, n: int) -> Figure:
    """Left: intervals of some simulated test sets. Right: the interval around the share against n."""
    figure = Figure(figsize=(10, 4.6))
    left, right = figure.subplots(
        1, 2, gridspec_kw={"left": 0.08, "right": 0.985, "bottom": 0.2, "top": 0.92, "wspace": 0.2}
    )
    _draw_test_sets(left, share, n)
    _draw_against_n(right, share, n)
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=4, fontsize=TEXT, frameon=False)
    return figure


def _draw_test_sets(ax, share: float, n: int) -> None:
    measured = simulated(share, n)[:SHOWN]
    ends = [share]
    for shift, (method, (colour, style, marker)) in zip((-0.2, 0.2), METHODS.items(), strict=True):
        low, high = intervals(method, measured, n)
        ends += [low.min(), high.max()]
        misses = (low > share) | (high < share)
        places = np.arange(SHOWN) + 1 + shift
        ax.vlines(places, low, high, color=colour, linestyle=style, linewidth=1.8)
        ax.plot(places[~misses], (measured / n)[~misses], marker, color=colour, markersize=3.5)
        ax.plot(places[misses], (measured / n)[misses], "x", color="black", markersize=7, zorder=5)
    ax.axhline(share, color=MUTED, linewidth=1)
    margin = 0.06 * (max(ends) - min(ends))
    ax.set_ylim(min(ends) - margin, max(ends) + margin)
    ax.set_title(f"{SHOWN} of the simulated test sets of {n:,} images; × misses p")
    ax.set_xlabel("test set")
    ax.set_ylabel("accuracy and its interval (share)")
    tidy(ax)


def _draw_against_n(ax, share: float, n: int) -> None:
    sizes = np.geomspace(SIZES[0], SIZES[-1], 200)
    for method, (colour, style, _) in METHODS.items():
        low, high = intervals(method, share * sizes, sizes)
        covered = coverage(method, share, n)
        ax.plot(sizes, low, style, color=colour, linewidth=2, label=f"{method}: covers {covered:.1%}")
        ax.plot(sizes, high, style, color=colour, linewidth=2)
    ax.axvline(n, color=HERE, linewidth=2, label=f"n = {n:,}")
    ax.axhline(share, color=MUTED, linewidth=1, label=f"true share p = {share:.2f}")
    ax.axhspan(1, 2, color="#EEEEEE")
    ax.axhspan(-1, 0, color="#EEEEEE")
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set_ylim(*_reach(share, SIZES[0]))
    ax.set_title("The interval if exactly the share p is measured")
    ax.set_xlabel("images n (grey: no share lies there)")
    ax.set_ylabel("ends of the interval (share)")
    tidy(ax)


def _reach(share: float, n: int) -> tuple[float, float]:
    """From a little below the lowest to a little above the highest likely end."""
    half = 3.6 * np.sqrt(share * (1 - share) / n) + 2.2 / n
    return max(-0.25, share - half), min(1.25, share + half)
