"""Small models, batches and loaders in which the answers of lesson 06 are tried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

IMAGE = (1, 6, 6)
NUM_CLASSES = 4


def plain_model() -> nn.Module:
    """A linear classifier of (N, 1, 6, 6) images."""
    return nn.Sequential(nn.Flatten(), nn.Linear(36, NUM_CLASSES))


def moody_model() -> nn.Module:
    """A CNN whose batch norm and dropout behave differently in training and in evaluation."""
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, bias=False),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(48, NUM_CLASSES),
    )


MODELS = {"plain": plain_model, "moody": moody_model}
OPTIMIZERS = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.3),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.05),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
}


def build(kind: str, seed: int) -> nn.Module:
    """A float64 model with weights from `seed`; batch norm has seen data, so that the modes differ.

    In float64 no honest answer is refused for its rounding, which Adam magnifies where a gradient is tiny.
    """
    torch.manual_seed(seed)
    model = MODELS[kind]().double()
    if kind == "moody":
        model.train()
        with torch.no_grad():
            for _ in range(3):
                model(2 * torch.randn(16, *IMAGE, dtype=torch.float64) + 1)
    return model


def batches(sizes: tuple[int, ...], seed: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """One (images, labels) pair for each size. The last batch is the odd one: its images are stronger."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for position, size in enumerate(sizes):
        odd = position == len(sizes) - 1
        images = torch.randn(size, *IMAGE, generator=generator, dtype=torch.float64) * (2.5 if odd else 1.0)
        labels = torch.randint(0, NUM_CLASSES, (size,), generator=generator)
        labels[0] = 0
        made.append((images, labels))
    return made


def counting_loader(given: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[Iterable, Callable[[], int]]:
    """A loader, and a function that says how often it was read from the start.

    The count and the batches are no attributes of the loader: an answer that sets one back must dig for it.
    """
    reads = 0

    class Loader:
        def __len__(self) -> int:
            return len(given)

        def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            nonlocal reads
            reads += 1
            return iter([(images.clone(), labels.clone()) for images, labels in given])

    return Loader(), lambda: reads


def flat_weights(model: nn.Module) -> torch.Tensor:
    """All parameters of a model in one float tensor."""
    return torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()])


def state_of(model: nn.Module, seed: int) -> dict:
    """Weights, buffers and mode of a model, and what it makes of a probe in this mode (see `probed`)."""
    return {
        "weights": flat_weights(model),
        "buffers": [buffer.clone() for buffer in model.buffers()],
        "mode": "training" if model.training else "evaluation",
        "probe": probed(model, seed),
    }


def probed(model: nn.Module, seed: int) -> torch.Tensor | None:
    """Logits (9, 4) of nine images in the mode in which the model is; None where it cannot be called now.

    Dropout and batch norm give other numbers in training, so that a mode can be told from more than a word.
    Moves batch norm's averages: for the end of a scene.
    """
    torch.manual_seed(seed)
    try:
        with torch.no_grad():
            return model(torch.randn(9, *IMAGE, dtype=torch.float64))
    except Exception:  # whatever became of the model
        return None
