"""Lesson 07: the box of a random resized crop, the right one and those of single mistakes."""

from __future__ import annotations

import math
from collections.abc import Sequence

USUAL = {"scale": (0.08, 1.0), "ratio": (3 / 4, 4 / 3)}


def box(
    height: int,
    width: int,
    draws: Sequence,
    scale: tuple = USUAL["scale"],
    ratio: tuple = USUAL["ratio"],
    **faults,
) -> tuple[int, ...]:
    """The box, from sides in place of areas; `faults` switch single mistakes on."""
    fault = faults.get("fault", "")
    for u1, u2, u3, u4 in draws:
        share = (1 - u1) * scale[0] + u1 * scale[1]
        wide = ratio[0] * (ratio[1] / ratio[0]) ** u2
        if fault == "even ratio":
            wide = (1 - u2) * ratio[0] + u2 * ratio[1]
        if fault == "ratio turned":
            wide = 1 / wide
        side = (share if fault == "share of a side" else math.sqrt(share)) * math.sqrt(height * width)
        sides = side / math.sqrt(wide), side * math.sqrt(wide)
        h, w = (math.floor(each) if fault == "cut to whole" else round(each) for each in sides)
        if fault == "cut at the border":
            h, w = min(h, height), min(w, width)
        if _fits(h, w, height, width, fault):
            return _placed(height, width, h, w, u3, u4, fault)
        if fault == "one trial":
            break
    return central(height, width, ratio, fault)


def _fits(h: int, w: int, height: int, width: int, fault: str) -> bool:
    if fault == "must be smaller":
        return 1 <= h < height and 1 <= w < width
    return (fault == "empty box" or min(h, w) >= 1) and h <= height and w <= width


def _placed(height: int, width: int, h: int, w: int, u3: float, u4: float, fault: str) -> tuple[int, ...]:
    rows, columns = height - h + 1, width - w + 1
    if fault == "last place never":
        rows, columns = rows - 1, columns - 1
    if fault == "over the border":
        rows, columns = height, width
    if fault == "places exchanged":
        u3, u4 = u4, u3
    top, left = math.floor(u3 * rows), math.floor(u4 * columns)
    if fault == "width first":
        return top, left, w, h
    return (left, top, left + w, top + h) if fault == "corners" else (top, left, h, w)


def central(height: int, width: int, ratio: tuple, fault: str) -> tuple[int, ...]:
    whole_side = math.floor if fault in ("cut to whole", "cut to whole at last") else round
    h, w = height, width
    if fault == "usual ratio at last":
        ratio = USUAL["ratio"]
    if fault == "whole at last":
        return 0, 0, h, w
    if fault == "square at last":
        h = w = min(height, width)
    elif width > ratio[1] * height:
        w = whole_side(height * ratio[1])
    elif width < ratio[0] * height:
        h = whole_side(width / ratio[0])
    top, left = (height - h) // 2, (width - w) // 2
    if fault == "corner at last":
        return 0, 0, h, w
    if fault == "width first":
        return top, left, w, h
    return (left, top, left + w, top + h) if fault == "corners" else (top, left, h, w)
