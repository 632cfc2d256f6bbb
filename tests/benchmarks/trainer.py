"""Images a second in training: `fit` over the textbook loop, and over fastai, with the same model.

The same network, augmentation, schedule, batch size and number of epochs on each side; the accuracies are
reported beside the speeds, for a trainer that learnt less would be no faster. Run it as

    python -m tests.benchmarks.trainer --data PATH --json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from course_utils.data import Batches, ImageDataset
from course_utils.models.by_name import build
from course_utils.training.config import TrainConfig
from course_utils.training.fit import fit
from course_utils.training.optimizers import parameter_groups
from course_utils.training.plan import with_tensors
from course_utils.training.schedules import learning_rate
from tests.benchmarks import measure, pictures, textbook, with_fastai

TARGETS = {"cpu": 1.6, "T4": 3.0, "H200": 20.0}  # ours over the textbook
FASTAI_TARGET = 1.3  # on the CPU
PADDING = 8  # pixels of reflection, of 64


def main(argv: Sequence[str] | None = None) -> dict:
    arguments = measure.parser(__doc__.partition("\n")[0])
    arguments.add_argument("--epochs", type=int, default=2)
    arguments.add_argument("--size", type=int, default=64, help="side of the pictures")
    arguments.add_argument("--width", type=int, default=16, help="of resnet9")
    arguments.add_argument("--batch-size", type=int, default=64)
    arguments.add_argument("--lr", type=float, default=0.1, help="the highest of the cycle")
    arguments.add_argument("--compile", action="store_true", help="compile our model")
    arguments.add_argument("--precision", default="auto", help="of ours")
    arguments.add_argument("--skip-fastai", action="store_true")
    args = measure.start(arguments, argv)
    if args.quick:
        args.epochs, args.size, args.width, args.batch_size, args.runs = 1, 32, 4, 16, 1
    args.options, args.label_smoothing, args.half = {"width": args.width}, 0.0, False
    tree = pictures.need_tree(args)
    preparing = time.perf_counter()
    dataset = pictures.dataset_of(args, args.size)
    preparing = time.perf_counter() - preparing

    results: dict[str, list[dict]] = {}
    sides = {
        "ours": lambda seed: train_ours(args, dataset, seed),
        "textbook": lambda seed: train_textbook(args, dataset, tree, seed),
    }
    missing = "left out: --skip-fastai" if args.skip_fastai else with_fastai.why_not()
    if missing is None:
        sides["fastai"] = lambda seed: train_fastai(args, dataset, tree, seed)
    rates = measure.alternate(
        {name: recorded(side, results, name) for name, side in sides.items()}, args.runs
    )
    return measure.finish(
        args,
        "trainer",
        measure.ratio(rates["ours"], rates["textbook"]),
        target_of(args.device),
        what="training images/s of fit over those of the textbook loop",
        fastai=missing
        or {
            "ratio": measure.ratio(rates["ours"], rates["fastai"]),
            "target": FASTAI_TARGET if args.device.type == "cpu" else None,
        },
        ratio_of_whole_runs=measure.ratio(
            column(results, "textbook", "seconds"), column(results, "ours", "seconds")
        ),
        images_per_second={name: measure.spread(figures) for name, figures in rates.items()},
        accuracy={name: measure.spread(column(results, name, "accuracy")) for name in sides},
        seconds={name: measure.spread(column(results, name, "seconds")) for name in sides},
        our_precision=results["ours"][0]["precision"],
        seconds_to_prepare_once=round(preparing, 1),
        settings={key: getattr(args, key) for key in ("epochs", "size", "width", "batch_size", "compile")},
        pictures={"train": len(dataset.train), "val": len(dataset.val)},
    )


def recorded(side: Callable[[int], dict], results: dict[str, list[dict]], name: str) -> Callable[[], float]:
    """A side for `measure.alternate`: run after run with seeds 0, 1, …; keeps all that it reports."""
    rows = results.setdefault(name, [])

    def run() -> float:
        rows.append(side(len(rows)))
        return rows[-1]["images"] / rows[-1]["train_seconds"]

    return run


def column(results: dict[str, list[dict]], side: str, key: str) -> list[float]:
    return [row[key] for row in results[side]]


def settings(args: argparse.Namespace, seed: int) -> TrainConfig:
    """One cycle of SGD, for all sides."""
    return TrainConfig(
        epochs=args.epochs,
        lr=args.lr,
        label_smoothing=args.label_smoothing,
        compile=args.compile,
        precision=args.precision,
        seed=seed,
        device=args.device,
        progress=False,
    )


def new_model(args: argparse.Namespace, dataset: ImageDataset, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return build("resnet9", dataset.num_classes, **with_tensors(args.options, dataset, seed))


def train_ours(args: argparse.Namespace, dataset: ImageDataset, seed: int) -> dict:
    """`fit` with Batches. The seconds count all of it: loaders, prediction, training, evaluations."""
    model = new_model(args, dataset, seed)
    started = time.perf_counter()
    options = {"mean": dataset.mean, "std": dataset.std, "device": args.device}
    train = Batches(
        dataset.train,
        args.batch_size,
        True,
        seed,
        drop_last=args.compile,
        padding=PADDING,
        flip=True,
        **options,
    )  # compiled for full batches: another size would be compiled again
    run = fit(model, train, Batches(dataset.val, args.batch_size, **options), settings(args, seed))
    images = args.epochs * sum(train.batch_length(batch) for batch in range(len(train)))
    return {
        "images": images,
        "train_seconds": images / run.images_per_second,
        "seconds": time.perf_counter() - started,
        "accuracy": run.history[-1]["val_accuracy"],
        "precision": run.precision,
    }


def train_textbook(args: argparse.Namespace, dataset: ImageDataset, tree: Path, seed: int) -> dict:
    """The textbook loop, with the schedule and the weight decay of ours."""
    model, config = new_model(args, dataset, seed), settings(args, seed)
    started = time.perf_counter()
    train_loader, val_loader = textbook.loaders(
        tree, args.size, args.batch_size, mean=dataset.mean, std=dataset.std, padding=PADDING,
        pin_memory=args.device.type == "cuda",
    )  # fmt: skip
    total = args.epochs * len(train_loader)
    optimizer = torch.optim.SGD(
        parameter_groups(model, config.weight_decay), lr=config.lr, momentum=config.momentum, nesterov=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate(min(step, total - 1), total, config) / config.lr
    )
    epochs = textbook.train(
        model, train_loader, val_loader, optimizer, args.device, after_step=schedule.step,
        loss_function=nn.CrossEntropyLoss(label_smoothing=config.label_smoothing),
    )  # fmt: skip
    for epoch in epochs:
        if epoch.number == args.epochs:
            break
    return {
        "images": args.epochs * len(dataset.train),
        "train_seconds": epoch.train_seconds,
        "seconds": time.perf_counter() - started,
        "accuracy": epoch.accuracy,
    }


def train_fastai(args: argparse.Namespace, dataset: ImageDataset, tree: Path, seed: int) -> dict:
    """fastai's Learner with the settings of ours."""
    trained = with_fastai.train(
        new_model(args, dataset, seed), tree, args.size, args.batch_size, settings(args, seed), args.device,
        mean=dataset.mean.tolist(), std=dataset.std.tolist(), padding=PADDING,
        half=args.half,
    )  # fmt: skip
    return {"images": args.epochs * len(dataset.train), **trained}


def target_of(device: torch.device) -> float | None:
    """The ratio that is aimed at on this kind of device; None where none was set."""
    if device.type != "cuda":
        return TARGETS.get(device.type)
    name = torch.cuda.get_device_name(device)
    return TARGETS["T4" if "T4" in name else "H200"] if any(kind in name for kind in TARGETS) else None


if __name__ == "__main__":
    main()
