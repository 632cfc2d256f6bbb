"""The curves of a training run, epoch by epoch: the gap between the splits, and the best epoch.

Lesson 06. The best epoch is the one with the lowest validation loss.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_utils.plots.curves import best_epoch, history_columns, set_metric_axis
from course_utils.plots.palette import MUTED, RESULT, TEXT, TRAIN, VAL, tidy

from .pattern import InteractiveFigure, slider


def overfitting_explorer(history) -> InteractiveFigure:
    """Walk through the epochs of a run.

    history: what `train_epochs` returned, or any iterable of one record an epoch with train_loss,
        train_accuracy, val_loss and val_accuracy (losses in nats, accuracies from 0 to 1).
    """
    columns = history_columns(history)
    best_epoch(columns["val_loss"])  # a run that diverged has none: say so now, not when a slider moves
    epochs = len(columns["val_loss"])
    epoch = slider("Epoch", epochs, 1, epochs, width="36rem")
    return InteractiveFigure(
        lambda epoch: draw(columns, epoch), lambda epoch: describe(columns, epoch), {"epoch": epoch}
    )


def describe(columns, epoch: int) -> str:
    """The text alternative of `draw`."""
    now = {name: values[epoch - 1] for name, values in columns.items()}
    best = best_epoch(columns["val_loss"])
    return (
        f"Epoch {epoch} of {len(columns['val_loss'])}: training loss {now['train_loss']:.2f}, validation "
        f"loss {now['val_loss']:.2f}, gap {now['val_loss'] - now['train_loss']:.2f} nats; training accuracy "
        f"{now['train_accuracy']:.0%}, validation accuracy {now['val_accuracy']:.0%}. "
        f"The validation loss is lowest at epoch {best}. {verdict(columns, epoch)}"
    )


def verdict(columns, epoch: int) -> str:
    """One sentence about the run up to `epoch`, which does not look ahead."""
    seen = columns["val_loss"][:epoch]
    if not np.isfinite(seen[-1]):
        return "The validation loss is no longer a finite number: the run has diverged."
    best = best_epoch(seen)
    if best == epoch:
        return "So far this is the best epoch: go on."
    change = columns["train_loss"][epoch - 1] - columns["train_loss"][best - 1]
    worse = seen[-1] - seen[best - 1]
    if change < 0:
        return (
            f"Since epoch {best} the training loss fell by {-change:.2f} and the validation loss rose by "
            f"{worse:.2f}: {'this may still be noise.' if epoch - best < 3 else 'the model overfits.'}"
        )
    return f"Since epoch {best} both losses rose: that is not overfitting; the steps may be too large."


def draw(columns, epoch: int) -> Figure:
    """Loss and accuracy on both splits; what comes after `epoch`, counted from 1, is pale.

    columns: as from `history_columns`.
    """
    figure = Figure(figsize=(10, 4.6))
    panels = figure.subplots(
        1, 2, gridspec_kw={"left": 0.07, "right": 0.985, "bottom": 0.18, "top": 0.92, "wspace": 0.2}
    )
    for ax, metric in zip(panels, ("loss", "accuracy"), strict=True):
        _draw_metric(ax, columns, metric, epoch)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="lower center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=4,
        fontsize=TEXT,
        frameon=False,
    )
    return figure


def _draw_metric(ax, columns, metric: str, epoch: int) -> None:
    train, val = columns[f"train_{metric}"], columns[f"val_{metric}"]
    epochs = np.arange(1, len(val) + 1)
    best = best_epoch(columns["val_loss"])
    for values, colour, label in ((train, TRAIN, "training"), (val, VAL, "validation")):
        ax.plot(epochs, values, color=colour, alpha=0.25, linewidth=1.5)
        ax.plot(epochs[:epoch], values[:epoch], color=colour, linewidth=2.2, label=label)
        ax.plot(epoch, values[epoch - 1], "o", color=colour, markersize=6)
    ax.axvline(
        best, color=RESULT, linestyle="--", linewidth=1.5, label=f"lowest validation loss: epoch {best}"
    )
    ax.axvline(epoch, color=MUTED, linewidth=1, label=f"epoch {epoch}")
    set_metric_axis(ax, metric)
    if metric == "loss":
        finite = np.concatenate([train, val])
        ax.set_ylim(0, 1.08 * finite[np.isfinite(finite)].max())
    _draw_gap(ax, epoch, train[epoch - 1], val[epoch - 1], metric, len(val))
    ax.set_xlim(0.5, len(val) + 0.5)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10, min_n_ticks=1))
    ax.set_title(f"{metric.capitalize()} at epoch {epoch} of {len(val)}")
    tidy(ax)


def _draw_gap(ax, epoch: int, train: float, val: float, metric: str, epochs: int) -> None:
    """A bracket between the two splits at this epoch, with its size on the side where there is room."""
    if not (np.isfinite(train) and np.isfinite(val)):
        return
    gap = abs(val - train)
    text = f"gap {gap:.2f} nats" if metric == "loss" else f"gap {100 * gap:.0f} points"
    ax.plot([epoch, epoch], [train, val], color="black", linewidth=2.5, solid_capstyle="butt", zorder=4)
    left = epoch > 0.6 * epochs
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "black", "linewidth": 1}
    ax.annotate(
        text, (epoch, (train + val) / 2), xytext=(-9 if left else 9, 0), textcoords="offset points",
        ha="right" if left else "left", va="center", fontsize=TEXT, bbox=box, zorder=6,
    )  # fmt: skip
