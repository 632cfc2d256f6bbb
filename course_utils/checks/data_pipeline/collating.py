"""Lesson 07: the exercise `collate_padded`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.data_pipeline.draws import picture, whole
from course_utils.checks.functions import FunctionExercise


def _size(samples: Sequence) -> tuple[int, int]:
    return tuple(max(image.shape[axis] for image, _ in samples) for axis in (1, 2))


def _labels(samples: Sequence) -> torch.Tensor:
    return torch.tensor([label for _, label in samples], dtype=torch.int64)


def _placed(samples: Sequence, size: tuple[int, int], before=lambda spare: 0) -> tuple:
    """Padded to `size`, `before(spare)` of the spare rows and columns above and left; negative crops."""

    def pad(image):
        spare = size[0] - image.shape[1], size[1] - image.shape[2]
        top, left = before(spare[0]), before(spare[1])
        return F.pad(image, (left, spare[1] - left, top, spare[0] - top))

    images = torch.stack([pad(image) for image, _ in samples])
    mask = torch.stack([pad(torch.ones_like(image[:1]))[0].bool() for image, _ in samples])
    return images, _labels(samples), mask


def _reference(samples):
    return _placed(samples, _size(samples))


def _stretched(samples):
    size = _size(samples)
    images = torch.stack(
        [F.interpolate(image[None].float(), size=size)[0].to(torch.uint8) for image, _ in samples]
    )
    return images, _labels(samples), torch.ones(len(samples), *size, dtype=torch.bool)


def _smallest(samples):
    return _placed(samples, tuple(min(image.shape[axis] for image, _ in samples) for axis in (1, 2)))


def _changed(change):
    return lambda samples: change(*_reference(samples))


def _cases(rng: torch.Generator) -> list[Case]:
    def samples(channels, *sizes):
        return [(picture(rng, channels, h, w), whole(rng, 0, 9)) for h, w in sizes]

    tall, wide = whole(rng, 6, 8), whole(rng, 9, 11)
    return [
        Case((samples(3, (4, 7), (6, 5)),), label="one taller, one wider"),
        Case((samples(1, (tall, 3), (2, wide), (4, 4)),), label="three grey pictures"),
        Case((samples(3, (3, 4), (5, 9), (2, 6), (5, 3)),), label="the first one is not the largest"),
        Case((samples(2, (4, 6), (4, 6)),), label="all of one size"),
        Case((samples(3, (5, 3)),), label="a single picture"),
        Case(([(torch.zeros(1, 2, 4, dtype=torch.uint8), 3), *samples(1, (3, 2))],), label="a black picture"),
    ]


COLLATE_PADDED = FunctionExercise(
    name="collate_padded",
    points=2,
    minutes=15,
    by_hand=("pad_sequence",),
    oracle=_reference,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "black pixels taken for padding",
            _changed(lambda images, labels, mask: (images, labels, (images != 0).any(dim=1))),
            "Your mask looks for pixels that are not zero, and takes black pixels of the picture for padding. "
            "Build it from the sizes.",
        ),
        Misconception(
            "mask turned round",
            _changed(lambda images, labels, mask: (images, labels, ~mask)),
            "Your mask is True on the padding. It should be True where there is picture.",
        ),
        Misconception(
            "mask for each channel",
            _changed(lambda images, labels, mask: (
                images, labels, mask[:, None].expand(-1, images.shape[1], -1, -1).clone())),
            "Your mask has a channel axis. All channels of a picture end at the same place: (N, H, W).",
        ),
        Misconception(
            "cut to the smallest",
            _smallest,
            "You cut all pictures to the smallest height and width, and lose what lies outside. Pad to the "
            "largest.",
        ),
        Misconception(
            "stretched to the largest",
            _stretched,
            "You stretch the pictures to one size, which changes their proportions. Leave the pixels as they "
            "are and pad with zeros.",
        ),
        Misconception(
            "padded to a square",
            lambda samples: _placed(samples, (max(_size(samples)),) * 2),
            "You pad to a square. Height and width are separate: the largest height, and the largest width.",
        ),
        Misconception(
            "size of the first picture",
            lambda samples: _placed(samples, tuple(samples[0][0].shape[1:])),
            "You take the size of the first picture for all. The largest height and the largest width of the "
            "batch decide.",
        ),
        Misconception(
            "padded above and left",
            lambda samples: _placed(samples, _size(samples), lambda spare: spare),
            "Your pictures sit in the lower right corner. Pad below and to the right, so that pixel (0, 0) "
            "stays where it was.",
        ),
        Misconception(
            "centred",
            lambda samples: _placed(samples, _size(samples), lambda spare: spare // 2),
            "You centre the pictures. Pad below and to the right only, so that pixel (0, 0) stays where it was.",
        ),
        Misconception(
            "floats",
            _changed(lambda images, labels, mask: (images.float(), labels, mask)),
            "Your images have become floats, four times as large. They should stay uint8 until the batch is "
            "on its way to the network.",
        ),
        Misconception(
            "no mask",
            _changed(lambda images, labels, mask: (images, labels)),
            "You return two things. The third is the mask: without it nobody can tell padding from black.",
        ),
    ),
    hints=(
        "The largest height and the largest width may come from two different pictures.",
        "Start from `torch.zeros(N, C, H, W, dtype=torch.uint8)` and copy each picture into its upper left corner.",
        "Start the mask from zeros of dtype bool, and set `mask[n, :h, :w] = True`.",
    ),
    see="Mixed sizes in one batch",
)  # fmt: skip
