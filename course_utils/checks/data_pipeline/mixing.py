"""Lesson 07: the exercise `cutmix`."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from course_utils.checks.case import Case, Misconception
from course_utils.checks.data_pipeline.draws import uniform, whole
from course_utils.checks.functions import FunctionExercise


def _half(length: int, lam: float, fault: str) -> int:
    return int(length * ((1 - lam) if fault == "sides by area" else math.sqrt(1 - lam))) // 2


def _inside(size: tuple[int, int], lam: float, centre: tuple[int, int], fault: str) -> torch.Tensor:
    """bool (H, W): the box, found pixel by pixel."""
    halves = [_half(length, lam, fault) for length in size]
    if fault == "square box":
        halves = [min(halves)] * 2
    if fault == "centre turned":
        centre = centre[::-1]
    if fault == "corner for centre":
        centre = [middle + half for middle, half in zip(centre, halves, strict=True)]
    if fault == "pushed inside":
        centre = [min(max(c, h), length - h) for c, h, length in zip(centre, halves, size, strict=True)]
    along = [
        (torch.arange(length) >= middle - half) & (torch.arange(length) < middle + half)
        for length, middle, half in zip(size, centre, halves, strict=True)
    ]
    return along[0][:, None] & along[1][None, :]


def _cutmix(images, labels, partners, lam, centre, num_classes, fault=""):
    size = tuple(images.shape[2:])
    inside = _inside(size, lam, centre, fault)
    pasted = inside.double().mean().item()
    other = images[partners]
    if fault == "blended":
        other = lam * images + (1 - lam) * other
    if fault == "erased":
        other = torch.zeros_like(images)
    mixed = (
        torch.where(inside, images, other) if fault == "inside out" else torch.where(inside, other, images)
    )
    if fault == "partners already mixed":
        mixed = images.clone()
        for place, partner in enumerate(partners.tolist()):
            mixed[place] = torch.where(inside, mixed[partner], mixed[place])
    if fault == "area outside counted":
        pasted = 4 * math.prod(_half(length, lam, fault) / length for length in size)
    return mixed, _targets(labels, partners, 1 - pasted, lam, num_classes, fault)


def _targets(labels, partners, kept, lam, num_classes, fault):
    own, others = (F.one_hot(each, num_classes).float() for each in (labels, labels[partners]))
    if fault == "planned share":
        kept = lam
    if fault == "shares exchanged":
        kept = 1 - kept
    if fault == "labels not mixed":
        kept = 1.0
    if fault == "larger share wins":
        kept = float(kept >= 0.5)
    if fault == "half and half":
        kept = 0.5
    return kept * own + (1 - kept) * others


def _with(fault: str):
    def answer(images, labels, partners, lam, centre, num_classes):
        return _cutmix(images, labels, partners, lam, centre, num_classes, fault)

    return answer


def _cases(rng: torch.Generator) -> list[Case]:
    def case(label, size, lam, centre, n=4):
        images = torch.rand(n, whole(rng, 1, 3), *size, generator=rng)
        k = whole(rng, 4, 6)
        labels = torch.randperm(k, generator=rng)[:n]  # partners have other labels
        step = whole(rng, 1, n - 1) if n > 1 else 0
        return Case((images, labels, (torch.arange(n) + step) % n, lam, centre, k), label=label)

    return [
        case("the box lies inside", (12, 18), uniform(rng, 0.72, 0.8), (6, 9)),
        case("the box hangs over the upper left corner", (14, 10), uniform(rng, 0.3, 0.5), (0, whole(rng, 0, 1))),
        case("the box hangs over the lower right corner", (11, 15), uniform(rng, 0.3, 0.5), (9, 14)),
        case("hardly anything is kept", (9, 16), uniform(rng, 0.02, 0.06), (whole(rng, 2, 3), 10)),
        case("lam = 1: nothing is pasted", (8, 8), 1.0, (3, 5)),
        case("a wide picture", (8, 30), uniform(rng, 0.4, 0.6), (4, whole(rng, 20, 27)), n=3),
    ]  # fmt: skip


CUTMIX = FunctionExercise(
    name="cutmix",
    points=3,
    minutes=20,
    by_hand=("cutmix", "CutMix", "mix"),
    oracle=lambda images, labels, partners, lam, centre, num_classes: _cutmix(
        images, labels, partners, lam, centre, num_classes
    ),
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "planned share of the area",
            _with("planned share"),
            "Your pictures are right; your targets use the planned lam. Part of the box fell outside, or was "
            "rounded away: count the share again from the pixels that were really pasted.",
        ),
        Misconception(
            "area outside counted",
            _with("area outside counted"),
            "You count the whole box, the part outside the picture too. Cut it off at the border first, then "
            "count rows times columns.",
        ),
        Misconception(
            "partners already mixed",
            _with("partners already mixed"),
            "You paste from pictures that you have mixed already, so a third picture gets in. Take the "
            "partner's pixels from the images as they came.",
        ),
        Misconception(
            "labels not mixed",
            _with("labels not mixed"),
            "You mix the pictures and leave the labels as they were: a picture that is half dog is still "
            "called all cat. Mix the one-hot labels by area.",
        ),
        Misconception(
            "shares exchanged",
            _with("shares exchanged"),
            "You give the share of the pasted box to the image's own label. Its own label gets what was "
            "*kept*, the partner's label what was pasted.",
        ),
        Misconception(
            "the larger share takes all",
            _with("larger share wins"),
            "You keep only the label with the larger share. The target holds both, each with its share.",
        ),
        Misconception(
            "half and half",
            _with("half and half"),
            "You give both labels one half, whatever was pasted. Use the shares of the area.",
        ),
        Misconception(
            "sides shrunk by the area",
            _with("sides by area"),
            "You shrink both sides by 1 - lam, so the area shrinks by its square. For an area of 1 - lam the "
            "sides shrink by its square root.",
        ),
        Misconception(
            "square box",
            _with("square box"),
            "Your box is a square on pictures that are not. Height and width of the box each come from the "
            "picture's own.",
        ),
        Misconception(
            "row and column exchanged",
            _with("centre turned"),
            "You read `centre` as (column, row). It is (row, column).",
        ),
        Misconception(
            "centre taken for a corner",
            _with("corner for centre"),
            "You take `centre` for the upper left corner of the box: it lies in the middle, half a box on "
            "each side.",
        ),
        Misconception(
            "box pushed inside",
            _with("pushed inside"),
            "You push the box into the picture. What lies outside is cut off instead: the box becomes "
            "smaller, and lam is counted again.",
        ),
        Misconception(
            "blended in the box",
            _with("blended"),
            "You blend the two pictures inside the box. CutMix pastes: inside, only the partner's pixels.",
        ),
        Misconception(
            "box erased",
            _with("erased"),
            "You set the box to zero, which is Cutout. CutMix fills it with the partner's pixels.",
        ),
        Misconception(
            "inside out",
            _with("inside out"),
            "You paste the partner everywhere but in the box. The box is what comes from the partner.",
        ),
    ),
    hints=(
        "Half sides first, then top, bottom, left and right, each cut off at the border by `max` and `min`.",
        "`images[partners]` are the partners, (N, C, H, W); paste into `images.clone()`.",
        "`kept = 1 - (bottom - top) * (right - left) / (H * W)`, and the targets are "
        "`kept * hot + (1 - kept) * hot[partners]`.",
    ),
    see="Two images in one",
)  # fmt: skip
