"""Two ways in which a run ends early, and what its owner can do about them."""

from __future__ import annotations

import gc
from collections.abc import Callable

import torch

from course_utils.training.config import TrainConfig
from course_utils.training.errors import TrainingError

OUT_OF_MEMORY = (
    "out of memory",  # CUDA, also from its driver, and MPS
    "can't allocate memory",  # torch's allocator for the CPU
    "not enough memory",  # the same on Windows
    "alloc_failed",  # cuBLAS and cuDNN: CUBLAS_STATUS_ALLOC_FAILED
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory has run out, on a GPU or on the CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in OUT_OF_MEMORY)


def largest_fitting_batch(try_batch: Callable[[int], None], batch_size: int) -> int:
    """The largest of a few sizes below `batch_size` that fits into memory; 0 when not one image does.

    Halves until a batch fits, then tries twice in the gap above it. Call it when the error has been left
    behind: while it is being handled, it keeps alive what filled the memory.

    Args:
        try_batch: takes a step with so many images; raises when memory runs out. Its other errors pass.
        batch_size: images in the batch that did not fit.
    """
    fits, fails = batch_size // 2, batch_size
    while fits > 0 and not it_fits(try_batch, fits):
        fits, fails = fits // 2, fits
    for _ in range(2):
        middle = (fits + fails) // 2
        if fits < middle < fails:
            fits, fails = (middle, fails) if it_fits(try_batch, middle) else (fits, middle)
    return fits


def it_fits(try_batch: Callable[[int], None], batch_size: int) -> bool:
    """Whether a step with so many images fits into memory."""
    _free()
    try:
        try_batch(batch_size)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True


def _free() -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def out_of_memory_error(batch_size: int | None, fits: int | None) -> TrainingError:
    """Says that a batch was too large, and which would have fitted.

    Args:
        batch_size: images in the batch; None when the loader does not say.
        fits: the answer of `largest_fitting_batch`; None when nothing was tried.
    """
    batch = "a batch" if batch_size is None else f"a batch of {batch_size} images"
    problem = f"A training step on {batch} does not fit into memory."
    if batch_size is None or fits is None:
        return TrainingError(f"{problem}\nBuild the training loader with half the batch_size, and try again.")
    if fits == 0:
        return TrainingError(
            f"{problem}\nNot even one image fits: take smaller pictures or a narrower model, free the device "
            "of other programs, or, where the loader keeps all pictures on it, build it with resident=False."
        )
    return TrainingError(
        f"{problem}\nA batch of {fits} fits: build the training loader with batch_size={fits}, and multiply "
        f"the learning rate by {fits / batch_size:.2g} as a start."
    )


def evaluation_out_of_memory() -> TrainingError:
    """Says that training fits, so that it was the evaluation that did not."""
    return TrainingError(
        "The training steps fit into memory, the evaluation does not: build the validation loader with a "
        "smaller batch_size, which changes no result."
    )


def diverged_error(step: int, epoch: int, lr: float, config: TrainConfig) -> TrainingError:
    """Says where the loss ceased to be a number, and what to try, the likeliest first.

    Args:
        step: the first step, counted from 0, whose loss was nan or inf.
        epoch: its epoch, counted from 1.
        lr: its learning rate.
    """
    advice = [f"a lower learning rate: lr={config.lr / 3:.2g} (it was {config.lr:g} at its highest)"]
    if config.precision in ("auto", "float16"):
        advice.append('precision="float32", in case float16 is in use: its numbers end at 65,504')
    if config.clip_norm is None:
        advice.append("clip_norm=1.0, so that no single batch can throw the weights far")
    if config.warmup < 0.1:
        advice.append(f"a longer warm-up: warmup=0.2 (it was {config.warmup:g})")
    advice.append("a look at the data: are all images and the loader's mean and std finite, and no std 0?")
    return TrainingError(
        f"The loss is no longer a number: at step {step + 1:,} (epoch {epoch}), with a learning rate of "
        f"{lr:.3g}, it became nan or inf. The weights are of no more use.\nTry, in this order:\n- "
        + "\n- ".join(advice)
    )
