"""Lesson 07: the stretch exercise `augment_batch`, crop and mirror of a whole batch without a loop."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torchvision.transforms import functional as transforms

from course_utils.checks.case import Case, Misconception
from course_utils.checks.data_pipeline.draws import picture, whole
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.data_pipeline import count_work

TIMES = 8  # so much larger is the second batch
A_LITTLE = 40  # steps more that a larger batch may take; a loop takes several an image


def what_was_done(raw: Mapping, few: tuple, many: tuple, size: int) -> dict:
    """The windows, and whether the work grew with the batch."""
    return {
        "windows": raw["few"],
        "windows of the larger batch": raw["many"],
        "steps of Python do not grow": bool(raw["steps for many"] - raw["steps for few"] < A_LITTLE),
        "operations of PyTorch do not grow": bool(
            raw["operations for many"] - raw["operations for few"] < TIMES
        ),
    }


def _indexed(images, tops, lefts, flips, size, fault=""):
    columns = torch.arange(size).expand(len(images), size)
    if fault == "columns of the picture reversed":
        columns = torch.where(flips[:, None], images.shape[3] - 1 - columns - 2 * lefts[:, None], columns)
    elif fault == "all mirrored":
        columns = columns.flip(1)
    elif fault != "none mirrored":
        columns = torch.where(flips[:, None] != (fault == "the others mirrored"), columns.flip(1), columns)
    rows = torch.arange(size).expand(len(images), size)
    if fault == "mirrored upside down":
        rows, columns = columns, rows
    if fault == "rows and columns exchanged":
        tops, lefts = lefts, tops
    if fault == "place of the first":
        tops, lefts = tops[:1].expand(len(images)), lefts[:1].expand(len(images))
    rows, columns = tops[:, None] + rows, lefts[:, None] + columns
    pictures = images.gather(2, rows[:, None, :, None].expand(-1, images.shape[1], -1, images.shape[3]))
    return pictures.gather(3, columns[:, None, None, :].expand(-1, images.shape[1], size, -1))


def _reference(images, tops, lefts, flips, size):
    return _indexed(images, tops, lefts, flips, size)


def _with(fault: str):
    return lambda images, tops, lefts, flips, size: _indexed(images, tops, lefts, flips, size, fault)


def _slowly(images, tops, lefts, flips, size):
    windows = []
    for image, top, left, flip in zip(images, tops.tolist(), lefts.tolist(), flips.tolist(), strict=True):
        window = transforms.crop(image, top, left, size, size)
        windows.append(window.flip(2) if flip else window)
    return torch.stack(windows)


def _cases(rng: torch.Generator) -> list[Case]:
    def batch(n, channels, height, width, size, dtype):
        images = picture(rng, n, channels, height, width).to(dtype)
        tops = torch.randint(height - size + 1, (n,), generator=rng)
        lefts = torch.randint(width - size + 1, (n,), generator=rng)
        flips = torch.rand(n, generator=rng) < 0.5
        flips[0], flips[-1] = True, False
        tops[-1], lefts[0] = height - size, width - size
        return images, tops, lefts, flips

    def case(channels, height, width, size, label, n=8, dtype=torch.uint8):
        few, many = (batch(each, channels, height, width, size, dtype) for each in (n, TIMES * n))
        return Case((few, many, size), label=label)

    side = whole(rng, 7, 9)
    return [
        case(3, side, side + 3, 5, "colour, wider than tall"),
        case(1, side + 4, side, 6, "grey, taller than wide"),
        case(2, side, side, 4, "floats", dtype=torch.float32),
        case(3, side, side + 2, 1, "windows of one pixel"),
        case(3, 6, 6 + whole(rng, 1, 3), 6, "no room above or below", n=12),
    ]


AUGMENT_BATCH = ObservedExercise(
    name="augment_batch",
    points=3,
    minutes=30,
    written="augment_batch(images, tops, lefts, flips, size)",
    oracle=_reference,
    scene=count_work,
    look=what_was_done,
    cases=_cases,
    misconceptions=(
        Misconception(
            "a loop",
            _slowly,
            "Your windows are right, but you go through the images one by one: the work grows with the batch. "
            "Write the place of every pixel as one index.",
        ),
        Misconception(
            "none mirrored",
            _with("none mirrored"),
            "Your windows are never mirrored. Where `flips` is True the columns run backwards.",
        ),
        Misconception(
            "all mirrored",
            _with("all mirrored"),
            "All your windows are mirrored. Only those where `flips` is True should be.",
        ),
        Misconception(
            "the others mirrored",
            _with("the others mirrored"),
            "You mirror the windows where `flips` is False, and leave the others.",
        ),
        Misconception(
            "mirrored upside down",
            _with("mirrored upside down"),
            "You let the rows run backwards, which turns the window upside down. The columns should.",
        ),
        Misconception(
            "the picture mirrored first",
            _with("columns of the picture reversed"),
            "You mirror the whole picture and then cut, so the window comes from the other side of the "
            "picture. Cut first, then mirror the window.",
        ),
        Misconception(
            "rows and columns exchanged",
            _with("rows and columns exchanged"),
            "You use `lefts` for the rows and `tops` for the columns.",
        ),
        Misconception(
            "one place for all",
            _with("place of the first"),
            "You cut all windows at the place of the first image. Each image has its own.",
        ),
    ),
    hints=(
        "The row numbers of all windows: `tops[:, None] + torch.arange(size)`, of shape (N, size).",
        "The column numbers: `lefts[:, None]` plus 0, 1, ..., or plus ..., 1, 0 where `flips` is True "
        "(`torch.where`).",
        "Four tables that broadcast to (N, C, size, size): image numbers (N, 1, 1, 1), channels (C, 1, 1), "
        "rows (N, 1, size, 1), columns (N, 1, 1, size).",
    ),
    see="Indexing with tables of places",
)
