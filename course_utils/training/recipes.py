"""What to train for one, three and ten minutes on two CPU cores: Imagenette at 64 pixels. Figures, no code.

Two questions decide a recipe. How many pictures a second does the network see? And how much does it learn
from each? All three use a small ResNet-9 and many passes rather than a large network and few.

    whitening and stride 2  The first layer is worked out, not learned; the rest works on a quarter of the
                            positions. What four neighbouring pixels say survives in 27 channels.
    width                   Doubling it is four times the arithmetic a picture. Near the best the choice is
                            flat: at about the same cost, width 24 with 35 epochs came out as width 32 with
                            22. The width for ten minutes is taken along the same line, not searched for.
    crop                    A window of the picture at its own scale, moved by a few pixels, and no `zoom`.
                            To cut a part and enlarge it blurs the picture and makes things larger than they
                            will be in validation (Touvron et al.). One zoom for a whole batch did the
                            most harm, it seems because each batch then has statistics of its own, and the
                            running averages of batch norm, which validation uses, fit none of them.
    smaller windows first   48 × 48 of the 64 × 64 pixels cost little more than half. The last stage
                            is at the size of validation, so that the statistics of batch norm fit (Tan and
                            Le). In one minute it neither helped nor harmed, and is left out.
    one_cycle, SGD, lr      The rate rises for a fifth of the run and falls in a straight line to 0 (Smith
                            and Topin; Page). Twice as high a rate changed little.
    label_smoothing         0.1 (Szegedy et al.).

Tried in single runs, found no better, and left out: an average of the weights (with a rate that ends at 0 the
last weights are at least as good), more smoothing, a third residual block, CutMix in three minutes.

D. Page: How to Train Your ResNet. myrtle.ai, 2018-2019.
K. Jordan: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU. arXiv:2404.00498, 2024.
H. Touvron, A. Vedaldi, M. Douze, H. Jégou: Fixing the train-test resolution discrepancy. NeurIPS 2019.
M. Tan, Q. V. Le: EfficientNetV2: Smaller Models and Faster Training. ICML 2021.
L. N. Smith, N. Topin: Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates.
    arXiv:1708.07120, 2017.
C. Szegedy et al.: Rethinking the Inception Architecture for Computer Vision. CVPR 2016.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """All that a run needs beside the pictures and a seed.

    Attributes:
        name: in a few words.
        minutes: what it is made for, on two cores with bfloat16 units.
        size: side of the pictures that it is made for, in pixels.
        model, model_options: for `models.by_name.build`. `whitening=True` stands for the tensors that
            `whitening_filters` finds in some hundred normalised training pictures.
        batch_size: pictures a step.
        loader_options: of the training `Batches`. The validation has none of them.
        config: settings of `TrainConfig`, with the epochs.
        sides: (share of the run, side): from there on the windows have that side. () is the whole picture.
    """

    name: str
    minutes: int
    size: int
    model: str
    model_options: dict[str, Any]
    batch_size: int
    loader_options: dict[str, Any]
    config: dict[str, Any]
    sides: tuple[tuple[float, int], ...] = ()

    @property
    def epochs(self) -> int:
        """Passes over the training pictures."""
        return self.config["epochs"]

    def with_epochs(self, epochs: int) -> Recipe:
        """The same run, longer or shorter, for another machine. The sides change at the same shares of it.

        Raises:
            ValueError: epochs is not a whole number from 1.
        """
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise ValueError(f"epochs={epochs!r}: a whole number from 1 is wanted")
        loader_options = dict(self.loader_options)
        if self.sides:  # where two fall on one epoch, the later holds
            loader_options["size"] = {
                min(round(share * epochs), epochs - 1): side for share, side in self.sides
            }
        return replace(self, loader_options=loader_options, config=self.config | {"epochs": epochs})


WINDOW = {"crop": "random", "padding": 4, "zoom": None, "flip": True, "erase": 0.0}
SGD = {
    "optimizer": "sgd",
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "schedule": "one_cycle",
    "warmup": 0.2,
    "final_lr": 0.0,
    "label_smoothing": 0.1,
}
STEM = {"stem_stride": 2, "whitening": True}

RECIPES: dict[int, Recipe] = {
    1: Recipe(
        name="ResNet-9, width 16",
        minutes=1,
        size=64,
        model="resnet9",
        model_options={"width": 16, **STEM},
        batch_size=64,
        loader_options={"size": 64, **WINDOW},
        config={"epochs": 12, "lr": 0.3, **SGD},
    ),
    3: Recipe(
        name="ResNet-9, width 32, windows of 48 and then 64 pixels",
        minutes=3,
        size=64,
        model="resnet9",
        model_options={"width": 32, **STEM},
        batch_size=128,
        loader_options=WINDOW,
        config={"lr": 0.4, **SGD},
        sides=((0.0, 48), (0.6, 64)),
    ).with_epochs(18),
    10: Recipe(
        name="ResNet-9, width 48, windows of 48 and then 64 pixels",
        minutes=10,
        size=64,
        model="resnet9",
        model_options={"width": 48, **STEM},
        batch_size=128,
        loader_options=WINDOW,
        config={"lr": 0.4, **SGD},
        sides=((0.0, 48), (0.6, 64)),
    ).with_epochs(27),
}


def recipe(minutes: int) -> Recipe:
    """The recipe found best for so many minutes.

    Raises:
        ValueError: there is none for that length.
    """
    if minutes not in RECIPES:
        raise ValueError(f"minutes={minutes!r}: there are recipes for {', '.join(map(str, RECIPES))} minutes")
    return RECIPES[minutes]
