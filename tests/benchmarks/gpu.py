"""Imagenette at 128 pixels on a GPU: 5 and 20 epochs, beside the textbook loop and fastai.

Ours is a wide ResNet-9 with the whitened stem, compiled, in the short numbers that the GPU multiplies fast,
the pictures resident in its memory. The textbook loop (float32, two workers) and fastai (mixed precision, two
workers) train the same network by the same schedule, for the first number of epochs; `--all` for each. Beside
the accuracies stand those of the public leader board of Imagenette at this size, of other networks on the
official pictures. Runs on a CPU too, slowly.

    python -m tests.benchmarks.gpu --data PATH --json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from course_utils.training.plan import with_tensors
from course_utils.training.precision import DTYPES, choose_precision
from tests.benchmarks import measure, peak, pictures, trainer, with_fastai

LEADER_BOARD = {5: 0.8577, 20: 0.9157}  # github.com/fastai/imagenette, 128 pixels
SQUEEZED = (
    "these pictures are squeezed to a square, unlike the official ones of the leader board: not comparable"
)


def main(argv: Sequence[str] | None = None) -> dict:
    args = parse(argv)
    tree, dataset = pictures.need_tree(args), pictures.dataset_of(args, args.size)
    missing = "left out: --skip-fastai" if args.skip_fastai else with_fastai.why_not()
    by_epochs, ratios = {}, {}
    for epochs in args.all_epochs:
        args.epochs = epochs
        sides = {"ours": lambda seed: trainer.train_ours(args, dataset, seed)}
        if epochs == args.all_epochs[0] or args.all:
            sides["textbook"] = lambda seed: trainer.train_textbook(args, dataset, tree, seed)
            if missing is None:
                sides["fastai"] = lambda seed: trainer.train_fastai(args, dataset, tree, seed)
        results: dict[str, list[dict]] = {}
        rates = measure.alternate(
            {name: trainer.recorded(side, results, name) for name, side in sides.items()}, args.runs
        )
        ratios = ratios or {
            name: measure.ratio(rates["ours"], rates[name]) for name in sides if name != "ours"
        }
        by_epochs[epochs] = {
            name: {
                "images_per_second": measure.spread(rates[name]),
                **{key: measure.spread(trainer.column(results, name, key)) for key in KEYS},
            }
            for name in sides
        } | {"leader_board": LEADER_BOARD.get(epochs)}
        measure.save({"epochs": by_epochs}, args)
    best = max(row["ours"]["images_per_second"]["median"] for row in by_epochs.values())
    return measure.finish(
        args,
        "gpu",
        ratios["textbook"],
        trainer.target_of(args.device) if args.device.type == "cuda" else None,
        what="training images/s of ours over those of the textbook loop",
        fastai=missing or {"ratio": ratios["fastai"]},
        epochs=by_epochs,
        **share_of_peak(args, dataset, best),
        settings={key: getattr(args, key) for key in ("size", "width", "batch_size", "lr", "compile")},
        pictures={"train": len(dataset.train), "val": len(dataset.val), "note": note_on(tree)},
    )


KEYS = ("accuracy", "train_seconds", "seconds")  # seconds: with compiling, prediction and evaluations


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    arguments = measure.parser(__doc__.partition("\n")[0])
    arguments.add_argument("--epochs", dest="all_epochs", type=int, nargs="+", default=[5, 20])
    arguments.add_argument("--size", type=int, default=128)
    arguments.add_argument("--width", type=int, default=64, help="of resnet9")
    arguments.add_argument("--batch-size", type=int, default=128)
    arguments.add_argument("--lr", type=float, default=0.4)
    arguments.add_argument("--precision", default="auto", help="of ours")
    arguments.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, help="ours; on a GPU by default"
    )
    arguments.add_argument("--all", action="store_true", help="the other sides for each number of epochs")
    arguments.add_argument("--skip-fastai", action="store_true")
    args = measure.start(arguments, argv)
    if args.quick:
        args.all_epochs, args.size, args.width, args.batch_size, args.runs = [1], 32, 4, 16, 1
    gpu = args.device.type == "cuda"
    args.compile = gpu if args.compile is None else args.compile
    args.options = {"width": args.width, "stem_stride": 2, "whitening": True}
    args.label_smoothing, args.half = 0.1, gpu
    return args


def share_of_peak(args: argparse.Namespace, dataset, images_per_second: float) -> dict[str, float]:
    """Our model FLOP/s, loading and all, over those of a bare matrix product in the same numbers."""
    precision = choose_precision(args.precision, args.device).name
    case = {
        "name": "resnet9", "options": with_tensors(args.options, dataset, 0), "batch": 16,
        "precision": precision, "channels_last": True, "compile": False,
    }  # fmt: skip
    with FlopCounterMode(display=False) as counter:
        peak.training_step(case, args)()
    flops = counter.get_total_flops() / case["batch"] * images_per_second
    products = peak.matrix_products(DTYPES[precision], args)
    best = max(peak.best_rate(product, args.device) for product in products)
    return {
        "precision": precision,
        "model_tflops": round(flops / 1e12, 3),
        "peak_tflops": round(best / 1e12, 3),
        "share_of_peak": round(flops / best, 3),
    }


def note_on(tree: Path) -> str | None:
    """A warning where the pictures cannot be the official ones, which keep their proportions."""
    some = sorted(next((tree / "train").iterdir()).iterdir())[:50]
    sides = [Image.open(path).size for path in some]
    return SQUEEZED if all(width == height for width, height in sides) else None


if __name__ == "__main__":
    main()
