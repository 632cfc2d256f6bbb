"""Interactive figures. Each function returns one; as the last line of a cell it is shown.

Every module has `draw(...)`, which makes the picture without any widget, and `describe(...)`, its text
alternative.
"""

from .augmentation_gallery import augmentation_gallery
from .backward_explorer import backward_explorer
from .convolution_stepper import convolution_stepper
from .depth_explorer import depth_explorer
from .filter_gallery import filter_gallery
from .interval_explorer import interval_explorer
from .loading_time import loading_time
from .overfitting_explorer import overfitting_explorer
from .pattern import InteractiveFigure
from .sick_run_explorer import sick_run_explorer
from .softmax_explorer import softmax_explorer
from .stability_map import stability_map
from .threshold_explorer import threshold_explorer
from .valley_race import valley_race
from .votes_explorer import votes_explorer
from .wordnet_tree import wordnet_tree

__all__ = [
    "InteractiveFigure",
    "augmentation_gallery",
    "backward_explorer",
    "convolution_stepper",
    "depth_explorer",
    "filter_gallery",
    "interval_explorer",
    "loading_time",
    "overfitting_explorer",
    "sick_run_explorer",
    "softmax_explorer",
    "stability_map",
    "threshold_explorer",
    "valley_race",
    "votes_explorer",
    "wordnet_tree",
]
