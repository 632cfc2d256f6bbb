"""The words that `course train` and `python -m course_utils.training` understand. Loads nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from course_utils.option_types import key_and_value, number, whole

# What an option is when neither the command line nor a recipe says. They train ResNet-9 and ResNet-18 well.
DEFAULTS: dict[str, Any] = {
    "data": "auto",
    "size": 64,
    "model": "resnet9",
    "epochs": 10,
    "batch_size": 64,
    "label_smoothing": 0.1,
    "flip": True,
    "padding": 16,  # the side over the padding
    "erase": 0.0,
}
RATES = {"sgd": 0.1, "adamw": 2e-3}
RESNET9_RATES = {"sgd": 0.3, "adamw": 2e-3}  # its logits, and so its gradients, are divided by 8
MINUTES = (1, 3, 10)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give `parser` all options of training. Those left out on the command line are None, or False."""
    _what(parser.add_argument_group("what to train on which pictures"))
    _how(parser.add_argument_group("how to train"))
    _pictures(parser.add_argument_group("how each training picture is changed, anew in each epoch"))
    _machine(parser.add_argument_group("on the machine"))
    _kept(parser.add_argument_group("what is kept and said"))


def _what(group) -> None:
    group.add_argument(
        "--data",
        metavar="NAME_OR_PATH",
        help="a data set of `course data list`, or a folder of class folders that `course data prepare` has "
        "prepared (default: imagenette where it is prepared at this size, else photo_patches)",
    )
    group.add_argument(
        "--size", type=whole(8, 1024), metavar="S", help=f"side in pixels (default: {DEFAULTS['size']})"
    )
    group.add_argument("--grey", action="store_true", help="grey pictures, one channel")
    group.add_argument(
        "--model", metavar="NAME", help=f"resnet9, resnet18, vgg11, … (default: {DEFAULTS['model']})"
    )
    group.add_argument(
        "--width", type=whole(1), metavar="W", help="the same as --option width=W: the model's channels"
    )
    group.add_argument(
        "--option",
        type=key_and_value,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of the model, such as stem=small or stem_stride=2; may be repeated",
    )
    group.add_argument(
        "--whitening",
        action=argparse.BooleanOptionalAction,
        help="resnet9: a first layer worked out from the training pictures (default: without)",
    )


def _how(group) -> None:
    length = group.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs",
        type=whole(1),
        metavar="N",
        help=f"passes over the pictures (default: {DEFAULTS['epochs']})",
    )
    group.add_argument(
        "--minutes",
        type=int,
        choices=MINUTES,
        help="the recipe found best for so many minutes on two CPU cores; other options change it",
    )
    group.add_argument(
        "--batch-size",
        type=whole(1),
        metavar="N",
        help=f"pictures a step, over all processes (default: {DEFAULTS['batch_size']})",
    )
    group.add_argument("--optimizer", choices=("sgd", "adamw"), help="default: sgd, with Nesterov's momentum")
    rates = f"{RESNET9_RATES['sgd']:g} for resnet9, else {RATES['sgd']:g}; {RATES['adamw']:g} with adamw"
    group.add_argument(
        "--lr", type=number(0, open_low=True), help=f"highest learning rate (default: {rates})"
    )
    group.add_argument("--weight-decay", type=number(0), metavar="W", help="default: the optimizer's own")
    group.add_argument(
        "--schedule", choices=("one_cycle", "cosine", "step", "constant"), help="default: one_cycle"
    )
    group.add_argument(
        "--label-smoothing",
        type=number(0, 1, open_high=True),
        metavar="S",
        help=f"share of the target that all classes get (default: {DEFAULTS['label_smoothing']})",
    )
    group.add_argument(
        "--mixup", type=number(0), metavar="ALPHA", help="mix pairs of pictures (default: 0, off)"
    )
    group.add_argument("--cutmix", type=number(0), metavar="ALPHA", help="paste pieces (default: 0, off)")
    group.add_argument(
        "--ema",
        type=number(0, 1, open_high=True),
        metavar="DECAY",
        help="average the weights, such as 0.999 (default: 0, off)",
    )
    group.add_argument(
        "--clip-norm", type=number(0, open_low=True), metavar="N", help="largest norm of the gradient"
    )
    group.add_argument(
        "--patience",
        type=whole(1),
        metavar="N",
        help="stop after N epochs without a better validation accuracy",
    )
    group.add_argument("--seed", type=whole(0), metavar="N", help="of weights, order and draws (default: 0)")


def _pictures(group) -> None:
    group.add_argument(
        "--flip", action=argparse.BooleanOptionalAction, help="mirror with probability 1/2 (default: --flip)"
    )
    group.add_argument(
        "--padding",
        type=whole(0),
        metavar="P",
        help="grow by P pixels on each side, then cut a window of the old size anywhere "
        f"(default: a {DEFAULTS['padding']}th of the size)",
    )
    group.add_argument(
        "--zoom",
        type=number(0, 1, open_low=True),
        metavar="SHARE",
        help="instead: cut a square of this share of the area or more, and enlarge it; for long runs",
    )
    group.add_argument(
        "--erase", type=number(0, 1), metavar="P", help="blank a rectangle with probability P (default: 0)"
    )


def _machine(group) -> None:
    group.add_argument(
        "--device", metavar="NAME", help="cpu, cuda, mps (default: the GPU where there is one)"
    )
    group.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16", "float16"),
        help="default: auto, what the device is fast at",
    )
    group.add_argument(
        "--channels-last",
        action=argparse.BooleanOptionalAction,
        help="memory order (default: what is faster)",
    )
    group.add_argument("--compile", action="store_true", help="torch.compile: slow to begin, then faster")


def _kept(group) -> None:
    group.add_argument(
        "--out", metavar="FOLDER", help="write checkpoints, history.csv and the finished run into FOLDER"
    )
    group.add_argument(
        "--resume", action="store_true", help="go on from the newest checkpoint in --out FOLDER"
    )
    group.add_argument(
        "--checkpoint-every", type=whole(1), metavar="N", help="steps (default: once after each epoch)"
    )
    group.add_argument(
        "--track", nargs="+", choices=("tensorboard", "wandb"), metavar="NAME", help="tensorboard, wandb"
    )
    group.add_argument(
        "--json",
        nargs="?",
        const="-",
        metavar="PATH",
        help="print one JSON object, nothing else, on standard output; with PATH also write it to that file",
    )
