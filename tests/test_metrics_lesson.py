"""Lesson 09: its oracles agree with further libraries, its reports are what they claim to be."""

import math

import pytest
import torch
from sklearn import metrics
from torchmetrics.functional import classification

from course_utils.checks.metrics import check, reports
from course_utils.checks.metrics.auditing import AUDIT_REPORT

SEEDS = range(3)


def cases(name, seed):
    return check.exercises[name].draw(seed)


def oracle(name, case):
    return check.exercises[name].oracle(*case.args, **case.kwargs)


@pytest.mark.parametrize("seed", SEEDS)
def test_averages_are_those_of_torchmetrics_where_all_classes_occur(seed):
    functions = (
        classification.multiclass_precision,
        classification.multiclass_recall,
        classification.multiclass_f1_score,
    )
    tried = 0
    for case in cases("precision_recall_f1", seed):
        matrix, average = case.args[0], (*case.args, None)[1]
        if bool((matrix.sum(0) + matrix.sum(1) == 0).any()):
            continue
        cells = (
            torch.arange(len(matrix)).repeat_interleave(len(matrix)),
            torch.arange(len(matrix)).repeat(len(matrix)),
        )
        truth, said = (each.repeat_interleave(matrix.reshape(-1)) for each in cells)
        for function, expected in zip(functions, oracle("precision_recall_f1", case), strict=True):
            got = function(said, truth, len(matrix), average=average or "none")
            torch.testing.assert_close(got.double(), torch.as_tensor(expected).double(), rtol=1e-5, atol=1e-6)
            tried += 1
    assert tried >= 12


def test_torchmetrics_leaves_out_what_does_not_occur_and_scikit_learn_counts_it():
    """As the lesson says under 'Three ways to average'."""
    truth, said = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1])
    out = classification.multiclass_recall(said, truth, 3, average="macro").item()
    counted = metrics.recall_score(truth, said, labels=range(3), average="macro", zero_division=0)
    assert out == pytest.approx(0.75) and counted == pytest.approx(0.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_calibration_error_is_that_of_torchmetrics_off_the_edges(seed):
    for case in cases("expected_calibration_error", seed):
        probabilities, labels, bins = case.args
        if "edges" in case.label or "of 1" in case.label:
            continue
        got = classification.multiclass_calibration_error(
            probabilities, labels, probabilities.shape[1], n_bins=bins
        )
        assert got.item() == pytest.approx(oracle("expected_calibration_error", case), abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_average_precision_is_that_of_torchmetrics(seed):
    for case in cases("average_precision", seed):
        scores, labels = case.args
        ranks = scores.unique(return_inverse=True)[1] / len(scores)  # torchmetrics wants them in [0, 1]
        got = classification.binary_average_precision(ranks, labels).item()
        assert got == pytest.approx(oracle("average_precision", case), abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_top_k_is_that_of_scikit_learn_without_ties(seed):
    for case in cases("top_k_accuracy", seed):
        logits, labels, k = case.args
        if all(len(row.unique()) == len(row) for row in logits):
            got = metrics.top_k_accuracy_score(labels, logits, k=k, labels=range(logits.shape[1]))
            assert got == pytest.approx(oracle("top_k_accuracy", case))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_wilson_ends_solve_the_equation_that_the_lesson_starts_from(seed):
    for case in cases("wilson_interval", seed):
        right, n = case.args
        z = case.kwargs.get("z", 1.96)
        for p in oracle("wilson_interval", case):
            distance = abs(right / n - p)
            assert distance == pytest.approx(z * math.sqrt(max(p * (1 - p), 0) / n), abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_true_reports_are_never_flagged(seed, decimals):
    rng = torch.Generator().manual_seed(seed)
    for k in (2, 3, 7):
        rows, accuracy = reports.true_report(rng, k, decimals)
        assert not any(AUDIT_REPORT.oracle(rows, accuracy, decimals))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_doctored_is_flagged_and_nothing_else(seed):
    flagged = {
        case.label: [place for place, bad in enumerate(AUDIT_REPORT.oracle(*case.args)) if bad]
        for case in AUDIT_REPORT.draw(seed)
    }
    assert flagged["the table above, other supports"] == [0, 1, 2]
    for label, places in flagged.items():
        if "true report" in label or "never found" in label:
            assert places == [], label
        elif "F1 is" in label:
            assert len(places) == 1, label
    assert flagged["the accuracy is another number"] == [4] and flagged["the accuracy is a little off"] == [3]


def test_the_printed_table_is_a_true_one_but_for_its_three_faults():
    """Its supports, precisions and recalls come from one matrix; both F1s and the accuracy were changed."""
    tp, said, support = (452, 457), (452 + 43, 457 + 48), (500, 500)
    true_rows = [
        (*(round(share, 3) for share in (t / s, t / n, 2 * t / (s + n))), n)
        for t, s, n in zip(tp, said, support, strict=True)
    ]
    printed = [(0.913, 0.904, 0.904, 500), (0.905, 0.914, 0.916, 500)]
    assert [row[:2] for row in true_rows] == [row[:2] for row in printed]
    assert AUDIT_REPORT.oracle(true_rows, 0.909, 3) == [False] * 3
    assert AUDIT_REPORT.oracle(printed, 0.904, 3) == [True] * 3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_true_report_may_be_off_by_more_than_a_unit_when_recomputed(seed):
    rows, accuracy = reports.lopsided_report(torch.Generator().manual_seed(seed), 3)
    precision, recall, f1, _ = rows[0]
    assert abs(reports.exactly_harmonic(precision, recall) - f1) > 0.001
    assert not any(AUDIT_REPORT.oracle(rows, accuracy, 3))


def test_a_loss_of_0_8_and_an_accuracy_of_89_percent_go_together():
    """As the lesson says under 'Yardsticks for a log': two models, one at each end of its range."""
    log_odds = torch.tensor([1e-3] * 89 + [-1.5] * 11, dtype=torch.float64)  # never sure when it is right
    unsure = torch.nn.functional.softplus(-log_odds)
    sure = torch.nn.functional.softplus(-torch.tensor([20.0] * 89 + [-7.27] * 11, dtype=torch.float64))
    assert unsure.mean().item() == pytest.approx(0.80, abs=0.005) and unsure[-1] < 1.8
    assert sure.mean().item() == pytest.approx(0.80, abs=0.005) and sure[-1] > 7.2
