"""Logits and temperature → probabilities → loss → gradient.

Lesson 04. With p = softmax(z / T), the true class c and y its one-hot vector, the loss is −ln p_c and its
gradient with respect to the logits z is (p − y) / T.
"""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.plots.palette import HERE, MUTED, OKABE_ITO, RESULT, SMALL, TEXT, VAL, tidy

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
    """−ln p of the true class in nats, and its gradient with respect to the logits, (K,)."""
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
        f"Temperature {temperature:.2f}: probabilities {shares}; the true class is {classes[true_class]}; loss "
        f"{loss:.3f} nats = {loss / NATS_PER_BIT:.3f} bits; gradient with respect to the logits: {slopes}."
    )


def signed(value: float) -> str:
    """A number with its sign and two decimals; what rounds to zero has none."""
    text = f"{value:+.2f}".replace("-", "−")
    return "0.00" if text in ("+0.00", "−0.00") else text


def draw(logits, classes, true_class: int = 0, temperature: float = 1.0) -> Figure:
    """Three panels: the logits with a step of descent, the probabilities beside their targets, the loss."""
    p = softmax(logits, temperature)
    loss, gradient = loss_and_gradient(logits, true_class, temperature)
    target = np.eye(len(p))[true_class]
    figure = Figure(figsize=(10.4, 4.5))
    panels = figure.subplots(
        1, 3, gridspec_kw={"left": 0.06, "right": 0.935, "bottom": 0.25, "top": 0.9, "wspace": 0.32}
    )
    _draw_logits(panels[0], np.asarray(logits, dtype=float), gradient, temperature)
    _draw_probabilities(panels[1], p, target)
    _draw_loss(panels[2], p[true_class], loss, classes[true_class])
    for ax, rows in (
        (panels[0], [signed(value) for value in gradient]),
        (panels[1], [signed(value) for value in p - target]),
    ):
        marks = [f"{name}{' ✓' if k == true_class else ''}\n{rows[k]}" for k, name in enumerate(classes)]
        ax.set_xticks(range(len(p)), marks, fontsize=TEXT)
        ax.get_xticklabels()[true_class].set_color(RESULT)
        ax.get_xticklabels()[true_class].set_fontweight("bold")
        ax.set_xlim(-0.6, len(p) - 0.4)
        ax.grid(False, axis="x")
    return figure


def _draw_logits(ax, logits, gradient, temperature) -> None:
    ax.bar(range(len(logits)), logits, width=0.55, color=OKABE_ITO["sky blue"])
    ax.axhline(0, color="black", linewidth=0.8)
    for k, (logit, slope) in enumerate(zip(logits, gradient, strict=True)):
        _arrow(ax, k, logit, logit - slope, VAL)
    ax.set_ylim(-LIMIT - 2, LIMIT + 2)
    ax.set_ylabel("logit z")
    ax.set_title("Logits, and a step against the gradient")
    rule = "p − y" if temperature == 1 else f"(p − y) / T,  T = {temperature:.2f}"
    ax.set_xlabel(f"class, and gradient ∂loss/∂z = {rule}\narrow: where descent moves the logit")
    tidy(ax)
    ax.title.set_size(10)


def _draw_probabilities(ax, p, target) -> None:
    ax.bar(range(len(p)), p, width=0.55, color=OKABE_ITO["sky blue"], label="probability p")
    for k, (probability, wanted) in enumerate(zip(p, target, strict=True)):
        ax.plot(
            [k - 0.36, k + 0.36],
            [wanted, wanted],
            color="black",
            linewidth=2.5,
            label=None if k else "target y",
        )
        _arrow(ax, k, wanted, probability, HERE)
        ax.text(k + 0.06, probability + 0.02, f"{probability:.1%}", ha="left", va="bottom", fontsize=SMALL)
    ax.set_ylim(-0.03, 1.16)
    ax.set_yticks(np.arange(0, 1.01, 0.2))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    ax.set_ylabel("probability (%)")
    ax.set_title("Probabilities p and targets y")
    ax.set_xlabel("class, and p − y\narrow: from the target to the probability")
    ax.legend(fontsize=SMALL, frameon=False, ncols=2, loc="upper center", borderaxespad=0.1, handlelength=1.4)
    tidy(ax)
    ax.title.set_size(10)


def _arrow(ax, x: float, start: float, end: float, colour: str) -> None:
    """A vertical arrow; none where it would be shorter than its own head."""
    low, high = ax.get_ylim() if ax.get_ylim()[1] <= 1.2 else (-LIMIT - 2, LIMIT + 2)
    if abs(end - start) > 0.012 * (high - low):
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": 2.5, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x, end), (x, start), arrowprops=style, zorder=5)


def _draw_loss(ax, p_true: float, loss: float, name: str) -> None:
    p = np.linspace(0.0004, 1, 400)
    top = 8.0
    ax.plot(p, -np.log(p), color=OKABE_ITO["blue"], linewidth=2)
    ax.plot(
        p_true, min(loss, top), "o" if loss <= top else "^", color=VAL, markersize=9, clip_on=False, zorder=5
    )
    ax.text(
        0.96, 0.8, f"loss = −ln {p_true:.3g}\n= {loss:.3f} nats\n= {loss / NATS_PER_BIT:.3f} bits",
        transform=ax.transAxes, ha="right", va="top", fontsize=11,
        bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": VAL, "linewidth": 2},
    )  # fmt: skip
    ax.set_xlim(0, 1)
    ax.set_ylim(0, top)
    ax.set_xlabel(f"probability of the true class, {name} (%)")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    ax.set_ylabel("loss (nats)")
    ax.set_title("Loss −ln p of the true class")
    tidy(ax)
    ax.title.set_size(10)
    bits = ax.secondary_yaxis("right", functions=(lambda n: n / NATS_PER_BIT, lambda b: b * NATS_PER_BIT))
    bits.set_ylabel("loss (bits)", fontsize=TEXT)
    bits.tick_params(labelsize=TEXT, colors=MUTED)
