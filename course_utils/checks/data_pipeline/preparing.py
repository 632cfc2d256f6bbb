"""Lesson 07: the bug hunt `prepare`, a pipeline with one way for training and another for validation."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.data_pipeline.draws import whole
from course_utils.checks.data_pipeline.pipelines import (
    bring_to_side,
    centre,
    corner,
    enlarged_first,
    last_never,
    one_number,
    one_range,
    pipeline,
    published,
    random_window,
    squeezed,
    to_size,
    upside_down,
)
from course_utils.checks.data_pipeline.shown import what_was_shown
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.data_pipeline import show_pictures

COUNT = 28  # training pictures of one image: all of them mirrored by luck, or none, once in 2 ** 27


def _cases(rng: torch.Generator) -> list[Case]:
    def case(size, height, width, label, channels=3):
        image = torch.rand(channels, height, width, generator=rng)
        return Case((image, size, whole(rng, 1, 10_000), COUNT), label=label)

    square = whole(rng, 17, 23)
    return [
        case(18, whole(rng, 40, 48), whole(rng, 60, 70), "a wide photograph"),
        case(15, whole(rng, 70, 80), whole(rng, 44, 50), "a tall one"),
        case(7, square, square, "a small square, with two places along each side"),
        case(21, 13, whole(rng, 18, 22), "a grey photograph smaller than asked for", channels=1),
        case(14, 16, whole(rng, 30, 36), "one whose shorter side fits already"),
    ]


PREPARE = ObservedExercise(
    name="prepare",
    points=3,
    minutes=20,
    by_hand=("RandomCrop", "CenterCrop", "RandomHorizontalFlip"),
    written="prepare(image, size, training, generator)",
    oracle=pipeline(),
    scene=show_pictures,
    look=what_was_shown,
    cases=_cases,
    rtol=1e-3,
    atol=1e-4,
    misconceptions=(
        Misconception(
            "as published",
            published,
            "That is the published pipeline: it enlarges, squeezes, turns and mirrors every picture, those for "
            "validation too.",
        ),
        Misconception(
            "validation augmented",
            pipeline(for_validation=random_window),
            "Your validation pictures are augmented like the training pictures, and change from look to look. "
            "For `training=False` take the centre window, without drawing anything.",
            see="A ruler that moves",
        ),
        Misconception(
            "nothing augmented",
            pipeline(for_training=lambda image, size, generator: centre(image, size)),
            "Your training pictures are always the centre window. In training the window lies anywhere, and "
            "is mirrored half of the time.",
        ),
        Misconception(
            "training and validation exchanged",
            pipeline(
                for_training=lambda image, size, generator: centre(image, size), for_validation=random_window
            ),
            "You augment the validation pictures and leave the training pictures alone: it is the other way "
            "round.",
        ),
        Misconception(
            "never mirrored",
            pipeline(for_training=lambda image, size, generator: random_window(image, size, generator, 0.0)),
            "Your training windows are never mirrored. Half of the time they should be.",
        ),
        Misconception(
            "always mirrored",
            pipeline(for_training=lambda image, size, generator: random_window(image, size, generator, 1.1)),
            "Your training windows are always mirrored, which is another fixed picture. Half of the time only.",
        ),
        Misconception(
            "mirrored upside down",
            pipeline(for_training=upside_down),
            "You mirror top to bottom. Left and right change places: `flip(2)` of (C, H, W).",
        ),
        Misconception(
            "high resolution first",
            pipeline(first=enlarged_first),
            "You enlarge the picture before you shrink it. That adds no detail and costs time, and the "
            "numbers come out slightly different.",
            see="Enlarging adds no detail",
        ),
        Misconception(
            "squeezed to a square",
            pipeline(first=squeezed),
            "You bring both sides to one length, which squeezes what is in the picture. Bring the *shorter* "
            "side to it, and keep the proportions.",
            see="Cutting: proportions",
        ),
        Misconception(
            "squeezed to the size itself",
            pipeline(first=to_size),
            "You resize straight to `size` by `size`: the picture is squeezed, and no room is left for the "
            "window to move.",
            see="Cutting: proportions",
        ),
        Misconception(
            "not resized",
            pipeline(
                first=lambda image, size: (
                    image if min(image.shape[1:]) >= size else bring_to_side(image, size)
                )
            ),
            "You cut the window from the picture at its own size, so it shows a small piece of a large "
            "photograph. Resize the shorter side first.",
        ),
        Misconception(
            "not averaged",
            pipeline(first=lambda image, size: bring_to_side(image, size, antialias=False)),
            "You shrink without averaging, which invents patterns: pass `antialias=True`, or use "
            "`shorter_side_to`.",
            see="Shrinking: fine patterns come back as coarse ones",
        ),
        Misconception(
            "the last place never chosen",
            pipeline(for_training=last_never),
            "Your windows never start at the last possible place. `torch.randint(high)` draws below `high`, "
            "and there are h - size + 1 first rows.",
        ),
        Misconception(
            "one number for row and column",
            pipeline(for_training=one_number),
            "Your windows lie along the diagonal only: row and column come from the same random number. Draw "
            "two.",
        ),
        Misconception(
            "one range for row and column",
            pipeline(for_training=one_range),
            "You draw row and column from the same range, that of the shorter side. The longer side has more "
            "places: h - size + 1 rows, w - size + 1 columns.",
        ),
        Misconception(
            "side cut to whole",
            pipeline(first=lambda image, size: bring_to_side(image, size, whole=int)),
            "You cut the fraction of size * 8 / 7 off. Use `round`.",
        ),
        Misconception(
            "always the same window",
            pipeline(for_training=corner),
            "Your training window always lies in the same place. Draw its first row and its first column.",
        ),
        Misconception(
            "random numbers of its own",
            pipeline(for_training=lambda image, size, generator: random_window(image, size, None)),
            "You draw from PyTorch's global random numbers. Hand the generator on: "
            "`torch.randint(high, (), generator=generator)`.",
        ),
    ),
    hints=(
        "The first line is the same for both: `shorter_side_to(image, round(size * 8 / 7))`.",
        "A window can start at h - size + 1 rows: `int(torch.randint(h - size + 1, (), generator=generator))`.",
        "`if not training:` return the centre window before anything is drawn.",
    ),
    see="What belongs where",
)
