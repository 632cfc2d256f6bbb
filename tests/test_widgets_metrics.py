"""The two interactive figures of lesson 09 draw and tell what scikit-learn and SciPy compute."""

import ipywidgets
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from course_utils.widgets import interval_explorer, threshold_explorer
from course_utils.widgets.interval_explorer import coverage, intervals
from course_utils.widgets.interval_explorer import describe as describe_interval
from course_utils.widgets.interval_explorer import draw as draw_interval
from course_utils.widgets.threshold_explorer import counts_at, scores_of
from course_utils.widgets.threshold_explorer import describe as describe_threshold
from course_utils.widgets.threshold_explorer import draw as draw_threshold


@pytest.mark.parametrize("right, n", [(0, 7), (7, 7), (49, 50), (320, 400)])
def test_wilson_is_that_of_scipy(right, n):
    ends = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert intervals("Wilson", right, n) == pytest.approx((ends.low, ends.high), abs=1e-4)


@pytest.mark.parametrize("method", ["textbook", "Wilson"])
def test_simulated_coverage_is_near_the_exact_one(method):
    n, share = 20, 0.9
    right = np.arange(n + 1)
    low, high = intervals(method, right, n)
    exact = (stats.binom.pmf(right, n, share) * ((low <= share) & (share <= high))).sum()
    assert coverage(method, share, n) == pytest.approx(exact, abs=4 * np.sqrt(0.25 / 2000))


def test_the_interval_figure_tells_both_coverages():
    text = describe_interval(0.9, 20)
    assert f"{coverage('textbook', 0.9, 20):.1%}" in text and f"{coverage('Wilson', 0.9, 20):.1%}" in text
    labels = [each.get_text() for each in draw_interval(0.9, 20).legends[0].get_texts()]
    assert f"Wilson: covers {coverage('Wilson', 0.9, 20):.1%}" in labels and "n = 20" in labels


@pytest.mark.parametrize(
    "threshold, distance, positives", [(1.0, 1.5, 0.2), (-0.5, 0.0, 0.5), (2.4, 3.0, 0.01)]
)
def test_the_threshold_figure_agrees_with_scikit_learn(threshold, distance, positives):
    positive, negative = scores_of(distance, positives)
    scores, truth = np.concatenate([positive, negative]), np.repeat([1, 0], [len(positive), len(negative)])
    tp, fp = counts_at(positive, negative, threshold)
    assert (tp, fp) == (
        ((scores >= threshold) & (truth == 1)).sum(),
        ((scores >= threshold) & (truth == 0)).sum(),
    )
    titles = [ax.get_title() for ax in draw_threshold(threshold, distance, positives).axes]
    assert f"ROC curve, area {metrics.roc_auc_score(truth, scores):.3f}" in titles
    average = metrics.average_precision_score(truth, scores)
    assert f"Precision–recall curve, average precision {average:.3f}" in titles
    recall, precision = (
        f(truth, scores >= threshold) for f in (metrics.recall_score, metrics.precision_score)
    )
    text = describe_threshold(threshold, distance, positives)
    assert f"recall {recall:.1%}" in text and f"precision {precision:.1%}" in text


def test_the_area_below_the_drawn_steps_is_the_average_precision():
    positive, negative = scores_of(1.5, 0.01)
    axes = draw_threshold(1.0, 1.5, 0.01).axes
    (curve,) = [line for ax in axes if ax.get_title().startswith("Precision–recall") for line in ax.lines[:1]]
    recall, precision = curve.get_data()
    assert recall[0] == 0 and curve.get_drawstyle() == "steps-pre"
    truth = np.repeat([1, 0], [len(positive), len(negative)])
    expected = metrics.average_precision_score(truth, np.concatenate([positive, negative]))
    assert (np.diff(recall) * precision[1:]).sum() == pytest.approx(expected)


@pytest.mark.parametrize("share, n", [(0.01, 50), (0.98, 5), (0.5, 5000)])
def test_no_interval_of_the_simulated_test_sets_is_cut_off(share, n):
    left = draw_interval(share, n).axes[0]
    bottom, top = left.get_ylim()
    ends = [y for bars in left.collections for line in bars.get_segments() for _, y in line]
    assert len(ends) == 96 and bottom < min(ends) and max(ends) < top


def test_a_threshold_above_all_scores_has_no_precision():
    assert "no image is called positive" in describe_threshold(6.0, 0.0, 0.01)
    titles = [ax.get_title() for ax in draw_threshold(6.0, 0.0, 0.01).axes]
    assert "Recall 0.0%, nothing is called positive" in titles


@pytest.mark.parametrize("make", [interval_explorer, threshold_explorer])
def test_every_control_changes_picture_and_text(make):
    figure = make()
    for name, control in figure.controls.items():
        picture, text = bytes(figure.image.value), figure.alternative
        if isinstance(control, ipywidgets.Dropdown):
            control.value = next(value for _, value in control.options if value != control.value)
        else:
            control.value += 5 * control.step
        assert bytes(figure.image.value) != picture and figure.alternative != text, name


@pytest.mark.parametrize(
    "call",
    [
        lambda: interval_explorer(n=21),
        lambda: interval_explorer(share=1.0),
        lambda: threshold_explorer(positives=0.3),
    ],
)
def test_what_the_controls_cannot_show_is_refused(call):
    with pytest.raises(ValueError):
        call()
