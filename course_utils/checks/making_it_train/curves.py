"""Lesson 08: the exercise `diagnoses`."""

from __future__ import annotations

from course_utils.checks.case import Misconception
from course_utils.checks.values import ChoiceExercise

DIAGNOSES = ChoiceExercise(
    name="diagnoses",
    points=3,
    minutes=20,
    options={
        "rate too small": "you say that the learning rate is too small",
        "rate too large": "you say that the learning rate is too large",
        "weights too large": "you say that the first weights were too large",
        "overfitting": "you say that it overfits, with right labels",
        "labels shuffled": "you say that its training labels do not belong to the images",
        "softmax twice": "you say that the softmax is applied twice",
        "model too small": "you say that the model cannot fit even its training images",
        "healthy": "you say that nothing is wrong",
    },
    answer={
        "A": "softmax twice",
        "B": "overfitting",
        "C": "rate too large",
        "D": "weights too large",
        "E": "labels shuffled",
        "F": "rate too small",
    },
    misconceptions=(
        Misconception(
            "a floor taken for a small model",
            {"A": "model too small"},
            "Run A gets about as many images right as the healthy run, and its loss stays far higher. A model that is "
            "too small would get fewer right. What keeps a loss from falling, although the answers are right?",
        ),
        Misconception(
            "a floor taken for a small rate",
            {"A": "rate too small"},
            "Run A learns about as fast as the healthy run, by its accuracy. It is the loss that does not follow: what "
            "is the lowest loss that two softmaxes in a row allow for six classes (lesson 04)?",
        ),
        Misconception(
            "a floor overlooked",
            {"A": "healthy"},
            "Look at loss and accuracy of run A together, beside the healthy run: as many right answers, and a loss "
            "more than twice as high. The two do not fit.",
        ),
        Misconception(
            "overfitting taken for wrong labels",
            {"B": "labels shuffled"},
            "The validation accuracy of run B is well above chance: something true was learnt. With labels that do not "
            "belong to the images it could not be.",
        ),
        Misconception(
            "overfitting overlooked",
            {"B": "healthy"},
            "The training accuracy of run B is nearly perfect. Now look at its validation loss: it rises.",
        ),
        Misconception(
            "jumps taken for a small model",
            {"C": "model too small"},
            "Run C has the same model as the healthy run. Its loss starts at chance, jumps up, and comes to no rest: "
            "a small model settles.",
        ),
        Misconception(
            "jumps taken for large weights",
            {"C": "weights too large"},
            "Look at epoch 0 of run C: the untrained network is at chance, as it should be. It was thrown up later, by "
            "a step.",
        ),
        Misconception(
            "no progress taken for a small rate",
            {"C": "rate too small"},
            "Run C does not creep, it jumps: early on its loss rises far above chance. Small steps do not do that.",
        ),
        Misconception(
            "a high start taken for a large rate",
            {"D": "rate too large"},
            "The loss of run D is highest at epoch 0, before any step was taken, and falls from then on. The learning "
            "rate has no part in epoch 0.",
        ),
        Misconception(
            "a high start overlooked",
            {"D": "softmax twice"},
            "Two softmaxes in a row keep the loss between a floor and a ceiling one nat above it. Run D starts far "
            "above any such ceiling.",
        ),
        Misconception(
            "wrong labels taken for overfitting",
            {"E": "overfitting"},
            "Run E overfits, to be sure, but look at its validation accuracy: it is at chance and stays there. With "
            "right labels the same network does better than that, as run B shows.",
        ),
        Misconception(
            "creeping taken for a small model",
            {"F": "model too small"},
            "The loss of run F falls in every epoch, evenly and by next to nothing, and has not come to rest. A model "
            "that is too small learns quickly what it can, and then stops.",
        ),
        Misconception(
            "creeping taken for a large rate",
            {"F": "rate too large"},
            "The curve of run F is perfectly smooth. Steps that are too large make it jump.",
        ),
        Misconception(
            "creeping taken for wrong labels",
            {"F": "labels shuffled"},
            "Shuffled labels can be learnt by heart, as another run shows. Run F does not get its own training images "
            "right either.",
        ),
    ),
    hints=(
        "Start with epoch 0: which run is not at chance there?",
        "Two runs learn their training images nearly by heart. Compare their validation accuracy with chance.",
        "One run gets as many images right as the healthy one, at a loss far above. Compute ln(1 + 5/e).",
        "Of the two that are left, one creeps and one jumps.",
    ),
    see="Reading curves",
)
