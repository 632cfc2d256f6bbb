"""Charts as inline SVG: no script, no picture file, colours from the page so that they follow its scheme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from course_utils.grading.visible import number, visible

WIDTH, HEIGHT = 720, 266
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 42, 46  # room for the labels of the axes and of the median
BARS = 26  # at most, so that each can carry its label


@dataclass(frozen=True)
class Chart:
    """A drawing and the one line that says the same to whoever cannot see it."""

    svg: Markup
    text: str


def histogram(totals: Sequence[float], possible: float) -> Chart:
    """How many submissions have how many points. `totals` holds at least one number.

    A bar stands for whole points; parts of a point are rounded down.
    """
    width = _bar_width(possible)
    bars = [0] * (math.floor(possible / width) + 1)
    for total in totals:
        bars[min(max(math.floor(total / width), 0), len(bars) - 1)] += 1
    step = _nice_step(max(bars))
    top = step * math.ceil(max(bars) / step)
    text = _histogram_text(totals, possible)
    parts = [_grid(top, step), _median(median(totals), width, len(bars)), *_bars(bars, top, width, possible)]
    parts.append(_axis_names(possible, width, totals))
    return Chart(_svg(WIDTH, HEIGHT, text, parts), text)


def stacked(counts: Sequence[tuple[str, int]], text: str) -> Markup:
    """One bar, full width: the share of each (css class, how many), in the order given."""
    total = sum(how_many for _, how_many in counts) or 1
    parts, left = [], 0.0
    for name, how_many in counts:
        share = 100 * how_many / total
        if how_many:
            shape = '<rect class="{}" x="{:.2f}%" y="0" width="{:.2f}%" height="14"/>'
            parts.append(Markup(shape).format(name, left, share))
        left += share
    body = Markup("").join(parts)
    return Markup('<svg class="stacked" role="img" aria-label="{}" height="14">{}</svg>').format(
        visible(text), body
    )


def _bar_width(possible: float) -> int:
    """Points to a bar: 1, 2, 5, 10, ... so that the bars are few enough."""
    width = 1
    while possible / width + 1 > BARS:
        width = width * 5 // 2 if str(width)[0] == "2" else width * 2
    return width


def _nice_step(highest: int) -> int:
    """Between two lines of the grid: 1, 2, 5, 10, ... so that there are at most five."""
    step = 1
    while highest / step > 5:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def _x(position: float, bars: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * position / bars


def _y(value: float, top: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _bars(bars: Sequence[int], top: int, width: int, possible: float) -> list[Markup]:
    drawn = []
    for position, how_many in enumerate(bars):
        left, right = _x(position, len(bars)) + 1.5, _x(position + 1, len(bars)) - 1.5
        height = HEIGHT - BOTTOM - _y(how_many, top)
        low, high = position * width, min((position + 1) * width - 1, math.floor(possible))
        label = f"{low}" if high <= low else f"{low}–{high}"
        middle = (left + right) / 2
        if how_many:
            bar = '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
            drawn.append(Markup(bar).format(left, _y(how_many, top), right - left, height))
            drawn.append(_label(middle, _y(how_many, top) - 4, f"{how_many}", "value"))
        drawn.append(_label(middle, HEIGHT - BOTTOM + 16, label, "tick" if len(label) < 4 else "tick small"))
    return drawn


def _grid(top: int, step: int) -> Markup:
    lines = []
    for value in range(0, top + 1, step):
        line = '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        lines.append(Markup(line).format(LEFT, WIDTH - RIGHT, _y(value, top), _y(value, top)))
        lines.append(_label(LEFT - 8, _y(value, top) + 4, f"{value}", "tick end"))
    return Markup("").join(lines)


def _median(middle: float, width: int, bars: int) -> Markup:
    x = _x(min((middle + 0.5) / width, bars), bars)  # a whole number lies in the middle of its room
    side = "start" if x < WIDTH / 2 else "end"
    line = '<line class="median" x1="{x:.1f}" x2="{x:.1f}" y1="{y1}" y2="{y2}"/>'
    shift = 6 if side == "start" else -6
    return Markup(line).format(x=x, y1=6, y2=HEIGHT - BOTTOM) + _label(
        x + shift, 14, f"median {number(middle)}", f"value {side}"
    )


def _axis_names(possible: float, width: int, totals: Sequence[float]) -> Markup:
    rounded = ", rounded down" if any(total != math.floor(total) for total in totals) else ""
    across = _label(
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, f"points (of {number(possible)}{rounded})", "name"
    )
    up = '<text class="name" transform="translate(12 {:.1f}) rotate(-90)">submissions (number)</text>'
    return across + Markup(up).format((TOP + HEIGHT - BOTTOM) / 2)


def _label(x: float, y: float, text: str, name: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(name, x, y, text)


def _svg(width: int, height: int, text: str, parts: Sequence[Markup]) -> Markup:
    frame = '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    return Markup(frame).format(width, height, visible(text), Markup("").join(parts))


def _histogram_text(totals: Sequence[float], possible: float) -> str:
    many = len(totals)
    return (
        f"{many:,} {'submission' if many == 1 else 'submissions'}: from {number(min(totals))} to "
        f"{number(max(totals))} of {number(possible)} points; the median is {number(median(totals))}."
    )
