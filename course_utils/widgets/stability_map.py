"""Momentum and learning rate on a quadratic: which pairs die out, and how.

Lesson 05. Along one eigenvector with eigenvalue λ, w(t+1) = (1 + μ - ηλ) w(t) - μ w(t-1). In the long run a
step keeps the share r of the error, where r is the size of the larger root of z² - (1 + μ - ηλ) z + μ.
"""

import numpy as np
from matplotlib.figure import Figure

from course_utils.plots.palette import HERE, OKABE_ITO, TEXT, tidy

from .pattern import InteractiveFigure, slider

MOST = 4.4  # of ηλ
STEPS = 40


def stability_map(lr: float = 0.6, momentum: float = 0.9) -> InteractiveFigure:
    """Move a point in the plane of ηλ and μ; see the map and the steps. lr: the product ηλ."""
    controls = {
        "lr": slider("ηλ", lr, 0.05, 4.35, 0.05, readout_format=".2f"),
        "momentum": slider("momentum μ", momentum, 0.0, 0.98, 0.02, readout_format=".2f"),
    }
    return InteractiveFigure(draw, describe, controls)


def keeps(lr, momentum):
    """The share of the error that a step keeps in the long run; arrays of one shape, or numbers."""
    half = (1 + momentum - lr) / 2
    inside = half**2 - momentum
    real = np.abs(half) + np.sqrt(np.maximum(inside, 0))
    return np.where(inside < 0, np.sqrt(momentum), real)


def walk(lr: float, momentum: float, steps: int = STEPS) -> np.ndarray:
    """w after each step from w = 1 and velocity 0, (steps + 1,), for λ = 1."""
    w, v, places = 1.0, 0.0, [1.0]
    for _ in range(steps):
        v = momentum * v + w
        w = w - lr * v
        places.append(w)
    return np.array(places)


def behaviour(lr: float, momentum: float) -> str:
    """What the weight does, in words."""
    if lr > 2 * (1 + momentum) + 1e-9:
        return "it flies out"
    if abs(lr - 2 * (1 + momentum)) <= 1e-9:
        return "it stays at the border for ever"
    if ((1 + momentum - lr) / 2) ** 2 < momentum:
        return "it swings around the minimum and dies out"
    return "it dies out without swinging" if lr <= 1 + momentum else "it jumps from side to side and dies out"


def describe(lr: float, momentum: float) -> str:
    """The text alternative of `draw`."""
    share, limit = float(keeps(lr, momentum)), 2 * (1 + momentum)
    return (
        f"ηλ = {lr:.2f}, momentum {momentum:.2f}: in the long run a step keeps {share:.3f} of the error; "
        f"{behaviour(lr, momentum)}. The limit for this momentum is ηλ = {limit:.2f}."
    )


def draw(lr: float, momentum: float) -> Figure:
    """Left: the map with its border ηλ = 2(1 + μ). Right: the weight over the steps."""
    figure = Figure(figsize=(10, 4.2))
    grid = {"left": 0.065, "right": 0.985, "bottom": 0.2, "top": 0.91, "wspace": 0.22}
    left, right = figure.subplots(1, 2, gridspec_kw=grid)
    _draw_map(figure, left, lr, momentum)
    _draw_walk(right, lr, momentum)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower left", ncols=2, fontsize=TEXT, frameon=False)
    return figure


def _draw_map(figure, ax, lr, momentum) -> None:
    rates, momenta = np.meshgrid(np.linspace(0, MOST, 220), np.linspace(0, 0.99, 160))
    shares = np.clip(keeps(rates, momenta), 0, 1.5)
    where = {"origin": "lower", "aspect": "auto", "extent": (0, MOST, 0, 0.99), "vmin": 0, "vmax": 1.5}
    shown = ax.imshow(shares, cmap="cividis_r", **where)
    border = np.array([0, 0.99])
    ax.plot(2 * (1 + border), border, color="white", linewidth=3)
    ax.plot(2 * (1 + border), border, "--", color=OKABE_ITO["vermillion"], label="ηλ = 2 (1 + μ)")
    mark = {"color": HERE, "markersize": 11, "markeredgecolor": "black", "linestyle": "none"}
    ax.plot(lr, momentum, "o", clip_on=False, label="your choice", **mark)
    ax.set(xlim=(0, MOST), ylim=(0, 0.99), xlabel="learning rate times curvature, ηλ", ylabel="momentum μ")
    ax.set_title("Share of the error that a step keeps")
    tidy(ax)
    ax.grid(False)
    bar = figure.colorbar(shown, ax=ax, ticks=[0, 0.5, 1, 1.5])
    bar.ax.set_yticklabels(["0", "0.5", "1", "1.5 or more"])
    bar.ax.tick_params(labelsize=TEXT)


def _draw_walk(ax, lr, momentum) -> None:
    places = walk(lr, momentum)
    inside = np.abs(places) <= 3
    ax.plot(np.where(inside, places, np.nan), "o-", color=OKABE_ITO["blue"], markersize=4, linewidth=1.3)
    beyond = np.flatnonzero(~inside)
    ax.plot(
        beyond,
        2.9 * np.sign(places[beyond]),
        "^",
        color=OKABE_ITO["vermillion"],
        markersize=6,
        label="beyond ±3",
    )
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(xlim=(0, STEPS), ylim=(-3.1, 3.1), xlabel="step", ylabel="weight w (minimum at 0)")
    ax.set_title(behaviour(lr, momentum).capitalize())
    if len(beyond):
        ax.legend(fontsize=TEXT, loc="lower right", framealpha=0.9)
    tidy(ax)
