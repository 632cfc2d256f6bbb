"""Wrong answers to the exercises of lesson 09 that no misconception lists: every one must be refused."""

import math

import numpy as np
import torch
from sklearn import metrics


def _wilson(right, n, z=1.96):
    a = right / n
    half = z * math.sqrt(a * (1 - a) / n + z**2 / (4 * n**2))
    return (a + z**2 / (2 * n) - half) / (1 + z**2 / n), (a + z**2 / (2 * n) + half) / (1 + z**2 / n)


def _by_pieces(right, n, z, pull=None, second=None, scale=None):
    """Wilson's formula with one piece exchanged."""
    a = right / n
    middle = a + (z**2 / (2 * n) if pull is None else pull)
    half = z * math.sqrt(a * (1 - a) / n + (z**2 / (4 * n**2) if second is None else second))
    return (middle - half) / (scale or 1 + z**2 / n), (middle + half) / (scale or 1 + z**2 / n)


def _size(accuracy, claim, z=1.96):
    if accuracy <= claim:
        raise ValueError
    return z**2 * claim * (1 - claim) / (accuracy - claim) ** 2


def _table(labels, predictions, k):
    return torch.bincount(labels * k + predictions, minlength=k * k).reshape(k, k)


def _forgets_to_copy(labels, predictions, k):
    labels.mul_(k).add_(predictions)
    return torch.bincount(labels, minlength=k * k).reshape(k, k)


def _prf(matrix, average=None):
    truth, said = torch.cartesian_prod(torch.arange(len(matrix)), torch.arange(len(matrix))).T.numpy()
    found = metrics.precision_recall_fscore_support(
        truth,
        said,
        labels=range(len(matrix)),
        average=average,
        sample_weight=matrix.reshape(-1).numpy(),
        zero_division=0,
    )
    return tuple(torch.as_tensor(value) for value in found[:3])


def _best_precision(scores, labels, least):
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    return precision[recall >= least].max()


