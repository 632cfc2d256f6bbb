"""One score, one threshold: score distributions, the four counts, and the points on the ROC and PR curves.

Lesson 09. Scores are simulated with a fixed seed: normal around 0 for negatives and around `distance` for
positives, both with standard deviation 1.
"""

import numpy as np
from matplotlib.figure import Figure

from course_utils.plots.palette import HERE, OKABE_ITO, SHARES, TEXT, ink_on, tidy

from .pattern import InteractiveFigure, dropdown, slider

IMAGES = 2000
LOW, HIGH = -4.0, 7.0  # scores shown
POSITIVE, NEGATIVE = OKABE_ITO["blue"], OKABE_ITO["vermillion"]
SHARES_OF_POSITIVES = (0.5, 0.2, 0.05, 0.01)


def threshold_explorer(threshold: float = 1.0, distance: float = 1.5, positives: float = 0.2):
    """Move the threshold, the distance between the classes, and how rare positives are."""
    if positives not in SHARES_OF_POSITIVES:
        raise ValueError(f"the share of positives is one of {SHARES_OF_POSITIVES}, not {positives!r}")
    controls = {
        "threshold": slider("threshold", float(threshold), -3.0, 6.0, 0.1, readout_format=".1f"),
        "distance": slider("distance", float(distance), 0.0, 4.0, 0.1, readout_format=".1f"),
        "positives": dropdown(
            "positives", [(f"{share:.0%}", share) for share in SHARES_OF_POSITIVES], positives
        ),
    }
    return InteractiveFigure(draw, describe, controls)


def scores_of(distance: float, positives: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the positives and of the negatives, together IMAGES of them."""
    draws = np.random.default_rng(0).standard_normal(IMAGES)
    count = round(positives * IMAGES)
    return draws[:count] + distance, draws[count:]


def counts_at(positive: np.ndarray, negative: np.ndarray, threshold) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives when 'yes' means score >= threshold; threshold may be an array (T,)."""
    limits = np.asarray(threshold)
    tp = len(positive) - np.searchsorted(np.sort(positive), limits, side="left")
    fp = len(negative) - np.searchsorted(np.sort(negative), limits, side="left")
    return tp, fp


def rates(tp: int, fp: int, positives: int, negatives: int) -> tuple[float, float, float]:
    """Recall, false positive rate and precision; a precision of nothing is nan."""
    return tp / positives, fp / negatives, tp / (tp + fp) if tp + fp else float("nan")


def describe(threshold: float, distance: float, positives: float) -> str:
    """The text alternative of `draw`."""
    positive, negative = scores_of(distance, positives)
    tp, fp = (int(count) for count in counts_at(positive, negative, threshold))
    recall, false_rate, precision = rates(tp, fp, len(positive), len(negative))
    said = "no image is called positive" if tp + fp == 0 else f"precision {precision:.1%}"
    return (
        f"Threshold {threshold:.1f}, distance {distance:.1f}, {positives:.0%} of {IMAGES:,} images positive: "
        f"{tp} true and {fp} false positives, {len(positive) - tp} false and {len(negative) - fp} true "
        "negatives; "
        f"recall {recall:.1%}, false positive rate {false_rate:.1%}, {said}."
    )


def draw(threshold: float, distance: float, positives: float) -> Figure:
    """Four panels: scores, counts, ROC curve, precision–recall curve."""
    positive, negative = scores_of(distance, positives)
    tp, fp = (int(count) for count in counts_at(positive, negative, threshold))
    figure = Figure(figsize=(10, 6.8))
    grid = {"left": 0.075, "right": 0.985, "bottom": 0.085, "top": 0.95, "wspace": 0.24, "hspace": 0.42}
    (scores, counts), (roc, pr) = figure.subplots(2, 2, gridspec_kw=grid)
    _draw_scores(scores, positive, negative, threshold)
    _draw_counts(counts, tp, fp, len(positive), len(negative))
    _draw_curves(roc, pr, positive, negative, tp, fp)
    return figure


def _draw_scores(ax, positive, negative, threshold) -> None:
    edges = np.linspace(LOW, HIGH, 56)
    ax.hist(negative, edges, histtype="step", color=NEGATIVE, linewidth=1.8, linestyle="--", label="negative")
    ax.hist(positive, edges, histtype="stepfilled", color=POSITIVE, alpha=0.45, label="positive")
    ax.axvline(threshold, color=HERE, linewidth=2.5)
    ax.set_ylim(0, 1.42 * ax.get_ylim()[1])
    left = threshold > 1.5  # where there is room; the legend stands lower
    ax.text(
        threshold - 0.15 if left else threshold + 0.15, 0.98 * ax.get_ylim()[1], "called positive →",
        fontsize=TEXT, ha="right" if left else "left", va="top",
    )  # fmt: skip
    ax.set_xlim(LOW, HIGH)
    ax.set_title("Scores of the two classes")
    ax.set_xlabel("score (no unit)")
    ax.set_ylabel("images")
    ax.legend(fontsize=TEXT, frameon=False, loc="upper right", bbox_to_anchor=(1, 0.9))
    tidy(ax)


def _draw_counts(ax, tp: int, fp: int, positives: int, negatives: int) -> None:
    table = np.array([[negatives - fp, fp], [positives - tp, tp]])
    shares = table / table.sum(axis=1, keepdims=True)
    ax.imshow(shares, cmap=SHARES, vmin=0, vmax=1, aspect="auto")
    names = (("true negatives", "false positives"), ("false negatives", "true positives"))
    for row, column in np.ndindex(2, 2):
        ink = ink_on(SHARES(shares[row, column]))
        text = f"{names[row][column]}\n{table[row, column]:,}"
        ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=TEXT + 2)
    _, _, precision = rates(tp, fp, positives, negatives)
    told = "nothing is called positive" if np.isnan(precision) else f"precision {precision:.1%}"
    ax.set_title(f"Recall {tp / positives:.1%}, {told}")
    ax.set_xticks([0, 1], ["negative", "positive"])
    ax.set_yticks([0, 1], ["negative", "positive"], rotation=90, va="center")
    ax.set_xlabel("called")
    ax.set_ylabel("truly")
    tidy(ax)
    ax.grid(False)


