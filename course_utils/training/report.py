"""What `course train` says about a finished run."""

from __future__ import annotations

import math
from typing import Any

import torch

from course_utils.training.evaluation import evaluate
from course_utils.training.plan import Plan
from course_utils.training.precision import choose_precision
from course_utils.training.run import Run


def report(run: Run, plan: Plan, processes: int) -> dict[str, Any]:
    """All figures of a run, ready for JSON.

    `accuracy` is that of the last weights on the validation pictures. `accuracy_flip` is of the same weights,
    each picture judged together with its mirror image. `best_accuracy` was picked among the epochs by looking
    at these same pictures, which flatters it.
    """
    device = torch.device(run.device)
    precision = choose_precision(run.config.precision, device)
    flipped = evaluate(plan.model, plan.val, device, flip=True, precision=precision)
    data = plan.dataset
    return {
        "accuracy": run.history[-1]["val_accuracy"],
        "accuracy_flip": flipped.accuracy,
        "best_accuracy": run.history[run.best_epoch - 1]["val_accuracy"],
        "best_epoch": run.best_epoch,
        "epochs": len(run.history),
        "images_per_second": run.images_per_second,
        "seconds": run.seconds,
        "predicted_seconds": run.predicted_seconds,
        "peak_memory_bytes": run.peak_memory_bytes,
        "parameters": run.parameters,
        "device": run.device,
        "precision": run.precision,
        "processes": processes,
        "threads": torch.get_num_threads(),
        "seed": run.seed,
        "model": {"name": plan.model_name, "options": plan.model_options},
        "data": {
            "name": data.name,
            "size": data.size,
            "classes": data.num_classes,
            "train": len(data.train),
            "val": len(data.val),
        },
        "loader": plan.loader_options,
        "config": run.config.as_dict(),
        "versions": run.versions,
        "history": [{name: _or_none(value) for name, value in row.items()} for row in run.history],
    }


def _or_none(value: float) -> float | None:
    """JSON has no nan and no inf."""
    return value if math.isfinite(value) else None


def summary(figures: dict[str, Any]) -> str:
    """The figures that a person looks for, in four lines."""
    data, model = figures["data"], figures["model"]
    options = "".join(f" {key}={value}" for key, value in model["options"].items())
    processes = f", {figures['processes']} processes" if figures["processes"] > 1 else ""
    return (
        f"{model['name']}{options}, {figures['parameters']:,} parameters, "
        f"on {data['name']} at {data['size']} pixels ({data['classes']} classes)\n"
        f"validation accuracy {figures['accuracy']:.1%} after {figures['epochs']} epochs; "
        f"{figures['accuracy_flip']:.1%} judging each picture together with its mirror image\n"
        f"{figures['seconds']:,.1f} s (predicted {figures['predicted_seconds']:,.1f} s), "
        f"{figures['images_per_second']:,.0f} images/s, "
        f"{figures['peak_memory_bytes'] / 2**20:,.0f} MiB of memory at most\n"
        f"{figures['precision']} on {figures['device']}{processes}, seed {figures['seed']}"
    )
