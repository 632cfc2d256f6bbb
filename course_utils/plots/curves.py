"""Curves of training runs."""

import math
from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from .palette import LINE_COLOURS, TEXT, TRAIN, VAL, axes_or_new, tidy

COLUMNS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


def history_columns(history) -> dict[str, np.ndarray]:
    """The columns of a run as float arrays (epochs,): train_loss, train_accuracy, val_loss, val_accuracy.

    history: the History of a run, or any iterable with one mapping or object per epoch that has those four
    entries.
    """
    rows = list(history) if isinstance(history, Iterable) and not isinstance(history, Mapping) else None
    if not rows:
        raise ValueError("the history holds no epochs: pass that of a run, one record per epoch")
    columns = {}
    for name in COLUMNS:
        values = []
        for epoch, row in enumerate(rows, start=1):
            value = row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)
            if value is None:
                raise ValueError(
                    f"epoch {epoch} of the history has no {name!r}; it must have {', '.join(COLUMNS)}"
                )
            values.append(float(value))
        columns[name] = np.array(values)
    return columns


def best_epoch(val_loss) -> int:
    """The epoch, counted from 1, with the lowest validation loss, the first of equals; NaN never wins."""
    losses = [math.inf if math.isnan(value) else float(value) for value in val_loss]
    if not losses or min(losses) == math.inf:
        raise ValueError("no epoch has a finite validation loss: the run diverged; lower the learning rate")
    return losses.index(min(losses)) + 1


def plot_curves(history, metric: str = "loss", *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw "loss" or "accuracy" on both splits over the epochs, or several runs beside each other.

    history: one run (see `history_columns`), or a mapping name → run. One run: blue is training, vermillion
    validation, and a dot marks the epoch with the lowest validation loss. Several: one colour a run, training
    dashed.
    """
    if metric not in ("loss", "accuracy"):
        raise ValueError(f"metric is 'loss' or 'accuracy', not {metric!r}")
    runs = history if isinstance(history, Mapping) else {"": history}
    ax = axes_or_new(ax, 6.2 if len(runs) == 1 else 8.0, 3.8)
    if not runs:
        raise ValueError("no runs to draw")
    longest = 1
    for index, (name, run) in enumerate(runs.items()):
        columns = history_columns(run)
        epochs = np.arange(1, len(columns["val_loss"]) + 1)
        longest = max(longest, len(epochs))
        colour = LINE_COLOURS[index % len(LINE_COLOURS)]
        train, val = columns[f"train_{metric}"], columns[f"val_{metric}"]
        before = f"{name}, " if name else ""
        marker = "." if len(epochs) < 25 else ""
        train_style = {"color": colour if name else TRAIN, "linestyle": "--" if name else "-"}
        ax.plot(epochs, train, marker=marker, label=f"{before}training", **train_style)
        ax.plot(epochs, val, marker=marker, label=f"{before}validation", color=colour if name else VAL)
        if not name and np.isfinite(columns["val_loss"]).any():
            best = best_epoch(columns["val_loss"])
            label = f"lowest validation loss: epoch {best}"
            ax.plot(
                best,
                val[best - 1],
                "o",
                color=VAL,
                markersize=9,
                markerfacecolor="white",
                markeredgewidth=2,
                label=label,
            )
    ax.set_xlabel("epoch")
    ax.set_xlim(0.5, longest + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10, min_n_ticks=1))
    set_metric_axis(ax, metric)
    ax.set_title(title or f"{metric.capitalize()} over the epochs")
    beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if len(runs) > 1 else {}
    ax.legend(fontsize=TEXT, frameon=False, **beside)
    return tidy(ax)


def set_metric_axis(ax: Axes, metric: str) -> None:
    """Label the y axis of "loss" (nats, from 0) or "accuracy" (per cent of the images, 0 to 100)."""
    if metric == "loss":
        ax.set_ylabel("loss (nats per image)")
        ax.set_ylim(bottom=0)
    else:
        ax.set_ylabel("accuracy (% of the images)")
        ax.set_ylim(0, 1.02)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
