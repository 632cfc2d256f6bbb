"""Honest answers to the exercises of lesson 09, in several styles: every one must pass."""

import math
from fractions import Fraction

import numpy as np
import torch


def wilson_as_pulled_share(right, n, z=1.96):
    middle = (right + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(right * (n - right) / n + z * z / 4)
    return middle - half, middle + half


def wilson_by_roots(right, n, z=1.96):
    a = right / n
    low, high = sorted(np.roots([1 + z**2 / n, -(2 * a + z**2 / n), a**2]).real)
    return low, high


def wilson_torch(right, n, z=1.96):
    a, n = torch.tensor(right / n, dtype=torch.float64), float(n)
    signs = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    return (a + z**2 / 2 / n + signs * z * (a * (1 - a) / n + (z / 2 / n) ** 2).sqrt()) / (1 + z**2 / n)


def top_k_loop(logits, labels, k):
    hits = 0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        rivals = [value for place, value in enumerate(row) if place != label and value >= row[label]]
        hits += len(rivals) < k
    return hits / len(labels)


def top_k_numpy(logits, labels, k):
    z, y = logits.numpy(), labels.numpy()
    return np.mean((z >= z[np.arange(len(z)), y][:, None]).sum(axis=1) <= k)


def top_k_sorted(logits, labels, k):
    """The true class is right when it is strictly above the k-th best of the others."""
    true = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -math.inf).sort(dim=1, descending=True).values
    kth = others[:, k - 1]
    return (true > kth).float().mean()


