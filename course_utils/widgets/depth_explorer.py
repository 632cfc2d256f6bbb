"""The size of values and gradients through twenty random layers, over the scale of the first weights.

Lesson 08. A layer with fan-in n and weights of variance σ² multiplies the second moment by n σ², times what
the nonlinearity leaves of it: 1/2 for the ReLU.
"""

from functools import lru_cache

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from course_utils.plots.palette import MUTED, TEXT, TRAIN, VAL, tidy

from .pattern import InteractiveFigure, dropdown

DEPTH, WIDTH, IMAGES = 20, 128, 32
LOWEST, HIGHEST = -2, 7  # n σ² from 1/4 to 128, as powers of two
NONLINEARITIES = {"ReLU": "relu", "tanh": "tanh", "none": "none"}
FLOOR, CEILING = 1e-14, 1e24  # what the axes show


def depth_explorer(variance: float = 2.0, nonlinearity: str = "relu") -> InteractiveFigure:
    """Choose n σ² and the nonlinearity; see how large values and gradients are in each of twenty layers.

    variance: where the slider begins, n σ² from 1/4 to 128. nonlinearity: "relu", "tanh" or "none".
    """
    if not 2**LOWEST <= variance <= 2**HIGHEST:
        raise ValueError(f"variance is n σ² from {2**LOWEST} to {2**HIGHEST}, not {variance}")
    if nonlinearity not in NONLINEARITIES.values():
        raise ValueError(f"nonlinearity is one of {', '.join(NONLINEARITIES.values())}, not {nonlinearity!r}")
    slider = ipywidgets.FloatLogSlider(
        value=variance, base=2, min=LOWEST, max=HIGHEST, step=0.25, description="n σ²", readout_format=".2f"
    )
    slider.layout.width = "30rem"
    slider.style.description_width = "7rem"
    controls = {
        "variance": slider,
        "nonlinearity": dropdown("nonlinearity", list(NONLINEARITIES.items()), nonlinearity),
    }
    return InteractiveFigure(draw, describe, controls)


@lru_cache(maxsize=1)
def _noise() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standard normal: weights (DEPTH, WIDTH, WIDTH), images and last gradients (IMAGES, WIDTH)."""
    rng = np.random.default_rng(0)
    return (
        rng.standard_normal((DEPTH, WIDTH, WIDTH)),
        rng.standard_normal((IMAGES, WIDTH)),
        rng.standard_normal((IMAGES, WIDTH)),
    )


def sizes(variance: float, nonlinearity: str) -> tuple[np.ndarray, np.ndarray]:
    """The rms (DEPTH,) of the values before each nonlinearity, and of the gradients at the same places.

    Linear layers of WIDTH units; the gradient after the last nonlinearity is standard normal.
    """
    noise, x, gradient = _noise()
    weights = noise * np.sqrt(variance / WIDTH)
    values = []
    for weight in weights:
        values.append(x @ weight.T)
        x = _applied(values[-1], nonlinearity)
    backward = np.empty(DEPTH)
    for layer in reversed(range(DEPTH)):
        gradient = gradient * _slope(values[layer], nonlinearity)
        backward[layer] = _rms(gradient)
        gradient = gradient @ weights[layer]
    return np.array([_rms(value) for value in values]), backward


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _applied(values: np.ndarray, nonlinearity: str) -> np.ndarray:
    if nonlinearity == "none":
        return values
    return np.maximum(values, 0) if nonlinearity == "relu" else np.tanh(values)


def _slope(values: np.ndarray, nonlinearity: str) -> np.ndarray:
    if nonlinearity == "none":
        return np.ones_like(values)
    return (values > 0).astype(float) if nonlinearity == "relu" else 1 - np.tanh(values) ** 2


def known_as(variance: float) -> str:
    """The rule that gives this n σ² in square layers, if it has a name."""
    names = {1.0: "Xavier", 2.0: "He", float(WIDTH): "N(0, 1)"}
    return next((name for value, name in names.items() if abs(variance / value - 1) < 1e-6), "no rule's")


def describe(variance: float, nonlinearity: str) -> str:
    """The text alternative of `draw`."""
    forward, backward = sizes(variance, nonlinearity)
    label = next(label for label, name in NONLINEARITIES.items() if name == nonlinearity)
    return (
        f"Nonlinearity {label}, n σ² = {variance:.2f} ({known_as(variance)} value): the values have rms "
        f"{forward[0]:.2g} in layer 1 and {forward[-1]:.2g} in layer {DEPTH}; the gradients have rms "
        f"{backward[-1]:.2g} in layer {DEPTH} and {backward[0]:.2g} when they are back in layer 1."
    )


def draw(variance: float, nonlinearity: str) -> Figure:
    """Over the layers, on logarithmic axes: values on the way forward, gradients on the way back."""
    forward, backward = sizes(variance, nonlinearity)
    figure = Figure(figsize=(10, 4.2))
    panels = figure.subplots(
        1,
        2,
        sharey=True,
        gridspec_kw={"left": 0.08, "right": 0.985, "bottom": 0.13, "top": 0.9, "wspace": 0.08},
    )
    layers = np.arange(1, DEPTH + 1)
    for ax, rms, colour, marker, what in (
        (panels[0], forward, TRAIN, "o", "Values, on the way forward →"),
        (panels[1], backward, VAL, "s", "← Gradients, on the way back"),
    ):
        ax.semilogy(layers, np.clip(rms, FLOOR, CEILING), marker + "-", color=colour, linewidth=2)
        ax.axhline(1, color=MUTED, linestyle=":", linewidth=1.2)
        ax.set_title(what)
        ax.set_xlabel("layer")
        ax.set_xticks([1, 5, 10, 15, 20])
        place, side = (0.97, "right") if rms[0] > rms[-1] else (0.03, "left")  # away from the curve's top
        ax.text(
            place, 0.95, f"layer 1: {rms[0]:.2g}\nlayer {DEPTH}: {rms[-1]:.2g}",
            transform=ax.transAxes, va="top", ha=side, fontsize=TEXT + 1,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": colour},
        )  # fmt: skip
        tidy(ax)
    panels[0].set_ylabel("rms (no unit)")
    panels[0].set_ylim(*_limits(forward, backward))
    return figure


def _limits(forward: np.ndarray, backward: np.ndarray) -> tuple[float, float]:
    """Whole steps of a million around what is drawn, so that the axis does not jump at every move."""
    both = np.clip(np.concatenate([forward, backward]), FLOOR, CEILING)
    low = 6 * np.floor((np.log10(both.min()) - 0.5) / 6)
    high = 6 * np.ceil((np.log10(both.max()) + 0.5) / 6)
    return 10.0**low, 10.0**high
