"""Exercise of lesson 01: published claims about ImageNet."""

from __future__ import annotations

from course_utils.checks.case import Misconception
from course_utils.checks.values import ChoiceExercise

_ANSWER = {
    **dict.fromkeys("BCFKN", "true"),
    **dict.fromkeys("DEGIJL", "false"),
    **dict.fromkeys("AHM", "confused"),
}

# Claim, wrong mark, name for the report, sentence.
_WRONG = (
    ("A", "true", "14 million in 1,000 classes",
     "A: how many classes have the 14 million images, and how many images have the 1,000 classes?"),
    ("A", "false", "14 million, both halves rejected",
     "A: 14 million is the size of one ImageNet, and 1,000 the number of classes of one. Of the same?"),
    ("B", "false", "training size of ILSVRC", "B: look at the table of the two data sets again."),
    ("B", "confused", "training size of ILSVRC, confused", "B: name and number both stand in one row of the table."),
    ("C", "false", "address of the authors", "C: where did Li Fei-Fei work when the project began?"),
    ("D", "true", "Google as a maker", "D: which universities do the makers come from, and is there a company among them?"),
    ("D", "confused", "Google as a maker, confused",
     "D: no other data set of this name was made by these two. Google's own set of 2017 has another name."),
    ("E", "true", "volunteers sent photographs", "E: where did the candidates come from? See the four steps."),
    ("F", "false", "what the workers did", "F: step 3 of the four says what the workers were asked."),
    ("G", "true", "VOC and COCO derived", "G: compare the years, and who published them."),
    ("G", "confused", "VOC and COCO derived, confused",
     "G: 'confused' is for two data sets that bear one name. These are three projects, each by itself."),
    ("H", "true", "full set split", "H: which of the two data sets has a split at all?"),
    ("H", "false", "full set split, rejected",
     "H: there is a data set with 14,197,122 images, and one that is split so. Of the same name."),
    ("I", "true", "test labels at hand", "I: have the labels of the test images ever been published? And should a "
     "test set choose?"),
    ("J", "true", "21K as a successor", "J: which number of classes does '21K' stand for?"),
    ("K", "false", "label errors", "K: read 'How good the labels are' again."),
    ("L", "true", "medical task", "L: under which subtrees did ImageNet begin? Is there a diagnosis among its labels?"),
    ("L", "confused", "medical task, confused", "L: no data set of this name has a medical task."),
    ("M", "true", "validation over all synsets", "M: 50 validation images for each class: how many classes is that?"),
    ("M", "false", "validation over all synsets, rejected",
     "M: 50,000 validation images exist, and 21,841 synsets exist. In the same data set of this name?"),
    ("N", "false", "faces blurred", "N: read 'What changed from 2019 to 2021' again."),
)  # fmt: skip

fact_desk = ChoiceExercise(
    name="fact_desk",
    points=3,
    minutes=15,
    options={
        "true": "the claim holds as it stands",
        "false": "the claim does not hold",
        "confused": "each half is true of a data set of that name, but of two different ones",
    },
    answer=dict(sorted(_ANSWER.items())),
    misconceptions=tuple(
        Misconception(
            name,
            {claim: mark},
            says,
            see="What ImageNet is: two data sets with one name" if claim in "ABHM" else "",
        )
        for claim, mark, name, says in _WRONG
    ),
    hints=(
        "For every number, write down to which of the two data sets it belongs.",
        "Three claims are 'confused'. All three join a number of one data set to a number or a property of the other.",
    ),
    see="The fact desk",
)
