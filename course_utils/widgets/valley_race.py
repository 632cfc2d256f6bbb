"""Plain descent, momentum and Adam race through a valley.

Lesson 05. The valley is L(w) = w·A w / 2 with curvature 1 across and 1/κ along its floor, turned by an angle.
"""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from course_utils.plots.palette import MUTED, OKABE_ITO, TEXT, tidy

from .pattern import InteractiveFigure, dropdown, slider

STEPS = 80
START = np.array([-8.0, 3.0])  # along the floor and across it, before the valley is turned
FAR = 1e6  # a length beyond which a racer has flown out
RACERS = {
    "SGD": (OKABE_ITO["orange"], "s", "-."),
    "momentum": (OKABE_ITO["blue"], "o", "-"),
    "Adam": (OKABE_ITO["vermillion"], "^", "--"),
}


def valley_race(
    kappa: int = 30, lr: float = 1.6, momentum: float = 0.8, adam_lr: float = 0.5, angle: int = 0
):
    """Choose the valley and the rates; see the paths and the loss over the steps.

    kappa: condition number. lr: of SGD and momentum. adam_lr: of Adam. angle: of the valley, in degrees.
    """
    controls = {
        "kappa": dropdown("condition κ", [1, 3, 10, 30, 100], kappa),
        "angle": slider("turned by (°)", angle, 0, 45, 5),
        "lr": slider("lr η", lr, 0.05, 4.0, 0.05, readout_format=".2f"),
        "momentum": slider("momentum μ", momentum, 0.0, 0.95, 0.05, readout_format=".2f"),
        "adam_lr": _log_slider("Adam's lr", adam_lr),
    }
    return InteractiveFigure(draw, describe, controls)


def _log_slider(label: str, value: float):
    made = ipywidgets.FloatLogSlider(
        value=value, base=10, min=-2, max=0.6, step=0.1, description=label, readout_format=".2f"
    )
    made.layout.width = "21rem"
    made.style.description_width = "7rem"
    return made


def hessian(kappa: float, angle: float) -> np.ndarray:
    """The matrix (2, 2) with eigenvalue 1/κ along the floor, 1 across; the floor at `angle` degrees."""
    turn = _turn(angle)
    return turn @ np.diag([1 / kappa, 1.0]) @ turn.T


def _turn(angle: float) -> np.ndarray:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[c, -s], [s, c]])


def paths(kappa, angle, lr, momentum, adam_lr, steps: int = STEPS) -> dict[str, np.ndarray]:
    """Where each racer is: name → (steps + 1, 2). One that flies out stops at its last place within FAR."""
    matrix, start = hessian(kappa, angle), _turn(angle) @ START
    rules = {"SGD": _momentum(lr, 0.0), "momentum": _momentum(lr, momentum), "Adam": _adam(adam_lr)}
    return {name: _path(matrix, start, rule, steps) for name, rule in rules.items()}


def _path(matrix, start, rule, steps):
    places, state = [start], {}
    for _ in range(steps):
        moved = rule(places[-1], matrix @ places[-1], state)
        places.append(moved if np.abs(moved).max() < FAR else places[-1])
    return np.array(places)


def _momentum(lr, momentum):
    def rule(w, grad, state):
        state["v"] = momentum * state.get("v", 0.0) + grad
        return w - lr * state["v"]

    return rule


def _adam(lr, betas=(0.9, 0.999), eps=1e-8):
    def rule(w, grad, state):
        state["t"] = state.get("t", 0) + 1
        state["m"] = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
        state["v"] = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
        m, v = state["m"] / (1 - betas[0] ** state["t"]), state["v"] / (1 - betas[1] ** state["t"])
        return w - lr * m / (np.sqrt(v) + eps)

    return rule


def losses(places: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The loss at each place: (steps + 1,)."""
    return 0.5 * np.einsum("ti,ij,tj->t", places, matrix, places)


def describe(kappa, angle, lr, momentum, adam_lr) -> str:
    """The text alternative of `draw`."""
    found = paths(kappa, angle, lr, momentum, adam_lr)
    matrix = hessian(kappa, angle)
    ends = {name: losses(places, matrix) for name, places in found.items()}
    told = ", ".join(f"{name} {_fate(values)}" for name, values in ends.items())
    return (
        f"A valley with condition number {kappa}, turned by {angle}°; rate {lr:.2f}, momentum "
        f"{momentum:.2f}, Adam's rate {adam_lr:.2f}. After {STEPS} steps: {told}."
    )


def _fate(values: np.ndarray) -> str:
    if values[-1] > values[0]:
        return "has flown out"
    if values[-1] < 1e-3 * values[0]:
        return "is down to less than a thousandth of the first loss"
    return f"is down to {values[-1] / values[0]:.1%} of the first loss"


def draw(kappa, angle, lr, momentum, adam_lr) -> Figure:
    """Left: the paths on the lines of equal loss. Right: the loss over the steps."""
    found, matrix = paths(kappa, angle, lr, momentum, adam_lr), hessian(kappa, angle)
    figure = Figure(figsize=(10, 4.5))
    grid = {"left": 0.065, "right": 0.985, "bottom": 0.2, "top": 0.92, "wspace": 0.2}
    left, right = figure.subplots(1, 2, gridspec_kw=grid)
    _draw_paths(left, found, matrix)
    _draw_losses(right, found, matrix)
    right.set_title(f"The limit: η < 2 without, {2 * (1 + momentum):.1f} with momentum")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=4, fontsize=TEXT, frameon=False)
    return figure


def _draw_paths(ax, found, matrix) -> None:
    across, up = np.meshgrid(np.linspace(-10, 10, 100), np.linspace(-8.2, 8.2, 80))
    heights = 0.5 * (matrix[0, 0] * across**2 + 2 * matrix[0, 1] * across * up + matrix[1, 1] * up**2)
    ax.contour(across, up, np.sqrt(heights), 10, colors=MUTED, linewidths=0.5)
    for name, places in found.items():
        colour, marker, line = RACERS[name]
        style = {"color": colour, "linestyle": line, "marker": marker, "linewidth": 1.4, "markersize": 3.5}
        ax.plot(*places[: _until(places)].T, label=name, **style)
    ax.plot(0, 0, "k*", markersize=11, label="minimum")
    ax.plot(*found["SGD"][0], "kx", markersize=9)
    ax.set(xlim=(-10, 10), ylim=(-8.2, 8.2), xlabel="first weight", ylabel="second weight")
    ax.set_title("Paths from the cross")
    tidy(ax)


def _until(places: np.ndarray) -> int:
    """How many places to draw: up to the first that lies far outside of the picture."""
    outside = np.flatnonzero(np.abs(places).max(axis=1) > 25)
    return int(outside[0]) + 1 if len(outside) else len(places)


def _draw_losses(ax, found, matrix) -> None:
    for name, places in found.items():
        colour, marker, line = RACERS[name]
        values = np.clip(losses(places, matrix), 1e-9, 1e7)
        ax.semilogy(values, color=colour, linestyle=line, marker=marker, markevery=10, markersize=5)
    ax.set(xlim=(0, STEPS), ylim=(1e-6, 1e3), xlabel="step", ylabel="loss (logarithmic)")
    tidy(ax)
