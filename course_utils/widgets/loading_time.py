"""Where the time goes: what loading and training take an image, against the number of workers.

Lesson 07. A model, not a measurement: workers share the loading evenly and work while the network computes,
so an image takes the longer of loading / workers and the network's own time; without workers it takes both.
"""

import numpy as np
from matplotlib.figure import Figure

from course_utils.plots.palette import HERE, OKABE_ITO, TEXT, VAL, tidy

from .pattern import InteractiveFigure, dropdown, slider

MOST_WORKERS = 8
COLOURS = ("blue", "orange", "green", "purple", "sky blue", "yellow")
HATCHES = ("", "//", "..", "xx", "\\\\", "--")
DECODED_ONCE = 2  # the first two stages give the same pixels each time: decoding and resizing
SOURCES = ("JPEG files", "decoded once, kept as an array")


def loading_time(stages, network: float = 2.0) -> InteractiveFigure:
    """Move the number of workers and the network's speed; see which of the two waits for the other.

    stages: name → milliseconds an image in one process, in their order, at most six. network: milliseconds an
    image that training takes, from 0.1 to 10. 'Decoded once' leaves the first two stages out.
    """
    times = {str(name): float(time) for name, time in stages.items()}
    if not DECODED_ONCE < len(times) <= len(COLOURS) or min(times.values()) < 0:
        raise ValueError(f"give 3 to {len(COLOURS)} stages and the time of each, not {times}")
    if not 0.1 <= network <= 10:
        raise ValueError(f"network is a time from 0.1 to 10 ms an image, not {network}")
    controls = {
        "workers": slider("workers", 0, 0, MOST_WORKERS),
        "network": slider("network (ms)", float(network), 0.1, 10.0, 0.1, readout_format=".1f"),
        "source": dropdown("images from", [(name, name) for name in SOURCES], SOURCES[0], width="26rem"),
    }

    def bound(function):
        return lambda **state: function(times, **state)

    return InteractiveFigure(bound(draw), bound(describe), controls)


def needed(stages, source: str = SOURCES[0]) -> dict[str, float]:
    """The stages that are left, with their milliseconds an image."""
    names = list(stages)[DECODED_ONCE if source == SOURCES[1] else 0 :]
    return {name: stages[name] for name in names}


def per_image(loading: float, network: float, workers: int) -> float:
    """Milliseconds an image in the long run."""
    return max(loading / workers, network) if workers else loading + network


def waiting(loading: float, network: float, workers: int) -> float:
    """The share of the time, 0 to 1, in which the network has nothing to do."""
    return 1 - network / per_image(loading, network, workers)


def describe(stages, workers: int = 0, network: float = 2.0, source: str = SOURCES[0]) -> str:
    """The text alternative of `draw`."""
    loading = sum(needed(stages, source).values())
    total, idle = per_image(loading, network, workers), waiting(loading, network, workers)
    with_workers = f"{workers} worker{'' if workers == 1 else 's'}" if workers else "no workers"
    return (
        f"Images from {source}: loading takes {loading:.2f} ms an image in one process, the network "
        f"{network:.1f} ms. With {with_workers} an image takes {total:.2f} ms, {1000 / total:,.0f} images a "
        f"second, and the network waits {idle:.0%} of the time."
    )


def draw(stages, workers: int = 0, network: float = 2.0, source: str = SOURCES[0]) -> Figure:
    """Stacked bars of the loading for each number of workers, the network's time, and images a second."""
    left = needed(stages, source)
    loading = sum(left.values())
    figure = Figure(figsize=(10, 4.4))
    bars, rate = figure.subplots(1, 2, gridspec_kw={"left": 0.07, "right": 0.985, "bottom": 0.12, "top": 0.9,
                                                    "wspace": 0.2, "width_ratios": [1.35, 1]})  # fmt: skip
    _draw_bars(bars, stages, left, network, workers)
    _draw_rate(rate, loading, network, workers)
    return figure


def _draw_bars(ax, stages, left, network: float, workers: int) -> None:
    counts = np.arange(MOST_WORKERS + 1)
    shares = 1 / np.maximum(counts, 1)
    bottom = np.zeros(len(counts))
    for name, colour, hatch in zip(stages, COLOURS, HATCHES, strict=False):
        if name in left:
            heights = left[name] * shares
            ax.bar(counts, heights, 0.62, bottom, color=OKABE_ITO[colour], hatch=hatch, edgecolor="white",
                   linewidth=0.4, label=name)  # fmt: skip
            bottom += heights
    ax.bar(0, network, 0.62, bottom[0], color="#BBBBBB", label="network, in turn")
    ax.axhline(network, color=VAL, linestyle="--", linewidth=1.8, label="network, meanwhile")
    ax.set_ylim(0, 1.12 * max(bottom[0] + network, 1.2 * network))
    ax.axvspan(workers - 0.42, workers + 0.42, color=HERE, alpha=0.22, zorder=-1)
    ax.set_xticks(counts)
    ax.set(
        title="Loading an image, by the number of workers",
        xlabel="workers (0: no process besides)",
        ylabel="time per image (ms)",
    )
    ax.legend(fontsize=TEXT, frameon=False, ncols=2, loc="upper right")
    tidy(ax)


def _draw_rate(ax, loading: float, network: float, workers: int) -> None:
    counts = np.arange(MOST_WORKERS + 1)
    rates = [1000 / per_image(loading, network, count) for count in counts]
    ax.plot(counts, rates, "o-", color=OKABE_ITO["blue"], label="images a second")
    ax.axhline(1000 / network, color=VAL, linestyle="--", label="most that the network can take")
    ax.plot(workers, rates[workers], "o", color=HERE, markersize=12, markeredgecolor="black", zorder=5)
    idle = waiting(loading, network, workers)
    title = f"{rates[workers]:,.0f} images a second; network waits {idle:.0%}"
    ax.set_ylim(0, 1.3 * 1000 / network)
    ax.set_xticks(counts)
    ax.set_title(title, fontsize=10)
    ax.set(xlabel="workers", ylabel="images a second")
    ax.legend(fontsize=TEXT, frameon=False, loc="upper left")
    tidy(ax)
