"""Lesson 07: pipelines for `prepare`, the right one and wrong ones, put together from parts."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torchvision.transforms import functional as transforms


def bring_to_side(image: torch.Tensor, size: int, antialias: bool = True, whole=round) -> torch.Tensor:
    side = whole(size * 8 / 7)
    lengths = [max(side, round(length * side / min(image.shape[1:]))) for length in image.shape[1:]]
    return transforms.resize(image, lengths, antialias=antialias)


def random_window(image, size, generator, mirrored=0.5):
    top, left = (int(torch.randint(length - size + 1, (), generator=generator)) for length in image.shape[1:])
    window = transforms.crop(image, top, left, size, size)
    return transforms.hflip(window) if float(torch.rand((), generator=generator)) < mirrored else window


def centre(image, size):
    top, left = ((length - size) // 2 for length in image.shape[1:])
    return transforms.crop(image, top, left, size, size)


def pipeline(
    for_training=random_window,
    for_validation=lambda image, size, generator: centre(image, size),
    first=bring_to_side,
):
    def answer(image, size, training, generator):
        image = first(image, size)
        return for_training(image, size, generator) if training else for_validation(image, size, generator)

    return answer


def published(image, size, training, generator):
    large = F.interpolate(image[None], scale_factor=4, mode="bicubic")
    square = F.interpolate(large, size=(size, size), mode="bilinear")[0]
    square = square.rot90(int(torch.randint(4, (), generator=generator)), (1, 2))
    return square.flip(2) if torch.rand((), generator=generator) < 0.5 else square


def enlarged_first(image, size):
    return bring_to_side(F.interpolate(image[None], scale_factor=4, mode="bicubic")[0], size)


def squeezed(image, size):
    return transforms.resize(image, [round(size * 8 / 7)] * 2, antialias=True)


def to_size(image, size):
    return transforms.resize(image, [size, size], antialias=True)


def one_number(image, size, generator):
    """Row and column from a single random number: windows along the diagonal alone."""
    u = float(torch.rand((), generator=generator))
    top, left = (int(u * (length - size + 1)) for length in image.shape[1:])
    window = transforms.crop(image, top, left, size, size)
    return window.flip(2) if torch.rand((), generator=generator) < 0.5 else window


def one_range(image, size, generator):
    """Row and column both from the shorter side's range."""
    most = min(image.shape[1:]) - size + 1
    top, left = (int(torch.randint(most, (), generator=generator)) for _ in range(2))
    window = transforms.crop(image, top, left, size, size)
    return window.flip(2) if torch.rand((), generator=generator) < 0.5 else window


def corner(image, size, generator):
    window = transforms.crop(image, 0, 0, size, size)
    return window.flip(2) if torch.rand((), generator=generator) < 0.5 else window


def last_never(image, size, generator):
    top, left = (
        int(torch.randint(max(1, length - size), (), generator=generator)) for length in image.shape[1:]
    )
    window = transforms.crop(image, top, left, size, size)
    return window.flip(2) if torch.rand((), generator=generator) < 0.5 else window


def upside_down(image, size, generator):
    window = random_window(image, size, generator, mirrored=0.0)
    return window.flip(1) if torch.rand((), generator=generator) < 0.5 else window