def confusion_loop(labels, predictions, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for t, p in zip(labels, predictions, strict=True):
        matrix[t, p] += 1
    return matrix


def confusion_one_hot(labels, predictions, num_classes):
    hot = torch.eye(num_classes, dtype=torch.int64)
    return hot[labels].T @ hot[predictions]


def confusion_numpy(labels, predictions, num_classes):
    matrix = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(matrix, (labels.numpy(), predictions.numpy()), 1)
    return matrix


def confusion_accumulate(labels, predictions, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int32)
    ones = torch.ones(len(labels), dtype=torch.int32)
    return matrix.index_put_((labels, predictions), ones, accumulate=True)


def _divided(top, bottom):
    return top / bottom if bottom else 0.0


def prf_loop(matrix, average=None):
    table = matrix.tolist()
    k = len(table)
    tp = [table[c][c] for c in range(k)]
    fn = [sum(table[c]) - tp[c] for c in range(k)]
    fp = [sum(row[c] for row in table) - tp[c] for c in range(k)]
    support = [tp[c] + fn[c] for c in range(k)]
    if average == "micro":
        tp, fn, fp, support, k = [sum(tp)], [sum(fn)], [sum(fp)], [1], 1
    precision = [_divided(tp[c], tp[c] + fp[c]) for c in range(k)]
    recall = [_divided(tp[c], tp[c] + fn[c]) for c in range(k)]
    f1 = [_divided(2 * p * r, p + r) for p, r in zip(precision, recall, strict=True)]
    if average is None:
        return torch.tensor(precision), torch.tensor(recall), torch.tensor(f1)
    weights = support if average == "weighted" else [1] * k
    return tuple(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
                 for values in (precision, recall, f1))  # fmt: skip


def prf_numpy(matrix, average=None):
    m = matrix.numpy().astype(float)
    tp, said, support = np.diag(m), m.sum(0), m.sum(1)
    if average == "micro":
        accuracy = tp.sum() / m.sum()
        return accuracy, accuracy, accuracy
    with np.errstate(invalid="ignore"):
        values = [np.nan_to_num(top / bottom) for top, bottom in
                  ((tp, said), (tp, support), (2 * tp, said + support))]  # fmt: skip
    if average == "macro":
        return [value.mean() for value in values]
    if average == "weighted":
        return [np.average(value, weights=support) for value in values]
    return values


def prf_where(matrix, average=None):
    m = matrix.float()
    tp = m.diagonal()
    fp, fn = m.sum(0) - tp, m.sum(1) - tp
    weights = {"weighted": (tp + fn) / m.sum()}.get(average, torch.full((len(m),), 1 / len(m)))
    if average == "micro":
        tp, fp, fn, weights = tp.sum(), fp.sum(), fn.sum(), torch.tensor(1.0)

    def safe(top, bottom):
        return torch.where(bottom == 0, torch.zeros(()), top / bottom)

    values = safe(tp, tp + fp), safe(tp, tp + fn), safe(2 * tp, 2 * tp + fp + fn)
    return values if average is None else tuple((weights * v).sum() for v in values)


def ap_loop(scores, labels):
    pairs = list(zip(scores.tolist(), labels.tolist(), strict=True))
    positives = sum(label for _, label in pairs)
    total = before = 0.0
    for threshold in sorted({score for score, _ in pairs}, reverse=True):
        called = [label for score, label in pairs if score >= threshold]
        recall = sum(called) / positives
        total += (recall - before) * sum(called) / len(called)
        before = recall
    return total


def ap_sorted(scores, labels):
    order = torch.argsort(scores, descending=True)
    s, y = scores[order], labels[order].double()
    last = torch.cat([s[1:] != s[:-1], torch.tensor([True])])  # where a group of equal scores ends
    tp = y.cumsum(0)[last]
    called = torch.arange(1, len(y) + 1)[last]
    gains = torch.diff(tp, prepend=torch.zeros(1, dtype=torch.float64)) / y.sum()
    return (gains * tp / called).sum()


def ap_numpy(scores, labels):
    s, y = scores.numpy(), labels.numpy()
    of_positive = [y[s >= score].mean() for score in s[y == 1]]  # precision at the score of each positive
    return np.mean(of_positive)


def ece_loop(probabilities, labels, bins):
    total = 0.0
    confidence, predictions = probabilities.max(dim=1)
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if inside.any():
            accuracy = (predictions[inside] == labels[inside]).float().mean()
            total += inside.float().mean() * (accuracy - confidence[inside].mean()).abs()
    return total


def ece_numpy(probabilities, labels, bins):
    p = probabilities.numpy()
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels.numpy()
    places = np.digitize(confidence, np.linspace(0, 1, bins + 1), right=True) - 1
    return sum(abs((right[places == b] - confidence[places == b]).sum()) for b in range(bins)) / len(p)


def ece_ceil(probabilities, labels, bins):
    confidence = probabilities.amax(1)
    right = (probabilities.argmax(1) == labels).double()
    places = (confidence * bins).ceil().long() - 1
    return torch.zeros(bins).double().scatter_add(0, places, confidence - right).abs().sum() / len(labels)


def mcnemar_loop(right_a, right_b):
    b = c = 0
    for x, y in zip(right_a.tolist(), right_b.tolist(), strict=True):
        b, c = b + (x and not y), c + (y and not x)
    if b == c:
        return 1.0
    tail = sum(math.comb(b + c, i) * 0.5 ** (b + c) for i in range(min(b, c) + 1))
    return 2 * tail


def mcnemar_numpy(right_a, right_b):
    a, b = right_a.numpy(), right_b.numpy()
    first, second = np.sum(a > b), np.sum(b > a)
    d, larger = int(first + second), int(max(first, second))
    return np.minimum(1.0, 2 * sum(math.comb(d, i) for i in range(larger, d + 1)) / 2**d)


def mcnemar_all_splits(right_a, right_b):
    """Add up every split at least as uneven as the one seen."""
    b, c = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    d = b + c
    return sum(math.comb(d, i) for i in range(d + 1) if abs(2 * i - d) >= abs(b - c)) / 2**d


def size_plain(accuracy, claim, z=1.96):
    if not accuracy > claim:
        raise ValueError("never")
    return int(np.ceil((z / (accuracy - claim)) ** 2 * (claim - claim**2)))


def size_floor(accuracy, claim, z=1.96):
    distance = accuracy - claim
    if distance <= 0:
        raise ValueError
    return -int(-z * z * claim * (1 - claim) / distance / distance // 1)


def size_search(accuracy, claim, z=1.96):
    if accuracy <= claim:
        raise ValueError("an accuracy at or below the claim")
    n = 1
    while wilson_as_pulled_share(accuracy * n, n, z)[0] < claim:
        n += 1
    return n


def audit_loop(rows, accuracy, decimals):
    h = 10**-decimals / 2
    flags = []
    for p, r, f, _ in rows:
        low, high = [2 * (p + s) * (r + s) / (p + r + 2 * s) for s in (-h, h)]
        flags.append(not (low <= f + h and f - h <= high))
    total = sum(n for *_, n in rows)
    lowest = sum((r - h) * n for _, r, _, n in rows) / total
    highest = sum((r + h) * n for _, r, _, n in rows) / total
    flags.append(accuracy + h < lowest or accuracy - h > highest)
    return flags


def audit_numpy(rows, accuracy, decimals):
    p, r, f, n = np.array(rows).T
    h = 0.5 * 0.1**decimals

    def f1(p, r):
        return 2 / (1 / np.maximum(p, 1e-12) + 1 / np.maximum(r, 1e-12))

    rows_wrong = (f - h > f1(p + h, r + h)) | (f + h < f1(p - h, r - h))
    return np.append(rows_wrong, abs(np.average(r, weights=n) - accuracy) > 2 * h)


def audit_corners(rows, accuracy, decimals):
    unit = 10.0 ** (-decimals)
    answer = []
    for p, r, f, _support in rows:
        values = [
            2 * x * y / (x + y) if x + y > 0 else 0.0
            for x in (max(0, p - unit / 2), min(1, p + unit / 2))
            for y in (max(0, r - unit / 2), min(1, r + unit / 2))
        ]
        answer.append(f > max(values) + unit / 2 or f < min(values) - unit / 2)
    weighted = torch.tensor([[row[1], row[3]] for row in rows], dtype=torch.float64)
    mean = (weighted[:, 0] * weighted[:, 1]).sum() / weighted[:, 1].sum()
    answer.append(bool(abs(mean - accuracy) > unit))
    return answer


def wilson_by_bisection(right, n, z=1.96):
    def surprised(p):
        return (right / n - p) ** 2 > z**2 * p * (1 - p) / n

    def edge(outside, inside):
        for _ in range(60):
            middle = (outside + inside) / 2
            outside, inside = (middle, inside) if surprised(middle) else (outside, middle)
        return inside

    return edge(0.0, right / n), edge(1.0, right / n)


def confusion_einsum(labels, predictions, num_classes):
    said = torch.nn.functional.one_hot(predictions, num_classes)
    return torch.einsum("ni,nj->ij", torch.nn.functional.one_hot(labels, num_classes), said)


def top_k_lowered(logits, labels, k):
    """The true logits pushed down by less than any gap, so that ties are lost."""
    lowered = logits.double().clone()
    lowered[range(len(labels)), labels] -= 1e-9
    return (lowered.argsort(dim=1, descending=True)[:, :k] == labels[:, None]).any(dim=1).double().mean()


def ap_all_pairs(scores, labels):
    passed = (scores[None, :] >= scores[:, None]).double()  # row i: who passes the score of image i
    precision = passed @ labels.double() / passed.sum(dim=1)
    return precision[labels == 1].mean()


def ece_one_hot(probabilities, labels, bins):
    confidence, predictions = probabilities.max(1)
    places = torch.bucketize(confidence, torch.linspace(0, 1, bins + 1, dtype=torch.float64)) - 1
    members = torch.nn.functional.one_hot(places, bins).double()  # (N, bins)
    return (members.T @ ((predictions == labels).double() - confidence)).abs().sum() / len(labels)


def mcnemar_fractions(right_a, right_b):
    d = int((right_a ^ right_b).sum())
    m = min(int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))
    return float(min(Fraction(1), sum(Fraction(2 * math.comb(d, i), 2**d) for i in range(m + 1))))


def size_fractions(accuracy, claim, z=1.96):
    a, c, z = (Fraction(str(number)) for number in (accuracy, claim, z))
    if a <= c:
        raise ValueError("never")
    return math.ceil(z**2 * c * (1 - c) / (a - c) ** 2)


def audit_fractions(rows, accuracy, decimals):
    def exact(number):
        return Fraction(round(number * 10**decimals), 10**decimals)

    def f1(p, r):
        return 2 * p * r / (p + r) if p > 0 and r > 0 else 0

    unit = Fraction(1, 10**decimals)
    h = unit / 2
    flags = []
    for p, r, f in (map(exact, row[:3]) for row in rows):
        flags.append(f1(p + h, r + h) < f - h or f1(p - h, r - h) > f + h)
    weighted = sum(exact(row[1]) * row[3] for row in rows) / sum(row[3] for row in rows)
    return [*flags, abs(weighted - exact(accuracy)) > unit]


def audit_tensors(rows, accuracy, decimals):
    p, r, f, n = torch.tensor(rows, dtype=torch.float64).T
    h = 10.0**-decimals / 2

    def f1(shift):
        top, bottom = (p + shift).clamp(0, 1), (r + shift).clamp(0, 1)
        return torch.nan_to_num(2 * top * bottom / (top + bottom))

    wrong = (f1(h) < f - h) | (f1(-h) > f + h)
    return torch.cat([wrong, ((r * n).sum() / n.sum() - accuracy).abs()[None] > 2 * h]).tolist()


RIGHT = {
    "wilson_interval": [wilson_as_pulled_share, wilson_by_roots, wilson_torch],
    "top_k_accuracy": [top_k_loop, top_k_numpy],
    "confusion_matrix": [confusion_loop, confusion_one_hot, confusion_numpy, confusion_accumulate],
    "precision_recall_f1": [prf_loop, prf_numpy, prf_where],
    "average_precision": [ap_loop, ap_sorted, ap_numpy],
    "expected_calibration_error": [ece_loop, ece_numpy, ece_ceil],
    "mcnemar": [mcnemar_loop, mcnemar_numpy, mcnemar_all_splits],
    "minimum_test_size": [size_plain, size_floor, size_search],
    "audit_report": [audit_loop, audit_numpy, audit_corners],
}
RIGHT["wilson_interval"].append(wilson_by_bisection)
RIGHT["top_k_accuracy"] += [top_k_sorted, top_k_lowered]
RIGHT["confusion_matrix"].append(confusion_einsum)
RIGHT["average_precision"].append(ap_all_pairs)
RIGHT["expected_calibration_error"].append(ece_one_hot)
RIGHT["mcnemar"].append(mcnemar_fractions)
RIGHT["minimum_test_size"].append(size_fractions)
RIGHT["audit_report"] += [audit_fractions, audit_tensors]
