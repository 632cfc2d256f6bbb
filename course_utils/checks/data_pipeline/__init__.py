"""The exercises of lesson 07, in its order."""

from course_utils.checks.data_pipeline.batching import STRATIFIED_BATCHES
from course_utils.checks.data_pipeline.boxes import RANDOM_RESIZED_CROP_BOX
from course_utils.checks.data_pipeline.collating import COLLATE_PADDED
from course_utils.checks.data_pipeline.leaks import FIND_THE_LEAK
from course_utils.checks.data_pipeline.mixing import CUTMIX
from course_utils.checks.data_pipeline.normalising import NORMALISE
from course_utils.checks.data_pipeline.preparing import PREPARE
from course_utils.checks.data_pipeline.whole_batches import AUGMENT_BATCH
from course_utils.checks.session import Checks

check = Checks(
    "07_data_pipeline",
    [
        RANDOM_RESIZED_CROP_BOX,
        NORMALISE,
        COLLATE_PADDED,
        CUTMIX,
        STRATIFIED_BATCHES,
        FIND_THE_LEAK,
        PREPARE,
        AUGMENT_BATCH,
    ],
)
