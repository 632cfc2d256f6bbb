"""From the words of the command line to what `fit` takes: pictures, network, loaders and settings."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_utils.data import Batches, ImageDataset, load_dataset
from course_utils.models.by_name import build
from course_utils.models.resnet9 import whitening_filters
from course_utils.train_options import DEFAULTS, RATES, RESNET9_RATES
from course_utils.training.config import TrainConfig
from course_utils.training.distributed import Group
from course_utils.training.errors import TrainingError
from course_utils.training.evaluation import evaluating
from course_utils.training.precision import choose_precision
from course_utils.training.seeds import seed_everything
from course_utils.training.trainer import prefers_channels_last

WHITENED = 500  # pictures that the whitening is worked out from
# Options that are settings of TrainConfig under the same name.
CONFIGURED = (
    "epochs", "optimizer", "lr", "weight_decay", "schedule", "label_smoothing", "mixup", "cutmix", "ema",
    "clip_norm", "patience", "precision", "channels_last", "checkpoint_every",
)  # fmt: skip
OF_THE_OPTIMIZER = ("optimizer", "lr", "momentum", "weight_decay")


@dataclass
class Plan:
    """All that `fit` needs, and the words for it."""

    dataset: ImageDataset
    model_name: str
    model_options: dict[str, Any]
    model: nn.Module
    train: Batches
    val: Batches
    loader_options: dict[str, Any]
    config: TrainConfig


def make_plan(args: Namespace, group: Group) -> Plan:
    """Load the pictures, build the network and both loaders, and settle how to train.

    Raises:
        TrainingError, CourseDataError: what the user can mend; the message names the option or the remedy.
    """
    if args.resume and args.out is None:
        raise TrainingError("argument --resume: also say --out FOLDER, where the checkpoints are")
    recipe = recipe_of(args)
    config = make_config(args, recipe)
    with naming("--device"):
        device = group.device(args.device)
    with naming("--precision"):
        precision = choose_precision(config.precision, device)
    if "tensorboard" in (args.track or ()) and args.out is None:
        raise TrainingError("argument --track: tensorboard writes into --out FOLDER; also say that")
    if args.json and Path(args.json).is_dir():
        raise TrainingError(f"argument --json: {args.json} is a folder; name a file")
    size = args.size or recipe.get("size") or DEFAULTS["size"]
    if size != recipe.get("size", size):
        raise TrainingError(
            f"argument --size: the recipe of --minutes {args.minutes} is for {recipe['size']} pixels"
        )
    dataset = load_dataset(args.data or DEFAULTS["data"], size, grey=args.grey or None)
    seed_everything(config.seed)
    name, options = model_of(args, recipe, dataset)
    with naming("--model/--option"):
        model = build(name, dataset.num_classes, **with_tensors(options, dataset, config.seed))
    batch_size = args.batch_size or recipe.get("batch_size") or DEFAULTS["batch_size"]
    cuts = loader_options(args, recipe, size)
    common = {"mean": dataset.mean, "std": dataset.std, "device": device}
    common["channels_last"] = prefers_channels_last(config, precision)
    with naming("--batch-size/--padding/--zoom"):
        # A last batch of few pictures would move the weights as far as a full one; they come next time.
        incomplete = len(dataset.train) < batch_size
        train = Batches(
            dataset.train, batch_size, True, config.seed, drop_last=not incomplete, **common, **cuts
        )
        val = Batches(dataset.val, 2 * batch_size, **common)
    with naming("--model/--size"), evaluating(model):
        model(torch.zeros(1, dataset.in_channels, dataset.size, dataset.size))
    return Plan(dataset, name, options, model, train, val, {"batch_size": batch_size, **cuts}, config)


def recipe_of(args: Namespace) -> dict[str, Any]:
    """The recipe that is asked for, as a dict; empty for none."""
    if args.minutes is None:
        return {}
    from course_utils.training.recipes import recipe

    found = recipe(args.minutes)
    return vars(found if args.epochs is None else found.with_epochs(args.epochs))


def make_config(args: Namespace, recipe: dict[str, Any]) -> TrainConfig:
    """Defaults, then the recipe, then what the command line says."""
    from_recipe = recipe.get("config", {})
    optimizer = args.optimizer or from_recipe.get("optimizer", "sgd")
    if optimizer != from_recipe.get("optimizer"):  # rate and decay of another optimizer say nothing here
        from_recipe = {name: value for name, value in from_recipe.items() if name not in OF_THE_OPTIMIZER}
    rates = RESNET9_RATES if model_name(args, recipe) == "resnet9" else RATES
    settings = {name: DEFAULTS[name] for name in ("epochs", "label_smoothing")}
    settings |= {"lr": rates[optimizer], **from_recipe, "optimizer": optimizer}
    settings |= {name: value for name in CONFIGURED if (value := getattr(args, name)) is not None}
    settings |= {"seed": args.seed or 0, "device": args.device, "folder": args.out, "compile": args.compile}
    with naming("--" + "/--".join(name.replace("_", "-") for name in CONFIGURED)):
        return TrainConfig(**settings, trackers=tuple(args.track or ()))


def model_name(args: Namespace, recipe: dict[str, Any]) -> str:
    """The architecture that is asked for."""
    return args.model or recipe.get("model") or DEFAULTS["model"]


def model_of(args: Namespace, recipe: dict[str, Any], dataset: ImageDataset) -> tuple[str, dict[str, Any]]:
    """The architecture's name and options: those of the recipe only for the recipe's own architecture."""
    name = model_name(args, recipe)
    options: dict[str, Any] = {}
    if dataset.in_channels != 3:
        options["in_channels"] = dataset.in_channels
    if name.startswith("resnet") and name != "resnet9" and dataset.size <= 32:
        options["stem"] = "small"  # the other stem would leave one pixel
    if name == recipe.get("model"):
        options |= recipe["model_options"]
    options |= dict(args.option)
    for key in ("width", "whitening"):
        if getattr(args, key) is not None:
            options[key] = getattr(args, key)
    return name, options


def with_tensors(options: dict[str, Any], dataset: ImageDataset, seed: int) -> dict[str, Any]:
    """The options with the whitening worked out where it is asked for, and left out where it is not."""
    options = dict(options)
    if options.pop("whitening", False):
        pictures = Batches(dataset.train, WHITENED, True, seed, dataset.mean, dataset.std)
        options["whitening"] = whitening_filters(next(iter(pictures))[0])
    return options


def loader_options(args: Namespace, recipe: dict[str, Any], size: int) -> dict[str, Any]:
    """How the loader changes each training picture of `size` pixels."""
    options = {"flip": DEFAULTS["flip"], "padding": size // DEFAULTS["padding"], "erase": DEFAULTS["erase"]}
    options |= recipe.get("loader_options", {})
    if args.zoom is not None:  # another way to cut
        options |= {"crop": None, "padding": 0, "zoom": (args.zoom, 1.0)}
    named = {name: getattr(args, name) for name in ("flip", "padding", "erase")}
    return options | {name: value for name, value in named.items() if value is not None}


@contextmanager
def naming(option: str) -> Iterator[None]:
    """Put the option before what is wrong with its value, as argparse does."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise TrainingError(f"argument {option}: {error}") from error
