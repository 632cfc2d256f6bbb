"""Lesson 07: the exercise `find_the_leak`."""

from __future__ import annotations

from course_utils.checks.case import Misconception
from course_utils.checks.values import ChoiceExercise

FIND_THE_LEAK = ChoiceExercise(
    name="find_the_leak",
    points=2,
    minutes=10,
    options={
        "clean": "nothing is wrong",
        "statistics": "images of the validation set decide a number that training uses",
        "duplicates": "views of one photograph can be in both splits",
        "moving": "the validation images change from look to look",
    },
    answer={"A": "statistics", "B": "duplicates", "C": "clean", "D": "moving"},
    misconceptions=(
        Misconception(
            "A called clean",
            {"A": "clean"},
            "A: in which line are the mean and the standard deviation computed, and which images are among "
            "them at that moment?",
        ),
        Misconception(
            "A called duplicates",
            {"A": "duplicates"},
            "A: it splits by photograph, so no photograph is in both splits. Look at what happens before the "
            "split.",
        ),
        Misconception(
            "B called moving",
            {"B": "moving"},
            "B: the views are made once and then stay as they are. Which views of one photograph may end up "
            "on both sides of the split?",
        ),
        Misconception(
            "B called clean",
            {"B": "clean"},
            "B: follow one photograph through it. It becomes five views, and `random_split` knows nothing of "
            "where they came from.",
        ),
        Misconception(
            "B called statistics",
            {"B": "statistics"},
            "B: it computes no number from the images. What is split: photographs, or views of them?",
        ),
        Misconception(
            "C called statistics",
            {"C": "statistics"},
            "C: its mean and standard deviation come from the training images, after the split. To *use* them "
            "on the validation images is right.",
        ),
        Misconception(
            "C called moving",
            {"C": "moving"},
            "C: only its training loader augments. The validation images are normalised, by the same numbers "
            "each time.",
        ),
        Misconception(
            "D called clean",
            {"D": "clean"},
            "D: both loaders get the same transform, and that transform draws at random. What does the second "
            "look at the validation images see?",
        ),
        Misconception(
            "D called duplicates",
            {"D": "duplicates"},
            "D: it splits by photograph first, so views of one photograph stay on one side. Look at what the "
            "validation loader does.",
        ),
        Misconception(
            "D called statistics",
            {"D": "statistics"},
            "D: it normalises by numbers of the training images. Look at the rest of the transform, and at "
            "who gets it.",
        ),
    ),
    hints=(
        "Ask of each line: which images are in it, and is it before or after the split?",
        "One of the four is clean: it augments in one loader only.",
    ),
    see="Leaks",
)
