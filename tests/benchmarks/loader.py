"""Images a second of `Batches` over those of ImageFolder with torchvision v2: one process, one thread each.

Every side makes the same batches out of the same pictures: the square of `--size` pixels, padded by
reflection by 4 and cut back at a random place, mirrored with probability 1/2, normalised, float32. The others
decode JPEG files in every epoch, as they do; `Batches` reads arrays that were prepared once, which is the
point. How long that took is told. All have read their files before: nobody waits for a disk.

Beside them: what copying the bare pixels in random order costs (the floor), and how fast a small network can
take the batches (the need). Seconds are told twice: by the clock on the wall, which the ratio is made of, and
of the processor, which other programs on the machine hardly change. Run it as

    python -m tests.benchmarks.loader --data PATH --json
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from course_utils.data import Batches, ImageDataset
from course_utils.models.by_name import build
from course_utils.training.config import TrainConfig
from course_utils.training.distributed import current
from course_utils.training.trainer import Trainer
from tests.benchmarks import measure, pictures, textbook
from tests.benchmarks.webdataset_loader import webdataset_loader

TARGET, STEP_TARGET = 15, 20
PADDING = 4
# What `Batches` can be asked for; the first is what the others do too.
SETTINGS = {
    "padded crop, flip": {"padding": PADDING, "flip": True},
    "whole pictures, no augmentation": {},
    "flip": {"flip": True},
    "crop of 7/8, flip": {"crop": "random", "flip": True},
    "zoom, flip": {"zoom": (0.35, 1.0), "flip": True},
    "padded crop, flip, erase 1/4": {"padding": PADDING, "flip": True, "erase": 0.25},
    "padded crop, flip, channels last": {"padding": PADDING, "flip": True, "channels_last": True},
}


class Side:
    """Something that yields batches: call it for the images a second of about `images` images."""

    def __init__(self, loader: Iterable, images: int) -> None:
        self.loader, self.images, self.per_processor_second = loader, images, []

    def __call__(self) -> float:
        seen, wall, processor = 0, time.perf_counter(), time.process_time()
        while seen < self.images:
            for _, labels in self.loader:
                seen += len(labels)
                if seen >= self.images:
                    break
        self.per_processor_second.append(seen / (time.process_time() - processor))
        return seen / (time.perf_counter() - wall)


def main(argv: Sequence[str] | None = None) -> dict:
    arguments = measure.parser(__doc__.partition("\n")[0], runs=5)
    arguments.add_argument("--size", type=int, default=64, help="side of the images (64)")
    arguments.add_argument("--batch-size", type=int, default=64)
    arguments.set_defaults(device="cpu", threads=1)
    args = measure.start(arguments, argv)
    tree = pictures.need_tree(args)
    started = time.perf_counter()
    dataset = pictures.dataset_of(args, args.size)
    opened = time.perf_counter() - started
    sides, skipped = all_sides(args, dataset, tree)
    figures = measure.alternate(sides, args.runs, warmup=1)
    ours = figures["ours"]
    over = {name: measure.ratio(ours, figures[name]) for name in sides if name != "ours"}
    return measure.finish(
        args,
        "loader",
        over["ImageFolder + v2"],
        TARGET,
        what="images/s of Batches over those of ImageFolder with torchvision v2, a process and a thread each",
        ratio_per_processor_second=round(over_processor(sides, "ImageFolder + v2"), 1),
        ours_over={name: round(value, 2) for name, value in over.items()},
        step_target=STEP_TARGET,
        step_reached=bool(over["step of ResNet-9, width 16"] >= STEP_TARGET),
        images_per_second={name: measure.spread(values) for name, values in figures.items()},
        per_processor_second={
            name: round(statistics.median(side.per_processor_second[-args.runs :]))
            for name, side in sides.items()
            if isinstance(side, Side)
        },
        skipped=skipped,
        settings={name: round(value) for name, value in rates_of_settings(args, dataset).items()},
        size=args.size,
        batch_size=args.batch_size,
        seconds_to_prepare_or_open=round(opened, 2),
    )


def all_sides(
    args: argparse.Namespace, dataset: ImageDataset, tree: Path
) -> tuple[dict[str, Callable[[], float]], dict[str, str]]:
    """What is measured side by side, by name; and what is not, with the reason."""
    count = len(dataset.train)
    few, many = (min(count, 100), count) if args.quick else (min(count, 2000), max(count, 30_000))
    transform = {"mean": dataset.mean.tolist(), "std": dataset.std.tolist(), "padding": PADDING, "workers": 0}
    usual, _ = textbook.loaders(tree, args.size, args.batch_size, **transform)
    sides: dict[str, Callable[[], float]] = {
        "ours": Side(batches(args, dataset, **SETTINGS["padded crop, flip"]), many),
        "ImageFolder + v2": Side(usual, few),
    }
    skipped = {"FFCV": "not compared: this benchmark has no side for it"}
    if importlib.util.find_spec("webdataset"):
        sides["webdataset + v2"] = Side(webdataset_loader(usual.dataset, args.batch_size, args.work), few)
    else:
        skipped["webdataset"] = "not installed: pip install webdataset"
    sides["copying the pixels"] = lambda: copies_a_second(dataset.train.images, args.batch_size)
    sides["step of ResNet-9, width 16"] = steps(args, width=16)
    sides["step of ResNet-9, width 16, stem_stride 2"] = steps(args, width=16, stem_stride=2)
    return sides, skipped


def batches(args: argparse.Namespace, dataset: ImageDataset, **options) -> Batches:
    """The course's loader as training uses it."""
    return Batches(dataset.train, args.batch_size, True, 0, dataset.mean, dataset.std, args.device, **options)


