"""The exercises of lesson 01, images_and_imagenet."""

from course_utils.checks.images_and_imagenet.ancestors import lowest_common_ancestor
from course_utils.checks.images_and_imagenet.copies import duplicate_groups
from course_utils.checks.images_and_imagenet.devkit import devkit_labels
from course_utils.checks.images_and_imagenet.estimates import estimate_workers
from course_utils.checks.images_and_imagenet.facts import fact_desk
from course_utils.checks.images_and_imagenet.posteriors import label_posterior
from course_utils.checks.images_and_imagenet.sizes import split_sizes
from course_utils.checks.images_and_imagenet.splitting import split_by_group
from course_utils.checks.images_and_imagenet.stopping import ask_until_sure
from course_utils.checks.images_and_imagenet.tensors import to_chw_float
from course_utils.checks.images_and_imagenet.votes import majority_vote
from course_utils.checks.session import Checks

check = Checks(
    "01_images_and_imagenet",
    [
        to_chw_float,
        lowest_common_ancestor,
        devkit_labels,
        majority_vote,
        label_posterior,
        estimate_workers,
        duplicate_groups,
        split_by_group,
        ask_until_sure,
        split_sizes,
        fact_desk,
    ],
)
