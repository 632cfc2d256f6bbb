"""Two pictures in one: mixup and CutMix, for a whole batch on its device. Built in lesson 07.

H. Zhang et al.: mixup: Beyond Empirical Risk Minimization. ICLR 2018.
S. Yun et al.: CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features.
    ICCV 2019.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.training.config import TrainConfig


@dataclass(frozen=True)
class Target:
    """What a mixed picture shows: `share` of `labels` and 1 - share of `others`, both int64 (N,).

    `share` is the λ of the papers.
    """

    labels: torch.Tensor
    others: torch.Tensor | None = None
    share: float = 1.0

    def loss(self, logits: torch.Tensor, label_smoothing: float) -> torch.Tensor:
        """Summed cross-entropy of logits (N, K): of a mixed target it is the mixture of the two."""
        loss = F.cross_entropy(logits, self.labels, label_smoothing=label_smoothing, reduction="sum")
        if self.others is None:
            return loss
        other = F.cross_entropy(logits, self.others, label_smoothing=label_smoothing, reduction="sum")
        return self.share * loss + (1 - self.share) * other


def mix(
    images: torch.Tensor, labels: torch.Tensor, config: TrainConfig, step: int
) -> tuple[torch.Tensor, Target]:
    """The batch (N, C, H, W) of this step as `config.mixup` and `config.cutmix` want it, and its target.

    Each picture meets the one before it in the batch: the loader has shuffled them. What is drawn depends on
    the seed and the step alone, so a run that goes on after a crash draws the same.
    """
    kinds = [kind for kind in (mixup, cutmix) if getattr(config, kind.__name__) > 0]
    if not kinds or len(labels) < 2:
        return images, Target(labels)
    draws = np.random.default_rng([config.seed, 0, 0, step + 1])  # unlike any stream of the loader
    kind = kinds[draws.integers(len(kinds))]
    alpha = getattr(config, kind.__name__)
    images, share = kind(images, float(draws.beta(alpha, alpha)), draws)
    return images, Target(labels, labels.roll(1), share)


def mixup(images: torch.Tensor, share: float, draws: np.random.Generator) -> tuple[torch.Tensor, float]:
    """share · image + (1 - share) · the image before it."""
    return images.lerp(images.roll(1, dims=0), 1 - share), share


def cutmix(images: torch.Tensor, share: float, draws: np.random.Generator) -> tuple[torch.Tensor, float]:
    """A box of the image before it, pasted in; the share returned is that of the area that is left.

    The box has sides √(1 - share) of the picture's. Its centre lies anywhere, so a part may fall outside:
    the share is counted from the pixels that were really pasted.
    """
    height, width = images.shape[-2:]
    side = math.sqrt(1 - share)
    rows = _span(height, side, draws)
    columns = _span(width, side, draws)
    mixed = images.clone()
    mixed[..., rows, columns] = images.roll(1, dims=0)[..., rows, columns]
    pasted = (rows.stop - rows.start) * (columns.stop - columns.start)
    return mixed, 1 - pasted / (height * width)


def _span(length: int, side: float, draws: np.random.Generator) -> slice:
    """Where the box lies along one axis of `length` pixels, its centre drawn."""
    centre, half = int(draws.integers(length)), round(side * length) / 2
    return slice(max(0, math.floor(centre - half)), min(length, math.floor(centre + half)))
