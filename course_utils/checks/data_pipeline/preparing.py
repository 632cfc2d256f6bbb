"""Lesson 07: the bug hunt `prepare`, a pipeline with one way for training and another for validation."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.compare import as_tensor
from course_utils.checks.data_pipeline.draws import whole
from course_utils.checks.data_pipeline.pipelines import (
    bring_to_side,
    centre,
    corner,
    enlarged_first,
    last_never,
    pipeline,
    published,
    random_window,
    squeezed,
    to_size,
    upside_down,
)
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.data_pipeline import show_pictures

COUNT = 28  # training pictures of one image: all of them mirrored by luck, or none, once in 2 ** 27


def _place_of(window: torch.Tensor, image: torch.Tensor) -> tuple[int, int] | None:
    """The row and column at which `window` (C, s, s) lies in `image`; None where it does not."""
    size = window.shape[1]
    if window.shape[0] != image.shape[0] or window.shape[1:] != (size, size) or size > min(image.shape[1:]):
        return None
    windows = image.unfold(1, size, 1).unfold(2, size, 1)  # (C, rows, columns, s, s)
    distance = (windows - window[:, None, None]).abs().amax(dim=(0, 3, 4))
    place = (distance < 1e-4).nonzero()
    return tuple(place[0].tolist()) if len(place) else None


def _tensors(pictures: list) -> list[torch.Tensor]:
    found = [as_tensor(each) for each in pictures]
    if any(each is None or each.ndim != 3 for each in found):
        raise ValueError("prepare must return a tensor (C, size, size) for every picture")
    return [each.float() for each in found]


def _equal(left: torch.Tensor, right: torch.Tensor) -> bool:
    return left.shape == right.shape and torch.equal(left, right)


def what_was_shown(raw: Mapping, image: torch.Tensor, size: int, seed: int, count: int) -> dict:
    """What can be seen in the pictures, by name."""
    validation, training, again = (_tensors(raw[name]) for name in ("validation", "training", "again"))
    resized = bring_to_side(image, size)
    plain = [_place_of(each, resized) for each in training]
    turned = [
        place is None and _place_of(each.flip(2), resized)
        for place, each in zip(plain, training, strict=True)
    ]
    places = {place for place in (*plain, *turned) if place}
    room = [length - size for length in resized.shape[1:]]
    return {
        "a validation picture": validation[0],
        "validation pictures hold still": all(_equal(each, validation[0]) for each in validation),
        "training pictures are windows": all(a or b for a, b in zip(plain, turned, strict=True)),
        "their rows differ": len({row for row, _ in places}) > 1 or not room[0],
        "their columns differ": len({column for _, column in places}) > 1 or not room[1],
        "some are mirrored": any(turned),
        "some are not": any(plain),
        "the generator decides": all(map(_equal, training, again)),
    }


def _cases(rng: torch.Generator) -> list[Case]:
    def case(size, height, width, label, channels=3):
        image = torch.rand(channels, height, width, generator=rng)
        return Case((image, size, whole(rng, 1, 10_000), COUNT), label=label)

    square = whole(rng, 17, 23)
    return [
        case(14, whole(rng, 40, 48), whole(rng, 60, 70), "a wide photograph"),
        case(14, whole(rng, 70, 80), whole(rng, 44, 50), "a tall one"),
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
