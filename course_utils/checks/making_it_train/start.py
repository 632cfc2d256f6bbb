"""Lesson 08: the bug hunt `initialise`."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from course_utils.checks.case import Case, Misconception
from course_utils.checks.making_it_train.draws import whole
from course_utils.checks.making_it_train.start_words import what_the_start_is
from course_utils.checks.observed import ObservedExercise
from course_utils.scenes.making_it_train import set_start


def _reference(model: nn.Module) -> None:
    """Uniform, and through the parameters' names: as far from the lesson's answer as may be."""
    layers = {
        name: module for name, module in model.named_modules() if type(module) in (nn.Conv2d, nn.Linear)
    }
    with torch.no_grad():
        for layer in layers.values():
            reach = math.sqrt(6 / layer.weight[0].numel())
            layer.weight.copy_((2 * torch.rand(layer.weight.shape) - 1) * reach)
            if layer.bias is not None:
                layer.bias.mul_(0)


def _variant(
    fill: Callable = lambda weight: nn.init.kaiming_normal_(weight),
    *,
    kinds: tuple = (nn.Conv2d, nn.Linear),
    bias: Callable | None = lambda bias: nn.init.zeros_(bias),
    deep: bool = True,
    norms: Callable | None = None,
) -> Callable:
    """An initialisation that departs from the right one in what is named."""

    def answer(model: nn.Module) -> None:
        for layer in model.modules() if deep else model.children():
            if isinstance(layer, kinds):
                fill(layer.weight)
                if layer.bias is not None and bias is not None:
                    bias(layer.bias)
            elif norms is not None and isinstance(layer, nn.BatchNorm2d):
                norms(layer)

    return answer


def _normal_of(std: Callable) -> Callable:
    return lambda weight: nn.init.normal_(weight, 0.0, std(weight))


def _norm_reset(layer: nn.BatchNorm2d) -> None:
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)


def _fan_in(weight: torch.Tensor) -> int:
    return weight[0].numel()


def _cases(rng: torch.Generator) -> list[Case]:
    return [
        Case((kind, whole(rng, 7, 10)), label=label)
        for kind, label in (
            ("convolutions", "two convolutions with bias"),
            ("linear", "two linear layers"),
            ("nested", "layers inside layers, with batch norm"),
            ("convolutions", "two convolutions of another width"),
            ("nested", "layers inside layers, of another width"),
        )
    ]


INITIALISE = ObservedExercise(
    name="initialise",
    points=2,
    minutes=12,
    needs=("he_init",),
    written="initialise(model)",
    oracle=_reference,
    scene=set_start,
    look=what_the_start_is,
    cases=_cases,
    misconceptions=(
        Misconception(
            "the published rule, biases too",
            _variant(nn.init.normal_, bias=nn.init.normal_),
            "Variance 1 is neither Glorot's rule nor He's: the values grow from layer to layer. Draw with standard "
            "deviation √(2 / fan-in); and biases start at 0.",
        ),
        Misconception(
            "the published rule",
            _variant(nn.init.normal_),
            "Variance 1 is neither Glorot's rule nor He's: the values grow from layer to layer. Draw with standard "
            "deviation √(2 / fan-in).",
        ),
        Misconception(
            "the published rule, biases forgotten",
            _variant(nn.init.normal_, bias=None),
            "Variance 1 is neither Glorot's rule nor He's: draw with standard deviation √(2 / fan-in). The biases "
            "are to become 0, too.",
        ),
        Misconception(
            "one value for all",
            _variant(lambda weight: nn.init.constant_(weight, math.sqrt(2 / _fan_in(weight)))),
            "Your weights repeat one value, so all outputs of a layer are equal, get equal gradients and stay equal. "
            "Each weight needs its own random draw.",
        ),
        Misconception(
            "variance for standard deviation",
            _variant(_normal_of(lambda weight: 2 / _fan_in(weight))),
            "You drew with standard deviation 2 / fan-in: that is He's variance. `normal_` wants its root.",
            see="What the ReLU takes away",
        ),
        Misconception(
            "fan-out",
            _variant(lambda weight: nn.init.kaiming_normal_(weight, mode="fan_out")),
            "Your variance is 2 / fan-out. He's, as asked for here, is 2 / fan-in.",
            see="The way back, and Xavier's compromise",
        ),
        Misconception(
            "Xavier",
            _variant(nn.init.xavier_normal_),
            "That is Xavier's variance, 2 / (fan-in + fan-out). He's is 2 / fan-in.",
            see="The way back, and Xavier's compromise",
        ),
        Misconception(
            "kaiming_uniform_ with a = √5",
            _variant(lambda weight: nn.init.kaiming_uniform_(weight, a=math.sqrt(5))),
            "With `a=√5`, PyTorch's default, the variance is 1 / (3 fan-in). That `a` is the slope of a leaky ReLU; a "
            "plain ReLU has 0.",
        ),
        Misconception(
            "factor 1",
            _variant(_normal_of(lambda weight: math.sqrt(1 / _fan_in(weight)))),
            "Your variance is 1 / fan-in. The ReLU takes half away, and He's 2 gives it back.",
            see="What the ReLU takes away",
        ),
        Misconception(
            "window forgotten",
            _variant(_normal_of(lambda weight: math.sqrt(2 / weight.shape[1]))),
            "You counted the input channels only. The fan-in of a convolution is in × rows × columns.",
            see="The way back, and Xavier's compromise",
        ),
        Misconception(
            "small fixed weights",
            _variant(_normal_of(lambda weight: 0.01)),
            "You drew every weight with standard deviation 0.01, whatever the layer. The right one depends on the "
            "fan-in.",
        ),
        Misconception(
            "biases forgotten",
            _variant(bias=None),
            "The weights are right; the biases are as they were. They are to become 0.",
        ),
        Misconception(
            "convolutions only",
            _variant(kinds=(nn.Conv2d,)),
            "Your linear layers are as they were.",
        ),
        Misconception(
            "linear layers only",
            _variant(kinds=(nn.Linear,)),
            "Your convolutions are as they were.",
        ),
        Misconception(
            "outer layers only",
            _variant(deep=False),
            "You reach only the model's direct children. Layers can hold layers: `model.modules()` goes all the way "
            "down.",
        ),
        Misconception(
            "batch norm reset",
            _variant(norms=_norm_reset),
            "You changed batch norm's scale and shift. Leave them as they are.",
        ),
    ),
    hints=(
        "`model.modules()` gives every layer, however deep; `isinstance(layer, (nn.Conv2d, nn.Linear))` picks.",
        "`nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')` is He's rule; or take `he_init` of your own.",
        "A layer's bias may be None.",
    ),
    see="Where this goes wrong in the wild",
)
