"""The curves of sick training runs, each before a healthy one. Lesson 08, 'Six sick runs'."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course_utils.plots.curves import history_columns
from course_utils.plots.palette import MUTED, TEXT, TRAIN, VAL, tidy

from .pattern import InteractiveFigure, dropdown, slider

HEALTHY = "healthy"
LOGARITHMIC_FROM = 10.0  # a loss above this wants a logarithmic axis


def sick_run_explorer(runs: Mapping[str, list], num_classes: int = 6) -> InteractiveFigure:
    """Choose a run and an epoch.

    runs: name → rows of a run, as from `training.sick_runs.sick_runs`: the first is of the untrained network.
        One run is called "healthy". num_classes: for the lines of chance.
    """
    if HEALTHY not in runs or len(runs) < 2:
        raise ValueError(f"runs must hold {HEALTHY!r} and at least one other, not {sorted(runs)}")
    columns = {name: history_columns(rows) for name, rows in runs.items()}
    names = [name for name in columns if name != HEALTHY]
    last = min(len(run["val_loss"]) for run in columns.values()) - 1
    controls = {
        "name": dropdown("run", names, names[0]),
        "epoch": slider("epoch", last, 0, last, width="30rem"),
    }
    return InteractiveFigure(
        lambda name, epoch: draw(columns, name, epoch, num_classes),
        lambda name, epoch: describe(columns, name, epoch, num_classes),
        controls,
    )


def describe(columns: Mapping[str, Mapping], name: str, epoch: int, num_classes: int) -> str:
    """The text alternative of `draw`."""
    now = {key: values[epoch] for key, values in columns[name].items()}
    well = {key: values[epoch] for key, values in columns[HEALTHY].items()}
    return (
        f"Run {name}, epoch {epoch}: training loss {now['train_loss']:.2f} (healthy "
        f"{well['train_loss']:.2f}), validation loss {now['val_loss']:.2f} ({well['val_loss']:.2f}); "
        f"training accuracy {now['train_accuracy']:.0%} ({well['train_accuracy']:.0%}), validation accuracy "
        f"{now['val_accuracy']:.0%} ({well['val_accuracy']:.0%}). Chance: loss {np.log(num_classes):.2f}, "
        f"accuracy {1 / num_classes:.0%}."
    )


def draw(columns: Mapping[str, Mapping], name: str, epoch: int, num_classes: int) -> Figure:
    """Loss and accuracy of one run on both splits, the healthy one in grey, chance dotted.

    columns: name → columns as from `history_columns`, epoch 0 first.
    """
    figure = Figure(figsize=(10, 4.6))
    panels = figure.subplots(
        1, 2, gridspec_kw={"left": 0.07, "right": 0.985, "bottom": 0.2, "top": 0.92, "wspace": 0.2}
    )
    for ax, metric in zip(panels, ("loss", "accuracy"), strict=True):
        _draw_metric(ax, columns, name, epoch, metric)
    panels[0].axhline(np.log(num_classes), color="black", linestyle=":", linewidth=1.5, label="chance")
    panels[1].axhline(1 / num_classes, color="black", linestyle=":", linewidth=1.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=5, fontsize=TEXT, frameon=False)
    return figure


def _draw_metric(ax, columns, name: str, epoch: int, metric: str) -> None:
    for split, colour, style, marker, label in (
        ("train", TRAIN, "-", "o", "training"),
        ("val", VAL, "--", "s", "validation"),
    ):
        well, sick = columns[HEALTHY][f"{split}_{metric}"], columns[name][f"{split}_{metric}"]
        ax.plot(well, color=MUTED, linestyle=style, linewidth=1.2, alpha=0.7, label=f"healthy, {label}")
        ax.plot(sick, color=colour, linestyle=style, linewidth=2, label=f"run {name}, {label}")
        ax.plot(epoch, sick[epoch], marker, color=colour, markersize=7, zorder=5)
    ax.axvline(epoch, color=MUTED, linewidth=0.8)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title(f"Run {name}: {metric} at epoch {epoch}")
    if metric == "accuracy":
        ax.set_ylabel("accuracy (% of the images)")
        ax.set_ylim(0, 1.02)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    else:
        drawn = np.concatenate([columns[name]["train_loss"], columns[name]["val_loss"]])
        _set_loss_axis(ax, drawn[np.isfinite(drawn)].max())
    tidy(ax)


def _set_loss_axis(ax, largest: float) -> None:
    if largest > LOGARITHMIC_FROM:
        ax.set_yscale("log")
        ax.set_ylabel("loss (nats per image), logarithmic")
    else:
        ax.set_ylim(0, 1.08 * max(largest, 2.0))
        ax.set_ylabel("loss (nats per image)")