def copies_a_second(images: np.ndarray, batch_size: int) -> float:
    """Pictures a second, in random order, from the map of the file to a batch: uint8, nothing else."""
    order = np.random.default_rng(0).permutation(len(images))
    source, batch = np.asarray(images), np.empty((batch_size, *images.shape[1:]), dtype=images.dtype)
    started = time.perf_counter()
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        np.take(source, indices, axis=0, out=batch[: len(indices)], mode="clip")
    return len(order) / (time.perf_counter() - started)


def steps(args: argparse.Namespace, **model_options) -> Callable[[], float]:
    """Images a second of training steps, in the device's best precision, on a batch that is there already."""
    config = TrainConfig(lr=1e-4, device=str(args.device))
    torch.manual_seed(0)
    trainer = Trainer(build("resnet9", 10, **model_options), config, current(), total_steps=10**6)
    images = torch.randn(args.batch_size, 3, args.size, args.size, device=args.device)
    images = images.contiguous(memory_format=trainer.layout)
    labels = torch.randint(10, (args.batch_size,), device=args.device)
    count = 2 if args.quick else 10

    def run() -> float:
        step = lambda: [trainer.train_step(images, labels, len(labels)) for _ in range(count)]  # noqa: E731
        return count * args.batch_size / measure.seconds(step, args.device)

    return run


def rates_of_settings(args: argparse.Namespace, dataset: ImageDataset) -> dict[str, float]:
    """Images a processor second of `Batches` in each of its settings."""
    rates = {}
    for name, options in SETTINGS.items():
        size = {"size": args.size * 7 // 8} if "crop" in options else {}
        side = Side(batches(args, dataset, **options, **size), len(dataset.train))
        for _ in range(args.runs):
            side()
        rates[name] = statistics.median(side.per_processor_second)
    return rates


def over_processor(sides: dict[str, Callable], other: str) -> float:
    """Ours over another side, in seconds of the processor."""
    ours, theirs = (sides[name].per_processor_second for name in ("ours", other))
    return measure.ratio(ours, theirs)


if __name__ == "__main__":
    main()