def _worst_ties(scores, labels):
    """Image by image, of equal scores the negatives first."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i].item(), labels[i].item()))
    hits = labels[order].double()
    return float((hits.cumsum(0) / torch.arange(1, len(hits) + 1) * hits).sum() / hits.sum())


def _gap(probabilities, labels, bins):
    confidence, said = probabilities.double().max(dim=1)
    right = (said == labels).double()
    sums = torch.zeros(bins, dtype=torch.float64)
    return sums.index_add_(0, (confidence * bins).ceil().long() - 1, right - confidence)


def _pair(right_a, right_b):
    return int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())


def _exact(b, c, upto):
    return sum(math.comb(b + c, i) for i in range(upto)) / 2 ** (b + c)


def _harmonic(p, r):
    return 2 * p * r / (p + r) if p > 0 and r > 0 else 0.0


def _audit(rows, accuracy, decimals):
    h = 0.5 * 10**-decimals

    def f1(p, r):
        p, r = min(max(p, 0), 1), min(max(r, 0), 1)
        return 2 * p * r / (p + r) if p + r else 0.0

    wrong = [f - h > f1(p + h, r + h) or f + h < f1(p - h, r - h) for p, r, f, _ in rows]
    weighted = sum(r * n for _, r, _, n in rows) / sum(row[3] for row in rows)
    return [*wrong, abs(accuracy - weighted) > 2 * h]


WRONG = {
    "wilson_interval": [
        lambda right, n, z=1.96: (0.0, 1.0),
        lambda right, n, z=1.96: tuple(100 * end for end in _wilson(right, n, z)),
        lambda right, n, z=1.96: _wilson(n - right, n, z),
        lambda right, n, z=1.96: _wilson(right, n - 1, z) if n > 1 else (0.2, 1.0),
        lambda right, n, z=1.96: _wilson(right, n, 2 * z),
        lambda right, n, z=1.96: _wilson(right, n, z)[0],
        lambda right, n, z=1.96: tuple(round(end, 2) for end in _wilson(right, n, z)),
        lambda right, n, z=1.96: _by_pieces(right, n, z, pull=z**2 / n),
        lambda right, n, z=1.96: _by_pieces(right, n, z, pull=z / (2 * n)),
        lambda right, n, z=1.96: _by_pieces(right, n, z, second=z**2 / (2 * n**2)),
        lambda right, n, z=1.96: _by_pieces(right, n, z, second=z / (4 * n**2)),
        lambda right, n, z=1.96: _by_pieces(right, n, z, scale=1 + z / n),
        lambda right, n, z=1.96: (max(0.05, _wilson(right, n, z)[0]), _wilson(right, n, z)[1]),
    ],
    "top_k_accuracy": [
        lambda logits, labels, k: (logits.topk(k).indices == labels[:, None]).float().sum(),
        lambda logits, labels, k: 1.0,
        lambda logits, labels, k: k / logits.shape[1],
        lambda logits, labels, k: (
            (logits.softmax(1).topk(k).indices == labels[:, None]).any(1).float().mean()
        ),
        lambda logits, labels, k: (
            ((logits >= logits.gather(1, labels[:, None])).sum(1) == k).double().mean()  # in place k exactly
        ),
        lambda logits, labels, k: float(  # equal logits share one place
            np.mean([(row.unique() > row[t]).sum().item() < k for row, t in zip(logits, labels, strict=True)])
        ),
        lambda logits, labels, k: (logits.argmax(1) == labels).float().mean() * k,
        lambda logits, labels, k: (logits >= logits[labels[0]]).float().mean(),
        lambda logits, labels, k: (logits.topk(k).indices == labels[:, None]).float().mean(),
        lambda logits, labels, k: (
            1 - (logits >= logits.gather(1, labels[:, None])).sum(1).sub(1).lt(k).float().mean()
        ),
    ],
    "confusion_matrix": [
        lambda labels, predictions, k: _table(labels, predictions, k).float(),
        lambda labels, predictions, k: _table(labels, predictions, k) + 1,
        lambda labels, predictions, k: _table(labels, labels, k),
        lambda labels, predictions, k: torch.bincount(labels * 10 + predictions, minlength=400)[
            : k * k
        ].reshape(k, k),
        lambda labels, predictions, k: torch.bincount(labels * 10 + predictions, minlength=400).reshape(
            -1, 10
        )[:k, :k],
        lambda labels, predictions, k: torch.bincount(labels * k + predictions).reshape(k, -1),
        lambda labels, predictions, k: _table(labels, predictions, k).clamp(max=1),
        lambda labels, predictions, k: _table(labels, predictions, k).flatten(),
        lambda labels, predictions, k: _table(labels, predictions, k).flip(0),
        lambda labels, predictions, k: (
            torch.histc((labels * k + predictions).float(), bins=k * k).reshape(k, k).long()
        ),
        _forgets_to_copy,
    ],
    "precision_recall_f1": [
        lambda matrix, average=None: _prf(matrix, average)[:2],
        lambda matrix, average=None: _prf(matrix, average)[::-1],
        lambda matrix, average=None: _prf(matrix.T.contiguous(), average),
        lambda matrix, average=None: _prf(matrix, "macro"),
        lambda matrix, average="macro": _prf(matrix, average),
        lambda matrix, average=None: _prf(matrix, "macro" if average == "micro" else average),
        lambda matrix, average=None: tuple((matrix.diag() / matrix.sum(dim)).double() for dim in (0, 1, 1)),
        lambda matrix, average=None: _prf(matrix, None),
        lambda matrix, average=None: tuple(100 * value for value in _prf(matrix, average)),
        lambda matrix, average=None: tuple(value.max() for value in _prf(matrix, average)),
        lambda matrix, average=None: _prf(matrix + 1, average),
    ],
    "average_precision": [
        lambda scores, labels: labels.double().mean(),
        lambda scores, labels: 1.0,
        lambda scores, labels: (
            float(metrics.average_precision_score(labels, scores)) * float(labels.double().mean())
        ),
        lambda scores, labels: float(  # the mean of the best precision at eleven recalls
            np.mean([_best_precision(scores, labels, recall) for recall in np.linspace(0, 1, 11)])
        ),
        lambda scores, labels: _worst_ties(scores, labels),
        lambda scores, labels: 1 - float(metrics.average_precision_score(labels, scores)),
        lambda scores, labels: float(metrics.average_precision_score(labels, scores.round(decimals=1))),
        lambda scores, labels: float(metrics.average_precision_score(labels, scores > scores.median())),
        lambda scores, labels: float(metrics.f1_score(labels, scores > 0)),
    ],
    "expected_calibration_error": [
        lambda probabilities, labels, bins: _gap(probabilities, labels, bins).abs().sum(),
        lambda probabilities, labels, bins: (
            _gap(probabilities, labels, max(1, bins - 1)).abs().sum() / len(labels)
        ),
        lambda probabilities, labels, bins: (
            (probabilities - torch.eye(probabilities.shape[1])[labels]).square().sum(1).mean()
        ),
        lambda probabilities, labels, bins: _gap(probabilities, labels, 10).abs().sum() / len(labels),
        lambda probabilities, labels, bins: _gap(probabilities, labels, bins + 1).abs().sum() / len(labels),
        lambda probabilities, labels, bins: (
            _gap(probabilities, labels, bins).clamp(min=0).sum() / len(labels)
        ),
        lambda probabilities, labels, bins: (
            (-_gap(probabilities, labels, bins)).clamp(min=0).sum() / len(labels)
        ),
        lambda probabilities, labels, bins: 1 - _gap(probabilities, labels, bins).abs().sum() / len(labels),
        lambda probabilities, labels, bins: _gap(probabilities, labels, bins).abs() / len(labels),
        lambda probabilities, labels, bins: (
            _gap(probabilities.softmax(1), labels, bins).abs().sum() / len(labels)
        ),
    ],
    "mcnemar": [
        lambda a, b: abs(float(a.double().mean() - b.double().mean())),
        lambda a, b: _exact(*_pair(a, b), max(_pair(a, b)) + 1),
        lambda a, b: min(1.0, 2 * _exact(*_pair(a, b), min(_pair(a, b)))),
        lambda a, b: math.comb(sum(_pair(a, b)), _pair(a, b)[0]) / 2 ** sum(_pair(a, b)),
        lambda a, b: min(1.0, 2 * _exact(*_pair(a, b), _pair(a, b)[0] + 1)),
        lambda a, b: 0.05,
        lambda a, b: (
            2 * _exact(*_pair(a, b), min(_pair(a, b)) + 1) / (1 + (_pair(a, b)[0] == _pair(a, b)[1]))
        ),
        lambda a, b: _exact(*_pair(a, b), min(_pair(a, b)) + 1) < 0.025,
        lambda a, b: min(1.0, 2 * _exact(int(a.sum()), int(b.sum()), int(min(a.sum(), b.sum())) + 1)),
        lambda a, b: _pair(a, b)[0] / max(1, sum(_pair(a, b))),
    ],
    "minimum_test_size": [
        lambda accuracy, claim, z=1.96: float(math.ceil(_size(accuracy, claim, z))),
        lambda accuracy, claim, z=1.96: 2 * math.ceil(_size(accuracy, claim, z)),
        lambda accuracy, claim, z=1.96: math.ceil(_size(accuracy, claim, z) ** 0.5),
        lambda accuracy, claim, z=1.96: math.ceil(
            z**2 * claim / (accuracy - claim) ** 2 if accuracy > claim else 0
        ),
        lambda accuracy, claim, z=1.96: math.ceil(4 * _size(accuracy, claim, z)),
        lambda accuracy, claim, z=1.96: 1000,
        lambda accuracy, claim, z=1.96: math.ceil(_size(accuracy, claim, z) + z**2),
        lambda accuracy, claim, z=1.96: round(_size(accuracy, claim, z)),
        lambda accuracy, claim, z=1.96: -(-int(_size(accuracy, claim, z)) // 10) * 10,
        lambda accuracy, claim, z=1.96: math.ceil(_size(accuracy, claim, z)) if accuracy != claim else 10**9,
    ],
    "audit_report": [
        lambda rows, accuracy, decimals: [False] * (len(rows) + 1),
        lambda rows, accuracy, decimals: [True] * (len(rows) + 1),
        lambda rows, accuracy, decimals: _audit(rows, accuracy, decimals)[:-1],
        lambda rows, accuracy, decimals: _audit(rows, accuracy, decimals)[::-1],
        lambda rows, accuracy, decimals: [
            *[
                f + 10**-decimals / 2 < _harmonic(p - 10**-decimals / 2, r - 10**-decimals / 2)
                for p, r, f, _ in rows
            ],
            _audit(rows, accuracy, decimals)[-1],
        ],  # only too low
        lambda rows, accuracy, decimals: [
            *_audit(rows, accuracy, decimals)[:-1],
            any(_audit(rows, accuracy, decimals)),
        ],
        lambda rows, accuracy, decimals: [
            *_audit(rows, accuracy, decimals)[:-1],
            not min(row[1] for row in rows) <= accuracy <= max(row[1] for row in rows),
        ],
        lambda rows, accuracy, decimals: [
            *[round(_harmonic(p, r), decimals) != f for p, r, f, _ in rows],
            _audit(rows, accuracy, decimals)[-1],
        ],
        lambda rows, accuracy, decimals: any(_audit(rows, accuracy, decimals)),
        lambda rows, accuracy, decimals: [i for i, bad in enumerate(_audit(rows, accuracy, decimals)) if bad],
        lambda rows, accuracy, decimals: _audit(rows, accuracy, 2),
        lambda rows, accuracy, decimals: np.array(_audit(rows, accuracy, decimals)).astype(float),
        lambda rows, accuracy, decimals: [
            *[f > max(p, r) for p, r, f, _ in rows],
            _audit(rows, accuracy, decimals)[-1],
        ],
    ],
}
