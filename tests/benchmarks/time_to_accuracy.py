"""How right after how long: ours after one, three and ten minutes; the textbook's time for as much.

ours      the recipes of the course, each with as many epochs as this machine manages within the budget. The
          clock runs from the new network to its last step: whitening, trial steps of the prediction, loading,
          training. Then all validation pictures are looked at, once, without any help (no mirror images). To
          prepare the arrays happens once and is told apart.
textbook  torchvision's ResNet-18, Adam at 1e-3, ImageFolder, batches of 64, two workers, until it is as good
          as ours was after the first budget; its evaluations, one after each epoch, are not on its clock.
          Where `--cap` seconds do not suffice the ratio is a lower bound: at_least.

    python -m tests.benchmarks.time_to_accuracy --data PATH --json --out FILE

FILE is written after each run, and what it holds already is not done again. `--parts` chooses a part.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence

import torch
from torchvision.models import resnet18

from course_utils.data import Batches, ImageDataset
from course_utils.models.by_name import build
from course_utils.training.config import TrainConfig
from course_utils.training.distributed import current
from course_utils.training.evaluation import evaluate
from course_utils.training.fit import fit
from course_utils.training.plan import with_tensors
from course_utils.training.precision import choose_precision
from course_utils.training.prediction import predict
from course_utils.training.recipes import Recipe, recipe
from course_utils.training.trainer import Trainer
from tests.benchmarks import measure, pictures, textbook

TARGET = 15.0  # seconds of the textbook over ours
ACCURACY_TARGETS = {60: 0.78, 180: 0.84, 600: 0.88}  # after so many seconds on two CPU cores
MARGIN = 0.87  # of the budget is planned: a machine is never twice equally fast
CALIBRATIONS = 5  # predictions, of which the middle one counts; one for all seeds of a budget
WATCHED = 256  # validation pictures that `fit` looks at after each epoch; all count only at the end


def main(argv: Sequence[str] | None = None) -> dict:
    args = parse(argv)
    state = {"ours": [], "textbook": [], "epochs": {}, "seconds_to_prepare_once": None}
    if args.out and args.out.is_file():
        state |= {key: value for key, value in json.loads(args.out.read_text()).items() if key in state}
    if "ours" in args.parts:
        started = time.perf_counter()
        dataset = pictures.dataset_of(args, args.size)
        state["seconds_to_prepare_once"] = round(time.perf_counter() - started, 1)
        for seed in args.seeds:
            for budget in args.budgets:
                if not any((row["budget"], row["seed"]) == (budget, seed) for row in state["ours"]):
                    epochs = state["epochs"].setdefault(str(budget), None) or epochs_for(
                        args, dataset, budget
                    )
                    state["epochs"][str(budget)] = epochs
                    state["ours"].append(train_ours(args, dataset, budget, seed, epochs))
                    measure.say(str(state["ours"][-1]))
                    measure.save(state, args)
    first = [row for row in state["ours"] if row["budget"] == min(args.budgets)]
    if "textbook" in args.parts:
        if not first:
            raise SystemExit(
                "the textbook runs against what ours reached: --parts ours first, with the same --out"
            )
        goal, seconds = (statistics.median(row[key] for row in first) for key in ("accuracy", "seconds"))
        for seed in args.textbook_seeds:
            if not any(row["seed"] == seed for row in state["textbook"]):
                state["textbook"].append(run_textbook(args, goal, seconds, seed, state))
                measure.save(state, args)
    return conclude(args, state, first)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    arguments = measure.parser(__doc__.partition("\n")[0])
    arguments.add_argument("--budgets", type=int, nargs="+", default=[60, 180, 600], help="seconds")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments.add_argument("--textbook-seeds", type=int, nargs="+", default=[0])
    arguments.add_argument("--parts", nargs="+", choices=("ours", "textbook"), default=["ours", "textbook"])
    arguments.add_argument("--cap", type=float, help="seconds for the textbook; 15.5 times what ours took")
    arguments.add_argument("--as-written", action="store_true", help="the recipes' own number of epochs")
    args = measure.start(arguments, argv)
    args.size = 64
    if args.quick:
        args.budgets, args.seeds, args.cap = [60], [0], args.cap or 0.1
    args.runs = len(args.seeds)
    return args


def epochs_for(args: argparse.Namespace, dataset: ImageDataset, budget: int) -> int:
    """Epochs of the recipe of this budget: its own, or as many as this machine manages."""
    chosen = recipe(budget // 60)
    if args.quick:
        return 1
    return chosen.epochs if args.as_written else affordable_epochs(chosen, dataset, args, budget)


def train_ours(args: argparse.Namespace, dataset: ImageDataset, budget: int, seed: int, epochs: int) -> dict:
    """One recipe once: seconds from nothing to trained, and the accuracy on all validation pictures."""
    chosen = recipe(budget // 60).with_epochs(epochs)
    started = time.perf_counter()
    model, train, watched, config = set_up(chosen, dataset, args, seed)
    run = fit(model, train, watched, config)
    seconds = time.perf_counter() - started
    precision = choose_precision("auto", args.device)
    everything = Batches(dataset.val, 256, mean=dataset.mean, std=dataset.std, device=args.device)
    return {
        "budget": budget,
        "seed": seed,
        "recipe": chosen.name,
        "epochs": chosen.epochs,
        "seconds": round(seconds, 2),
        "predicted_seconds": round(run.predicted_seconds, 2),
        "images_per_second": round(run.images_per_second, 1),
        "accuracy": evaluate(model, everything, precision=precision).accuracy,
        "accuracy_with_mirror_image": evaluate(model, everything, flip=True, precision=precision).accuracy,
    }


def set_up(chosen: Recipe, dataset: ImageDataset, args: argparse.Namespace, seed: int) -> tuple:
    """Network, training loader, the few pictures watched, settings."""
    torch.manual_seed(seed)
    options = with_tensors(chosen.model_options, dataset, seed)
    model = build(chosen.model, dataset.num_classes, **options)
    common = {"mean": dataset.mean, "std": dataset.std, "device": args.device}
    whole_batches = len(dataset.train) >= chosen.batch_size
    train = Batches(
        dataset.train,
        chosen.batch_size,
        True,
        seed,
        drop_last=whole_batches,
        **common,
        **chosen.loader_options,
    )
    watched = Batches(dataset.val.subset(slice(0, WATCHED)), WATCHED, **common)
    return model, train, watched, TrainConfig(**chosen.config, seed=seed, device=args.device, progress=False)


def affordable_epochs(chosen: Recipe, dataset: ImageDataset, args: argparse.Namespace, budget: int) -> int:
    """Epochs of this recipe within the budget, by the predictions that `fit` makes, and their own cost."""
    model, train, watched, config = set_up(chosen, dataset, args, seed=0)
    trainer = Trainer(model, config, current(), total_steps=chosen.epochs * len(train))
    started = time.perf_counter()
    foreseen = [predict(trainer, train, watched, chosen.epochs).seconds for _ in range(CALIBRATIONS)]
    one_prediction = (time.perf_counter() - started) / CALIBRATIONS
    per_epoch = statistics.median(foreseen) / chosen.epochs
    epochs = max(1, int((MARGIN * budget - one_prediction) / per_epoch))
    measure.say(f"{budget} s: {chosen.name}, {epochs} epochs of {per_epoch:.2f} s")
    return epochs


def run_textbook(args: argparse.Namespace, goal: float, ours: float, seed: int, state: dict) -> dict:
    """Seconds of training until the textbook recipe is at `goal`, or `--cap` is over; with its curve."""
    torch.manual_seed(seed)
    model = resnet18(num_classes=len(list((pictures.need_tree(args) / "train").iterdir())))
    loaders = textbook.loaders(pictures.need_tree(args), args.size, 64, pin_memory=args.device.type == "cuda")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    cap, curve = args.cap or 15.5 * ours, []
    for epoch in textbook.train(model, *loaders, optimizer, args.device):
        curve.append([round(epoch.train_seconds, 2), epoch.accuracy])
        measure.say(f"textbook epoch {epoch.number}: {epoch.accuracy:.1%} after {epoch.train_seconds:.0f} s")
        measure.save(state | {"textbook_so_far": {"seed": seed, "curve": curve}}, args)
        if epoch.accuracy >= goal or epoch.train_seconds >= cap:
            break
    return {
        "seed": seed,
        "goal": goal,
        "reached": epoch.accuracy >= goal,
        "seconds": round(epoch.train_seconds, 2),
        "best_accuracy": max(accuracy for _, accuracy in curve),
        "curve": curve,
    }


def conclude(args: argparse.Namespace, state: dict, first: list[dict]) -> dict:
    """The table of budgets, and the ratio."""
    after = []
    for budget in args.budgets:
        rows = [row for row in state["ours"] if row["budget"] == budget]
        if rows:
            accuracy = measure.spread([row["accuracy"] for row in rows])
            goal = ACCURACY_TARGETS.get(budget)
            seconds = measure.spread([row["seconds"] for row in rows])
            after.append({
                "budget": budget, "recipe": rows[0]["recipe"], "accuracy": accuracy, "target": goal,
                "reached": goal and accuracy["median"] >= goal, "seconds": seconds,
                "within_budget": seconds["max"] <= budget, "epochs": [row["epochs"] for row in rows],
            })  # fmt: skip
    ratio = None
    if first and state["textbook"]:
        theirs = statistics.median(row["seconds"] for row in state["textbook"])
        ratio = theirs / statistics.median(row["seconds"] for row in first)
    return measure.finish(
        args,
        "time_to_accuracy",
        ratio,
        TARGET,
        what="seconds that the textbook recipe needs for what ours has after the first budget, over ours",
        at_least=not all(row["reached"] for row in state["textbook"]) if state["textbook"] else None,
        after=after,
        **state,
    )


if __name__ == "__main__":
    main()
