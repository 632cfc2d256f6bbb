"""Lesson 02, parameters and multiply-adds of a layer."""

from __future__ import annotations

import torch
from torch import nn

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise

COUNTING = "What a layer costs"


def counted(
    in_channels: int,
    out_channels: int,
    kernel_size: tuple[int, int],
    output_size: tuple[int, int],
    groups: int = 1,
    bias: bool = True,
) -> tuple[int, int]:
    """Counts the numbers in PyTorch's own layer; every output number needs one product a weight of its kernel."""
    with torch.device("meta"):
        layer = nn.Conv2d(in_channels, out_channels, kernel_size, groups=groups, bias=bias)
    parameters = sum(parameter.numel() for parameter in layer.parameters())
    outputs = torch.empty(out_channels, *output_size, device="meta").numel()
    return parameters, outputs * layer.weight[0].numel()


def counting_cases(rng: torch.Generator) -> list[Case]:
    channels = 3 * torch.randint(5, 30, (1,), generator=rng).item()
    return [
        Case((3, 64, (7, 7), (112, 112)), {"bias": False}, "the first layer of ResNet"),
        Case((1, 6, (5, 5), (28, 28)), label="the first layer of LeNet-5, with its bias"),
        Case((64, 128, (1, 1), (56, 40)), label="a 1x1 layer on a map that is not square"),
        Case(
            (32, 32, (3, 3), (14, 20)),
            {"groups": 32, "bias": False},
            "depthwise: every channel its own group",
        ),
        Case((channels, 2 * channels, (3, 5), (9, 11)), {"groups": 3}, "three groups, and a bias"),
    ]


def miscounted(change):
    """A wrong `count_parameters_and_macs` made from its correct parts by `change`."""

    def wrong(in_channels, out_channels, kernel_size, output_size, groups=1, bias=True):
        (rows, columns), (height, width) = kernel_size, output_size
        return change(
            in_channels, out_channels, rows * columns, height * width, groups, out_channels if bias else 0
        )

    return wrong


count_parameters_and_macs = FunctionExercise(
    name="count_parameters_and_macs",
    points=2,
    minutes=10,
    oracle=counted,
    cases=counting_cases,
    see=COUNTING,
    hints=(
        "How many weights does one output channel own? With groups, it looks at in_channels / groups channels only.",
        "Parameters: out_channels kernels, and one bias for each if there is a bias.",
        "Every output number costs as many multiply-adds as one kernel has weights. How many output numbers are there?",
    ),
    misconceptions=(
        Misconception(
            "the two counts exchanged",
            miscounted(lambda i, o, k, a, g, b: (o * i // g * k * a, o * i // g * k + b)),
            "Your two counts have changed places: parameters first, then multiply-adds.",
        ),
        Misconception(
            "bias forgotten",
            miscounted(lambda i, o, k, a, g, b: (o * i // g * k, o * i // g * k * a)),
            "The bias is missing from the parameters: one number for each output channel, when there is a bias.",
        ),
        Misconception(
            "bias always",
            miscounted(lambda i, o, k, a, g, b: (o * i // g * k + o, o * i // g * k * a)),
            "You counted a bias where the layer has none.",
        ),
        Misconception(
            "a bias for each input channel too",
            miscounted(lambda i, o, k, a, g, b: (o * i // g * (k + (1 if b else 0)), o * i // g * k * a)),
            "There is one bias for each output channel, not one for each pair of input and output channels.",
        ),
        Misconception(
            "in_channels forgotten",
            miscounted(lambda i, o, k, a, g, b: (o * k + b, o * k * a)),
            "The input channels are missing: each output channel owns one kernel for every input channel that it sees.",
        ),
        Misconception(
            "spatial size forgotten",
            miscounted(lambda i, o, k, a, g, b: (o * i // g * k + b, o * i // g * k)),
            "Your multiply-adds are those of a single position. The kernel is used again at every output position.",
        ),
        Misconception(
            "groups forgotten",
            miscounted(lambda i, o, k, a, g, b: (o * i * k + b, o * i * k * a)),
            "Groups are missing: with g groups each output channel sees in_channels / g input channels only.",
        ),
        Misconception(
            "groups divided twice",
            miscounted(lambda i, o, k, a, g, b: (o * i * k // g**2 + b, o * i * k * a // g**2)),
            "You divided by groups twice: inputs and outputs of one group, but there are `groups` such groups.",
        ),
        Misconception(
            "FLOPs for multiply-adds",
            miscounted(lambda i, o, k, a, g, b: (o * i // g * k + b, 2 * o * i // g * k * a)),
            "You counted multiplications and additions apart. One multiply-add is one product and its addition.",
        ),
        Misconception(
            "bias counted in the multiply-adds",
            miscounted(lambda i, o, k, a, g, b: (o * i // g * k + b, (o * i // g * k + b) * a)),
            "Adding the bias multiplies nothing: leave it out of the multiply-adds.",
        ),
    ),
)
