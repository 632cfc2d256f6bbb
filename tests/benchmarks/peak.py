"""Model FLOP/s in training over the matrix product's own peak, in the same numbers on the same machine.

A step is the trainer's own, with its optimizer, on a batch that is there already: no loading. Its
operations are those of the model's convolutions and matrix products, forward and backward, as torch counts
them; the rest (norms, poolings, the optimizer) costs time and counts nothing. The peak is the best that a
bare matrix product reached at any moment of the same run. It is asked for in two ways, because torch has two
libraries that compute it on a CPU, and the slower one would flatter the model. Run it as

    python -m tests.benchmarks.peak --json
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from course_utils.models.by_name import build
from course_utils.training.config import TrainConfig
from course_utils.training.distributed import current
from course_utils.training.precision import DTYPES, choose_precision
from course_utils.training.trainer import Trainer
from tests.benchmarks import measure

TARGET = 0.6
CLASSES = 10
# name, options, batch size on the CPU, batch size on a GPU
MODELS = (
    ("resnet9", {"width": 16, "stem_stride": 2}, 128, 2048),
    ("resnet9", {"width": 32, "stem_stride": 2}, 64, 1024),
    ("resnet9", {"width": 64, "stem_stride": 2}, 64, 1024),
    ("resnet9", {"width": 16}, 64, 1024),
    ("resnet18", {}, 128, 1024),
)
QUICK = (("resnet9", {"width": 4}, 8, 8),)
REPEATS = 5  # products or steps timed at a time: of products the fastest counts, of steps the median


def main(argv: Sequence[str] | None = None) -> dict:
    arguments = measure.parser(__doc__.partition("\n")[0], needs_data=False)
    arguments.add_argument("--size", type=int, help="side of the pictures: 64 on the CPU, 128 on a GPU")
    arguments.add_argument(
        "--precisions", nargs="+", help="float32, bfloat16, float16; those that are fast here"
    )
    arguments.add_argument("--compile", action="store_true", help="compiled models too")
    arguments.add_argument("--models", nargs="+", help="names out of the list of models")
    args = measure.start(arguments, argv)
    args.size = args.size or (32 if args.quick else 128 if args.device.type == "cuda" else 64)
    precisions = args.precisions or list(
        dict.fromkeys(["float32", choose_precision("auto", args.device).name])
    )
    peaks = {precision: [] for precision in precisions}
    rows = []
    for case in cases(args, precisions):
        rows.append(row_of(case, args, peaks[case["precision"]]))
        measure.say(f"{rows[-1]['model']} {rows[-1]['how']}: {rows[-1]['gflops']:,.0f} GFLOP/s")
        measure.save({"models": rows, "peaks": peaks}, args)
    for row in rows:
        row["share"] = round(row["gflops"] / max(peaks[row["precision"]]), 3)
    best = {
        precision: max((row for row in rows if row["precision"] == precision), key=lambda row: row["share"])
        for precision in precisions
    }
    winner = max(best.values(), key=lambda row: row["share"])
    return measure.finish(
        args,
        "peak",
        winner["share"],
        TARGET,
        what="model FLOP/s of a training step over those of a bare matrix product of the same dtype",
        reached_by=f"{winner['model']} {winner['how']}",
        best_share={precision: row["share"] for precision, row in best.items()},
        peak_gflops={precision: measure.spread(figures) for precision, figures in peaks.items()},
        size=args.size,
        models=rows,
    )


def cases(args: argparse.Namespace, precisions: Sequence[str]) -> list[dict]:
    """Every model in every precision and memory order, compiled too if that is asked for."""
    models = [m for m in (QUICK if args.quick else MODELS) if not args.models or m[0] in args.models]
    return [
        {"name": name, "options": options, "batch": gpu if args.device.type == "cuda" else cpu,
         "precision": precision, "channels_last": channels_last, "compile": compiled}
        for name, options, cpu, gpu in models
        for precision in precisions
        for channels_last in (False, True)
        for compiled in ((False, True) if args.compile else (False,))
    ]  # fmt: skip


def row_of(case: dict, args: argparse.Namespace, peaks: list[float]) -> dict:
    """One case, measured `runs` times between bare products; the best of those are added to `peaks`."""
    step = training_step(case, args)
    with FlopCounterMode(display=False) as counter:
        training_step({**case, "compile": False}, args)()  # what the compiler hides, the counter cannot see
    flops = counter.get_total_flops()
    products = matrix_products(DTYPES[case["precision"]], args)
    step(), step()
    speeds = []
    for _ in range(args.runs):
        peaks.append(max(best_rate(product, args.device) for product in products) / 1e9)
        seconds = statistics.median(measure.seconds(step, args.device) for _ in range(REPEATS))
        speeds.append(flops / seconds)
    layout = "channels_last" if case["channels_last"] else "NCHW"
    compiled = " compiled" if case["compile"] else ""
    return {
        "model": " ".join([case["name"], *(f"{key}={value}" for key, value in case["options"].items())]),
        "how": f"{case['precision']} {layout}{compiled} batch {case['batch']}",
        "precision": case["precision"],
        "gflops": round(statistics.median(speeds) / 1e9, 1),
        "images_per_second": round(statistics.median(speeds) / flops * case["batch"], 1),
        "gflop_per_image": round(flops / case["batch"] / 1e9, 3),
    }


def training_step(case: dict, args: argparse.Namespace) -> Callable[[], None]:
    """One step of the course's trainer on a batch that lies on the device."""
    config = TrainConfig(
        lr=1e-4, precision=case["precision"], channels_last=case["channels_last"], compile=case["compile"],
        device=args.device,
    )  # fmt: skip
    torch.manual_seed(0)
    trainer = Trainer(build(case["name"], CLASSES, **case["options"]), config, current(), total_steps=10**6)
    images = torch.randn(case["batch"], 3, args.size, args.size, device=args.device)
    images = images.contiguous(memory_format=trainer.layout)
    labels = torch.randint(CLASSES, (case["batch"],), device=args.device)
    return lambda: trainer.train_step(images, labels, len(labels))


def matrix_products(dtype: torch.dtype, args: argparse.Namespace) -> list[tuple[Callable, int]]:
    """Bare products and how many operations each has: torch.mm, and the same as a 1×1 convolution."""
    gpu = args.device.type == "cuda"
    products = []
    for n in (64,) if args.quick else (4096, 8192) if gpu else (512, 1024, 2048):
        a, b = (torch.randn(n, n, device=args.device).to(dtype) for _ in range(2))
        products.append((lambda a=a, b=b: a @ b, 2 * n**3))
        if not gpu:
            # The rows of a as pixels of 16 images: for a single one torch would not ask the other library.
            image = a.reshape(16, n // 16, 1, n).permute(0, 3, 1, 2)  # (16, n, n/16, 1), channels last
            kernel = b.reshape(n, n, 1, 1).contiguous(memory_format=torch.channels_last)
            products.append((torch.no_grad()(lambda x=image, w=kernel: F.conv2d(x, w)), 2 * n**3))
    return products


def best_rate(product: tuple[Callable, int], device: torch.device) -> float:
    """Operations a second in the fastest of a few calls."""
    call, flops = product
    call()
    return flops / min(measure.seconds(call, device) for _ in range(REPEATS))


if __name__ == "__main__":
    main()
