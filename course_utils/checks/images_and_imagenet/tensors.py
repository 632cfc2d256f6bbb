"""Exercise of lesson 01: from the bytes of a BGR photograph to a tensor."""

from __future__ import annotations

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _to_chw_float(image: torch.Tensor) -> torch.Tensor:
    """Channel by channel, so that it shares nothing with `permute` and `flip`."""
    blue, green, red = (image[:, :, channel].double() for channel in range(3))
    return torch.stack([red, green, blue]) / 255.0


def _cases(rng: torch.Generator) -> list[Case]:
    def photograph(height, width, brightest, label):
        bytes_ = torch.randint(0, brightest + 1, (height, width, 3), generator=rng, dtype=torch.uint8)
        bytes_[0, 0] = torch.tensor([0, brightest // 2, brightest], dtype=torch.uint8)
        return Case((bytes_,), label=label)

    return [
        photograph(4, 6, 255, "a wide picture"),
        photograph(5, 2, 255, "a tall picture"),
        photograph(3, 3, 255, "as many rows and columns as channels"),
        photograph(4, 5, 90, "a dark picture: no byte is 255"),
        photograph(1, 7, 200, "a single row"),
        photograph(33, 21, 254, "a larger picture"),
    ]


def _rgb(image: torch.Tensor) -> torch.Tensor:
    return image.flip(2).permute(2, 0, 1).float()


_ORDER = "Your channels are still blue, green, red: turn the order of the channel axis round."
_RESHAPE = (
    "`reshape` gives the right shape and tears the picture: it cuts the row of numbers into other pieces. "
    "Move the channel axis to the front with `permute(2, 0, 1)`."
)
_RANGE = "Your numbers run from 0 to 255. Divide by 255, so that full brightness is 1."

to_chw_float = FunctionExercise(
    name="to_chw_float",
    points=2,
    minutes=8,
    by_hand=("to_tensor", "ToTensor", "pil_to_tensor", "to_image"),
    oracle=_to_chw_float,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception("not divided", _rgb, _RANGE),
        Misconception("BGR kept", lambda image: image.permute(2, 0, 1) / 255, _ORDER),
        Misconception(
            "BGR kept and not divided",
            lambda image: image.permute(2, 0, 1).float(),
            f"{_ORDER} And {_RANGE[0].lower()}{_RANGE[1:]}",
        ),
        Misconception(
            "reshape for permute", lambda image: image.flip(2).reshape(3, *image.shape[:2]) / 255, _RESHAPE
        ),
        Misconception(
            "reshape for permute, BGR kept",
            lambda image: image.reshape(3, *image.shape[:2]) / 255,
            f"{_RESHAPE} And the channels are still blue, green, red.",
        ),
        Misconception(
            "reshape for permute, turned round afterwards",
            lambda image: image.reshape(3, *image.shape[:2]).flip(0) / 255,
            _RESHAPE,
        ),
        Misconception(
            "divided by 256",
            lambda image: _rgb(image) / 256,
            "You divided by 256. The largest byte is 255: divide by that, so that white is exactly 1.",
        ),
        Misconception(
            "whole-number division",
            lambda image: _rgb(image) // 255,
            "`//` cuts the fractions off, and only white survives. Make floats of the bytes, then divide with `/`.",
        ),
        Misconception(
            "divided by its own maximum",
            lambda image: _rgb(image) / _rgb(image).max(),
            "You divided by the largest byte of this picture, so a dark picture becomes bright. "
            "The scale is the same for all pictures: 255.",
        ),
        Misconception(
            "from -1 to 1",
            lambda image: _rgb(image) / 127.5 - 1,
            "Your numbers run from -1 to 1. That scale exists too; here black is 0 and full brightness 1.",
        ),
        Misconception(
            "rows and columns swapped",
            lambda image: image.flip(2).permute(2, 1, 0) / 255,
            "Your picture lies on its side: rows and columns have changed places. Only the channel axis moves, "
            "height still comes before width.",
        ),
        Misconception(
            "upside down",
            lambda image: image.flip(0).permute(2, 0, 1) / 255,
            "You turned the rows round, so the picture is upside down, and its channels are still blue, green, "
            "red. In (H, W, 3) the channels are the last axis.",
        ),
        Misconception(
            "mirrored",
            lambda image: image.flip(1).permute(2, 0, 1) / 255,
            "You turned the columns round, so the picture is mirrored, and its channels are still blue, green, "
            "red. In (H, W, 3) the channels are the last axis.",
        ),
        Misconception(
            "channels last",
            lambda image: image.flip(2) / 255,
            "Your shape is still (H, W, 3). PyTorch wants the channels first: `permute(2, 0, 1)`.",
        ),
    ),
    hints=(
        "Three things have to be done: the order of the channels, the place of their axis, the range.",
        "`flip` turns an axis round, `permute` gives the axes a new order, and a division gives floats.",
    ),
    see="Tensors, and where the channels go",
)