def _draw_curves(roc, pr, positive, negative, tp: int, fp: int) -> None:
    limits = np.sort(np.concatenate([positive, negative]))[::-1]
    true, false = counts_at(positive, negative, limits)
    recall, false_rate = true / len(positive), false / len(negative)
    roc.plot(np.r_[0, false_rate], np.r_[0, recall], color=OKABE_ITO["green"], linewidth=2)
    roc.plot([0, 1], [0, 1], ":", color="black", linewidth=1)
    roc.plot(fp / len(negative), tp / len(positive), "o", color=HERE, markeredgecolor="black", markersize=10)
    heights, widths = np.r_[0, recall], np.diff(false_rate, prepend=0)
    area = (widths * (heights[1:] + heights[:-1]) / 2).sum()
    roc.set_title(f"ROC curve, area {area:.3f}")
    roc.set_xlabel("false positive rate (share)")
    roc.set_ylabel("recall = true positive rate (share)")
    precision = true / (true + false)
    steps = np.r_[0, recall], np.r_[precision[0], precision]  # the first step begins at recall 0
    pr.plot(*steps, color=OKABE_ITO["green"], linewidth=2, drawstyle="steps-pre")
    pr.axhline(len(positive) / IMAGES, linestyle=":", color="black", linewidth=1)
    if tp + fp:
        pr.plot(tp / len(positive), tp / (tp + fp), "o", color=HERE, markeredgecolor="black", markersize=10)
    average = (np.diff(recall, prepend=0) * precision).sum()
    pr.set_title(f"Precision–recall curve, average precision {average:.3f}")
    pr.set_xlabel("recall (share)")
    pr.set_ylabel("precision (share)")
    for ax in (roc, pr):
        ax.set_xlim(-0.03, 1.03)
        ax.set_ylim(-0.03, 1.05)
        tidy(ax)
