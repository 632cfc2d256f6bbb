"""The architectures that the lessons build, one file each, named as in their papers."""

from course_utils.models.count import count_parameters
from course_utils.models.linear import LinearClassifier
from course_utils.models.mlp import MLP
from course_utils.models.small_cnn import SmallCNN

__all__ = ["MLP", "LinearClassifier", "SmallCNN", "count_parameters"]
