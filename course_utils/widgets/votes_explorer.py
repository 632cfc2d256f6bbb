"""How many votes a yes-or-no label needs when workers err.

Lesson 01. With n votes, n odd, each right with probability q independently of the others, the majority is
right with probability Σ_{k > n/2} C(n, k) q^k (1 − q)^(n−k).
"""

from math import comb

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.plots.palette import HERE, OKABE_ITO, TEXT, tidy

from .pattern import InteractiveFigure, slider

VOTES = tuple(range(1, 32, 2))


def votes_explorer(quality: int = 70, target: int = 95):
    """Move the quality of the workers and the target; see how many votes the majority needs.

    quality: how often a worker is right, in per cent, from 50 to 99. target: in per cent, from 60 to 99.
    """
    if quality not in range(50, 100) or target not in range(60, 100):
        raise ValueError(f"quality lies from 50 to 99 and target from 60 to 99, not {quality} and {target}")
    controls = {
        "quality": slider("worker right (%)", quality, 50, 99),
        "target": slider("target (%)", target, 60, 99),
    }
    return InteractiveFigure(draw, describe, controls)


def majority_right(votes: int, quality: float) -> float:
    """Probability that the majority of an odd number of votes is right; `quality` from 0 to 1."""
    half = votes // 2 + 1
    return sum(comb(votes, k) * quality**k * (1 - quality) ** (votes - k) for k in range(half, votes + 1))


def votes_needed(quality: float, target: float, most: int = 1001) -> int | None:
    """The least odd number of votes that reaches `target`; None where `most` votes are not enough."""
    if quality <= 0.5:
        return 1 if quality >= target else None
    reached = (votes for votes in range(1, most + 1, 2) if majority_right(votes, quality) >= target)
    return next(reached, None)


def describe(quality: int, target: int) -> str:
    """The text alternative of `draw`."""
    needed = votes_needed(quality / 100, target / 100, 201)
    enough = (
        f"{needed} vote{'' if needed == 1 else 's'}"
        if needed
        else "more than 201 votes, or no number at all,"
        if quality > 50
        else "no number"
    )
    rate = majority_right(5, quality / 100)
    return (
        f"Workers right {quality} % of the time: the majority of 5 is right {rate:.1%} of the time, "
        f"and {enough} would reach {target} %."
    )


def draw(quality: int, target: int) -> Figure:
    """The share of right labels over the number of votes, for these workers and for three other crowds."""
    figure = Figure(figsize=(7.2, 3.9), layout="constrained")
    ax = figure.subplots()
    for other, colour, style in ((60, "sky blue", ":"), (80, "green", "--"), (90, "purple", "-.")):
        shares = [majority_right(votes, other / 100) for votes in VOTES]
        ax.plot(VOTES, shares, style, color=OKABE_ITO[colour], label=f"workers right {other} %")
    shares = [majority_right(votes, quality / 100) for votes in VOTES]
    ax.plot(VOTES, shares, "o-", color=OKABE_ITO["blue"], linewidth=2, label=f"these workers, {quality} %")
    ax.axhline(target / 100, color=OKABE_ITO["vermillion"], linewidth=1, label=f"target {target} %")
    needed = votes_needed(quality / 100, target / 100, VOTES[-1])
    if needed:
        share = majority_right(needed, quality / 100)
        told = "1 vote is enough" if needed == 1 else f"{needed} votes are enough"
        ax.plot(needed, share, "s", color=HERE, markersize=11, zorder=5, label=told)
    ax.set_xlim(0, VOTES[-1] + 1)
    ax.set_ylim(0.48, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    ax.set_xlabel("votes for each image (count)")
    ax.set_ylabel("labels that are right (%)")
    ax.set_title("Votes needed against worker quality, yes-or-no question")
    tidy(ax)
    ax.legend(fontsize=TEXT, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
