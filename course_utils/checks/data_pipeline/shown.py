"""Lesson 07: what can be seen in the pictures of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from course_utils.checks.compare import as_tensor
from course_utils.checks.data_pipeline.pipelines import bring_to_side


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


def _reaches(starts: list[int], room: int) -> bool:
    """Whether some of the first rows 0 ... room lie in either half, the middle belonging to both."""
    return not starts or (min(starts) <= room / 2 <= max(starts))


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
        "rows from the whole range": _reaches([row for row, _ in places], room[0]),
        "columns from the whole range": _reaches([column for _, column in places], room[1]),
        "rows and columns drawn apart": room != [1, 1] or len(places) > 2,
        "some are mirrored": any(turned),
        "some are not": any(plain),
        "the generator decides": all(map(_equal, training, again)),
    }
