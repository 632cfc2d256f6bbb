"""`python -m course_utils.training …` is `course train …`; torchrun starts it by this name."""

import sys

from course_utils.cli import main

sys.exit(main(["train", *sys.argv[1:]]))
