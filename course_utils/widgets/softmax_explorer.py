"""Logits and temperature → probabilities → loss → gradient.

Lesson 04. With p = softmax(z / T), the true class c and y its one-hot vector, the loss is −log p_c and its
gradient with respect to the logits z is (p − y) / T.
"""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.plots.palette import HERE, MUTED, OKABE_ITO, RESULT, TEXT, VAL, tidy

from .pattern import InteractiveFigure, dropdown, slider

LIMIT = 5.0  # logits from −5 to 5
COOLEST, HOTTEST = -1, 3  # temperature from 1/2 to 8, as powers of two
NATS_PER_BIT = np.log(2)


def softmax_explorer(
    logits=(2.0, 1.0, -1.0, 0.5), classes=("cat", "dog", "owl", "fish"), true_class: int = 0
):
    """Move three or four logits and the temperature; see probabilities, loss and gradient.

    logits: where the sliders begin, each from −5 to 5. classes: their names. true_class: index of the right
    one.
    """
    names = [str(name) for name in classes]
    start = [float(logit) for logit in logits]
    if len(start) != len(names) or len(set(names)) != len(names) or len(names) not in (3, 4):
        raise ValueError(f"give 3 or 4 logits and as many different names, not {start} and {names}")
    if max(abs(logit) for logit in start) > LIMIT:
        raise ValueError(f"the logits {start} must lie between −{LIMIT:g} and {LIMIT:g}")
    if true_class not in range(len(names)):
        raise ValueError(f"true_class is an index from 0 to {len(names) - 1}, not {true_class!r}")
    controls = {
        f"z{index}": slider(f"logit of {name}", logit, -LIMIT, LIMIT, 0.1, readout_format=".1f")
        for index, (name, logit) in enumerate(zip(names, start, strict=True))
    }
    temperature = ipywidgets.FloatLogSlider(
        value=1.0,
        base=2,
        min=COOLEST,
        max=HOTTEST,
        step=0.25,
        description="temperature T",
        readout_format=".2f",
    )
    temperature.layout.width = "21rem"
    temperature.style.description_width = "7rem"
    controls["temperature"] = temperature
    controls["true_class"] = dropdown(
        "true class", [(name, index) for index, name in enumerate(names)], true_class
    )

    def bound(function):
        def of_state(temperature: float, true_class: int, **logits: float):
            return function(list(logits.values()), names, true_class, temperature)

        return of_state

    return InteractiveFigure(bound(draw), bound(describe), controls)


def softmax(logits, temperature: float = 1.0) -> np.ndarray:
    """exp(z / T) divided by its sum, (K,); the largest logit is taken off first, so nothing overflows."""
    scaled = np.asarray(logits, dtype=float) / temperature
    powers = np.exp(scaled - scaled.max())
    return powers / powers.sum()


def loss_and_gradient(logits, true_class: int, temperature: float = 1.0) -> tuple[float, np.ndarray]:
    """−log p of the true class in nats, and its gradient with respect to the logits, (K,)."""
    scaled = np.asarray(logits, dtype=float) / temperature
    top = scaled.max()
    loss = top + np.log(np.exp(scaled - top).sum()) - scaled[true_class]
    return float(loss), (softmax(logits, temperature) - np.eye(len(scaled))[true_class]) / temperature


def describe(logits, classes, true_class: int = 0, temperature: float = 1.0) -> str:
    """The text alternative of `draw`."""
    loss, gradient = loss_and_gradient(logits, true_class, temperature)
    p = softmax(logits, temperature)
    shares = ", ".join(f"{name} {share:.1%}" for name, share in zip(classes, p, strict=True))
    slopes = ", ".join(f"{name} {signed(g)}" for name, g in zip(classes, gradient, strict=True))
    return (
        f"Temperature {temperature:.2f}: probabilities {shares}; the true class is {classes[true_class]}; "
        f"loss {loss:.3f} nats = {loss / NATS_PER_BIT:.3f} bits; gradient for the logits: {slopes}."
    )


def signed(value: float) -> str:
    """A number with its sign and two decimals; what rounds to zero has none."""
    text = f"{value:+.2f}".replace("-", "−")
    return "0.00" if text in ("+0.00", "−0.00") else text


def draw(logits, classes, true_class: int = 0, temperature: float = 1.0) -> Figure:
    """Four panels: logits, probabilities beside their targets, the gradient as arrows, the loss."""
    p = softmax(logits, temperature)
    loss, gradient = loss_and_gradient(logits, true_class, temperature)
    target = np.eye(len(p))[true_class]
    figure = Figure(figsize=(10, 6.6))
    grid = {"left": 0.07, "right": 0.925, "bottom": 0.105, "top": 0.955, "wspace": 0.22, "hspace": 0.5}
    (top_left, top_right), (low_left, low_right) = figure.subplots(2, 2, gridspec_kw=grid)
    _draw_logits(top_left, logits)
    _draw_probabilities(top_right, p, target)
    _draw_gradient(low_left, gradient, temperature)
    _draw_loss(low_right, p[true_class], loss, classes[true_class])
    for ax, marks in (
        (top_left, [f"{logit:.1f}".replace("-", "−") for logit in logits]),
        (
            top_right,
            [f"{share:.1%}\n{signed(share - y)}" for share, y in zip(p, target, strict=True)],
        ),
        (low_left, [signed(slope) for slope in gradient]),
    ):
        _name_classes(ax, classes, marks, true_class)
    return figure


