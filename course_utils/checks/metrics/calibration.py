"""Exercise of lesson 09: the expected calibration error."""

from __future__ import annotations

from collections.abc import Callable

import torch

from course_utils.checks.case import Case, Misconception
from course_utils.checks.functions import FunctionExercise


def _whole(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high, (), generator=rng))


def _network(rng: torch.Generator, n: int, k: int, sharpness: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities of an overconfident network, and labels that follow its own opinion, softened."""
    logits = torch.randn(n, k, generator=rng, dtype=torch.float64)
    labels = torch.multinomial(torch.softmax(1.5 * logits, 1), 1, generator=rng)[:, 0]
    return torch.softmax(sharpness * logits, 1), labels


def _rows(rng: torch.Generator, *kinds: tuple[float, bool]) -> tuple[torch.Tensor, torch.Tensor]:
    """A few images of each kind (confidence, right), the likeliest class in turn each of three."""
    probabilities, labels = [], []
    for confidence, right in kinds:
        for number in range(_whole(rng, 2, 6)):
            row = torch.full((3,), (1 - confidence) / 2, dtype=torch.float64)
            row[number % 3] = confidence
            probabilities.append(row)
            labels.append(number % 3 if right else (number + 1) % 3)
    return torch.stack(probabilities), torch.tensor(labels)


def _cases(rng: torch.Generator) -> list[Case]:
    on_edges = _rows(rng, (0.5, True), (0.46, False), (0.75, False), (0.71, True), (0.6, False), (0.85, True))
    certain = _rows(rng, (1.0, False), (1.0, True), (0.9, True), (0.55, False))
    return [
        Case((*_network(rng, 120, 5, 3.0), 10), label="ten bins"),
        Case((*_network(rng, 200, 10, 4.0), 15), label="fifteen bins, ten classes"),
        Case((*on_edges, 4), label="confidences on the edges of four bins"),
        Case((*certain, 5), label="confidences of 1"),
        Case((*_network(rng, 60, 4, 2.0), 1), label="a single bin"),
        Case((*_network(rng, 25, 3, 3.0), 40), label="more bins than images"),
    ]


def _said_and_got(probabilities: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    confidence, predictions = probabilities.double().max(dim=1)
    return confidence, (predictions == labels).double()


def _gaps(confidence: torch.Tensor, right: torch.Tensor, bins: int) -> list[tuple[int, float]]:
    """(images, accuracy - mean confidence) of each bin (low, high] that is not empty, bin by bin."""
    found = []
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if inside.any():
            found.append((int(inside.sum()), float(right[inside].mean() - confidence[inside].mean())))
    return found


def _ece(probabilities: torch.Tensor, labels: torch.Tensor, bins: int) -> float:
    gaps = _gaps(*_said_and_got(probabilities, labels), bins)
    return sum(count * abs(gap) for count, gap in gaps) / len(labels)


def _combined(how: Callable) -> Callable:
    """The right bins, and `how(gaps, n, bins)` makes the number."""

    def answer(probabilities: torch.Tensor, labels: torch.Tensor, bins: int) -> float:
        return float(how(_gaps(*_said_and_got(probabilities, labels), bins), len(labels), bins))

    return answer


def _placed(where: Callable) -> Callable:
    """`where(confidence, bins)` gives the bin of each image; images beyond the last bin are lost."""

    def answer(probabilities: torch.Tensor, labels: torch.Tensor, bins: int) -> float:
        confidence, right = _said_and_got(probabilities, labels)
        places = where(confidence, bins)
        sums = torch.zeros(bins + 1, dtype=torch.float64).index_add_(0, places, right - confidence)
        return float(sums[:bins].abs().sum() / len(labels))

    return answer


def _equally_full(confidence: torch.Tensor, bins: int) -> torch.Tensor:
    return torch.argsort(torch.argsort(confidence)) * bins // len(confidence)


def _of_true_class(probabilities: torch.Tensor, labels: torch.Tensor, bins: int) -> float:
    confidence = probabilities.double()[torch.arange(len(labels)), labels]
    _, right = _said_and_got(probabilities, labels)
    return sum(count * abs(gap) for count, gap in _gaps(confidence, right, bins)) / len(labels)


def _middle_of_the_bin(probabilities: torch.Tensor, labels: torch.Tensor, bins: int) -> float:
    confidence, right = _said_and_got(probabilities, labels)
    places = (torch.ceil(confidence * bins) - 1).long()
    middle = (places + 0.5) / bins
    return sum(count * abs(gap) for count, gap in _gaps(middle, right, bins)) / len(labels)


def _image_by_image(probabilities: torch.Tensor, labels: torch.Tensor, bins: int) -> float:
    confidence, right = _said_and_got(probabilities, labels)
    return float((right - confidence).abs().mean())


EXPECTED_CALIBRATION_ERROR = FunctionExercise(
    name="expected_calibration_error",
    points=3,
    minutes=15,
    by_hand=("multiclass_calibration_error", "MulticlassCalibrationError", "calibration_error"),
    oracle=_ece,
    cases=_cases,
    keeps_inputs=True,
    misconceptions=(
        Misconception(
            "confidence 1 lost",
            _placed(lambda confidence, bins: (confidence * bins).floor().long()),
            "Your bins include their lower edge, so a confidence of exactly 1 falls beyond the last one and is lost: "
            "the model's surest answers. An edge belongs to the bin below it.",
        ),
        Misconception(
            "edges to the bin above",
            _placed(lambda confidence, bins: (confidence * bins).floor().long().clamp(max=bins - 1)),
            "A confidence on an edge lands in the bin above it. Here each bin includes its upper edge and not its "
            "lower one.",
        ),
        Misconception(
            "equally full bins",
            _placed(_equally_full),
            "Your bins hold equally many images each. Asked for are bins of equal width, which may be empty.",
        ),
        Misconception(
            "gaps with their signs",
            _combined(lambda gaps, n, bins: abs(sum(count * gap for count, gap in gaps)) / n),
            "You add up the gaps with their signs, so that a bin that says too much pays for one that says too little. "
            "Take the absolute value in each bin.",
        ),
        Misconception(
            "all bins count alike",
            _combined(lambda gaps, n, bins: sum(abs(gap) for _, gap in gaps) / len(gaps)),
            "Each of your bins counts alike, however few images it holds. Weigh a bin by its share of the images.",
        ),
        Misconception(
            "divided by the number of bins",
            _combined(lambda gaps, n, bins: sum(abs(gap) for _, gap in gaps) / bins),
            "You divide by the number of bins, empty ones too. Weigh a bin by its share of the images.",
        ),
        Misconception(
            "the largest gap",
            _combined(lambda gaps, n, bins: max(abs(gap) for _, gap in gaps)),
            "This is the largest gap, called the maximum calibration error. Asked for is the mean over images.",
        ),
        Misconception(
            "squared gaps",
            _combined(lambda gaps, n, bins: sum(count * gap**2 for count, gap in gaps) / n),
            "You square the gaps. Asked for are their absolute values.",
        ),
        Misconception(
            "the middle of the bin",
            _middle_of_the_bin,
            "You compare the accuracy of a bin with the middle of the bin. Asked for is the mean confidence of the "
            "images in it.",
        ),
        Misconception(
            "no bins",
            _image_by_image,
            "You take the gap of each image by itself, |right - confidence|. One image is never right nine times in "
            "ten: average inside each bin first, then take the gap.",
        ),
        Misconception(
            "the probability of the true class",
            _of_true_class,
            "You sort by the probability of the true class. The confidence is what the model says of its own answer: "
            "the largest probability.",
        ),
    ),
    hints=(
        "`confidence, predictions = probabilities.max(dim=1)`.",
        "A loop over the bins is fine: which images have b/bins < confidence <= (b+1)/bins?",
        "n_b |accuracy_b - confidence_b| is the absolute value of the sum of (right - confidence) over the bin.",
    ),
    see="Does 90 % mean nine in ten?",
)
