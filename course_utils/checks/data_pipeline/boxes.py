"""Lesson 07: the exercise `random_resized_crop_box`."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.data_pipeline.crops import USUAL, box
from course_utils.checks.data_pipeline.draws import uniform, whole
from course_utils.checks.functions import FunctionExercise


def _with(fault: str):
    def answer(height, width, draws, scale=USUAL["scale"], ratio=USUAL["ratio"]):
        return box(height, width, draws, scale, ratio, fault=fault)

    return answer


def _reference(height, width, draws, scale=USUAL["scale"], ratio=USUAL["ratio"]):
    return box(height, width, draws, scale, ratio)


def _cases(rng: torch.Generator) -> list[Case]:
    def draw(low=0.0, high=0.5):
        return uniform(rng, low, high), uniform(rng), uniform(rng), uniform(rng)

    tall, wide = (whole(rng, 300, 390), whole(rng, 400, 490)), (whole(rng, 300, 390), whole(rng, 500, 590))
    side, small = whole(rng, 201, 301), whole(rng, 20, 60)
    # 4 / 3 of 3 k + 2 is a third short of a whole number; what is left of 4 m + 2 is then odd, as is its half
    # without the fraction: whoever cuts where `round` is asked for, or rounds where `//` is, differs.
    thin, long = 3 * whole(rng, 13, 19) + 2, 4 * whole(rng, 60, 74) + 2
    last = 1 - 1e-9
    return [
        Case((*tall, [draw()]), label="a box that fits at once"),
        Case((*tall[::-1], [draw()]), label="a photograph taller than wide"),
        Case((*wide, [draw(0.05, 0.2), draw()]), label="several trials, the first of them fits"),
        Case((*wide, [(0.1, uniform(rng, 0, 0.1), 0.0, last)]), label="a tall box, first row, last column"),
        Case((*wide, [(0.1, uniform(rng, 0.9, 1), last, 0.0)]), label="a wide box, last row, first column"),
        Case((side, side + 40, [(last, last, 0.3, 0.6), (last, 0.01, 0.9, 0.1), draw(0, 0.3)]),
             label="only the third trial fits"),
        Case((thin, long, [draw(0.9, 1), draw(0.9, 1)]), label="a wide strip, no trial fits"),
        Case((long, thin, [draw(0.9, 1), draw(0.9, 1)]), label="a tall strip, no trial fits"),
        Case((side, side + 7, [(0.99, last, 0.5, 0.5), (0.99, 0.0, 0.5, 0.5)]),
             label="nearly square, no trial fits: the whole photograph"),
        Case((*tall, [draw()], (0.25, 0.36), (0.5, uniform(rng, 2, 3))), label="another scale and ratio"),
        Case((thin, long, [draw(0.9, 1)], (0.08, 1.0), (0.5, uniform(rng, 1.7, 1.9))),
             label="a strip and another ratio, no trial fits"),
        Case((small, 2 * small, [(0.0, 0.0, uniform(rng), uniform(rng))], (0.5, 1.0), (1.0, 2.0)),
             label="a box exactly as tall as the photograph"),
        Case((2 * small, small, [(0.0, last, uniform(rng), uniform(rng))], (0.5, 1.0), (0.5, 1.0)),
             label="a box exactly as wide as the photograph"),
        Case((11, 9, [(0.0, *draw()[1:]), draw(0.4, 0.5)], (0.0005, 0.8)),
             label="a first trial so small that it rounds to nothing"),
    ]  # fmt: skip


RANDOM_RESIZED_CROP_BOX = FunctionExercise(
    name="random_resized_crop_box",
    points=3,
    minutes=20,
    by_hand=("RandomResizedCrop", "get_params"),
    oracle=_reference,
    cases=_cases,
    misconceptions=(
        Misconception(
            "ratio drawn evenly",
            _with("even ratio"),
            "You draw the aspect ratio itself evenly, so wide boxes come more often than tall ones. Draw its "
            "logarithm evenly, then take `exp`.",
        ),
        Misconception(
            "ratio upside down",
            _with("ratio turned"),
            "Your boxes are tall where they should be wide: r is width over height, so w = sqrt(area * r) and "
            "h = sqrt(area / r).",
            see="Cutting: proportions",
        ),
        Misconception(
            "share of the side, not of the area",
            _with("share of a side"),
            "You take the share from the sides. It is a share of the *area*; a side shrinks by its square "
            "root only.",
            see="Cutting: proportions",
        ),
        Misconception(
            "cut off at the border",
            _with("cut at the border"),
            "Where a box is too large you cut it off, which changes its proportions. Go on to the next trial.",
        ),
        Misconception(
            "the last place never chosen",
            _with("last place never"),
            "The box can start at H - h + 1 rows, from 0 to H - h, both included; yours never starts at the "
            "last one. Columns likewise.",
        ),
        Misconception(
            "box over the border",
            _with("over the border"),
            "Your box may stick out of the photograph: choose its first row among those where it fits, "
            "H - h + 1 of them, and its first column likewise.",
        ),
        Misconception(
            "u3 and u4 exchanged",
            _with("places exchanged"),
            "You choose the row by u4 and the column by u3: it is the other way round.",
        ),
        Misconception(
            "width before height",
            _with("width first"),
            "Your last two numbers have changed places: the order is (top, left, h, w).",
        ),
        Misconception(
            "corners in place of sizes",
            _with("corners"),
            "You return (left, top, right, bottom), as Pillow has it. Here it is (top, left, h, w).",
        ),
        Misconception(
            "fractions cut off",
            _with("cut to whole"),
            "You cut the fractions off, which makes boxes a little too small on average: use `round` for both "
            "sides.",
        ),
        Misconception(
            "must be smaller",
            _with("must be smaller"),
            "You refuse a box that is exactly as tall or as wide as the photograph. It fits: h <= H, w <= W.",
        ),
        Misconception(
            "empty box",
            _with("empty box"),
            "You take a box without a single row or column. Both sides must be at least 1: go on to the next "
            "trial.",
        ),
        Misconception(
            "usual ratio at last",
            _with("usual ratio at last"),
            "When nothing fits your box keeps to 3/4 and 4/3, whatever `ratio` was given.",
        ),
        Misconception(
            "fractions cut off at last",
            _with("cut to whole at last"),
            "When nothing fits you cut the fraction of the shrunk side off. Use `round`, as for the trials.",
        ),
        Misconception(
            "only one trial",
            _with("one trial"),
            "You give up after the first trial that does not fit. Try all of `draws` in turn first.",
        ),
        Misconception(
            "whole photograph at last",
            _with("whole at last"),
            "When nothing fits you return the whole photograph, whatever its proportions. Take the largest "
            "box whose aspect ratio is in the range.",
        ),
        Misconception(
            "square at last",
            _with("square at last"),
            "When nothing fits you return a square. A box as wide (or as tall) as `ratio` allows is larger.",
        ),
        Misconception(
            "corner at last",
            _with("corner at last"),
            "When nothing fits your box lies in the corner. It should lie in the middle.",
        ),
    ),
    hints=(
        "For each trial: the area s * H * W, then r = exp(of a number evenly between two logarithms), then h and w.",
        "A box of h rows can start at H - h + 1 places: `int(u3 * (H - h + 1))` chooses one.",
        "At last: clamp W / H to the range; at most one of the two sides then has to shrink.",
    ),
    see="As often wide as tall",
)  # fmt: skip