def _name_classes(ax, classes, marks, true_class: int) -> None:
    """Under each bar its class and its number; the true class stands out by colour, weight and a tick."""
    names = [f"{name} (true)" if k == true_class else name for k, name in enumerate(classes)]
    ax.set_xticks(range(len(names)), [f"{name}\n{mark}" for name, mark in zip(names, marks, strict=True)])
    label = ax.get_xticklabels()[true_class]
    label.set(color=RESULT, fontweight="bold")
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.grid(False, axis="x")


def _draw_logits(ax, logits) -> None:
    ax.bar(range(len(logits)), logits, width=0.5, color=OKABE_ITO["sky blue"])
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_ylim(-LIMIT - 0.5, LIMIT + 0.5)
    ax.set_ylabel("logit z")
    ax.set_title("Logits z")
    ax.set_xlabel("class, and its logit")
    tidy(ax)


def _draw_probabilities(ax, p, target) -> None:
    ax.set_ylim(-0.04, 1.1)
    ax.bar(range(len(p)), p, width=0.5, color=OKABE_ITO["sky blue"], label="probability p")
    ends = np.arange(len(p))
    ax.hlines(target, ends - 0.36, ends + 0.36, color="black", linewidth=2.5, label="target y")
    for k, (probability, wanted) in enumerate(zip(p, target, strict=True)):
        _arrow(ax, k, wanted, probability)
    ax.set_yticks(np.arange(0, 1.01, 0.2))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    ax.set_ylabel("probability (%)")
    ax.set_title("Probabilities p; arrows: p − y")
    ax.set_xlabel("class, probability p, and p − y")
    where = "upper left" if target[-1] or target[-2] else "upper right"
    ax.legend(fontsize=TEXT, frameon=False, loc=where, borderaxespad=0.1, handlelength=1.4)
    tidy(ax)


def _draw_gradient(ax, gradient, temperature) -> None:
    reach = 1.1 * max(1.0, 1 / temperature)
    ax.set_ylim(-reach, reach)
    ax.axhline(0, color="black", linewidth=0.8)
    for k, slope in enumerate(gradient):
        _arrow(ax, k, 0, slope)
    rule = "p − y" if temperature == 1 else f"(p − y) / T with T = {temperature:.2f}"
    ax.set_ylabel("∂loss/∂z (nats per unit of logit)")
    ax.set_title(f"Gradient: ∂loss/∂z = {rule}")
    ax.set_xlabel("a step of descent moves each logit against its arrow")
    tidy(ax)


def _arrow(ax, x: float, start: float, end: float) -> None:
    """A vertical arrow on axes with final limits; its head is never longer than the arrow."""
    low, high = ax.get_ylim()
    box, height = ax.get_position(), ax.get_figure().get_figheight()
    points = abs(end - start) / (high - low) * box.height * height * 72
    if points > 1:
        style = {
            "arrowstyle": "-|>",
            "color": HERE,
            "linewidth": min(3, points / 2),
            "shrinkA": 0,
            "shrinkB": 0,
        }
        style["mutation_scale"] = min(16, 2 * points)
        ax.annotate("", (x, end), (x, start), arrowprops=style, zorder=5)


def _draw_loss(ax, p_true: float, loss: float, name: str) -> None:
    p = np.linspace(0.0004, 1, 400)
    top = 8.0
    ax.plot(p, -np.log(p), color=OKABE_ITO["blue"], linewidth=2)
    ax.plot(
        p_true, min(loss, top), "o" if loss <= top else "^", color=VAL, markersize=9, clip_on=False, zorder=5
    )
    ax.text(
        0.96, 0.8, f"loss = −log({p_true:.3g})\n= {loss:.3f} nats\n= {loss / NATS_PER_BIT:.3f} bits",
        transform=ax.transAxes, ha="right", va="top", fontsize=11,
        bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": VAL, "linewidth": 2},
    )  # fmt: skip
    ax.set_xlim(0, 1)
    ax.set_ylim(0, top)
    ax.set_xlabel(f"probability of the true class, {name} (%)")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    ax.set_ylabel("loss (nats)")
    ax.set_title("Loss −log p of the true class")
    tidy(ax)
    bits = ax.secondary_yaxis("right", functions=(lambda n: n / NATS_PER_BIT, lambda b: b * NATS_PER_BIT))
    bits.set_ylabel("loss (bits)", fontsize=TEXT)
    bits.tick_params(labelsize=TEXT, colors=MUTED)
