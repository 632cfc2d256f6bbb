"""The architectures that the lessons build, one file each, named as in their papers."""

from course_utils.models.alexnet import AlexNet
from course_utils.models.by_name import build
from course_utils.models.count import count_parameters
from course_utils.models.googlenet import GoogLeNet, GoogLeNetOutputs, googlenet_loss
from course_utils.models.lenet import LeNet5
from course_utils.models.linear import LinearClassifier
from course_utils.models.mlp import MLP
from course_utils.models.resnet import BasicBlock, Bottleneck, ResNet
from course_utils.models.resnet9 import ResNet9, whitening_filters
from course_utils.models.small_cnn import SmallCNN
from course_utils.models.vgg import VGG

__all__ = [
    "MLP",
    "VGG",
    "AlexNet",
    "BasicBlock",
    "Bottleneck",
    "GoogLeNet",
    "GoogLeNetOutputs",
    "LeNet5",
    "LinearClassifier",
    "ResNet",
    "ResNet9",
    "SmallCNN",
    "build",
    "count_parameters",
    "googlenet_loss",
    "whitening_filters",
]
