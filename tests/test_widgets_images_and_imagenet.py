"""The figures of lesson 01 and the library behind them, against counting by hand and SciPy's components."""

import itertools

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from course_utils.data import crowd, hierarchy, similarity
from course_utils.data.wordnet import IMAGENETTE_WORDS
from course_utils.widgets import votes_explorer, wordnet_tree
from course_utils.widgets.votes_explorer import draw as draw_votes
from course_utils.widgets.votes_explorer import majority_right, votes_needed
from course_utils.widgets.wordnet_tree import describe as describe_tree
from course_utils.widgets.wordnet_tree import draw as draw_tree
from course_utils.widgets.wordnet_tree import places


@pytest.mark.parametrize(("votes", "quality"), [(1, 0.7), (5, 0.6), (9, 0.83), (7, 0.5)])
def test_majority_right_is_the_sum_over_all_patterns(votes, quality):
    total = 0.0
    for pattern in itertools.product((0, 1), repeat=votes):
        if sum(pattern) > votes / 2:
            total += np.prod([quality if right else 1 - quality for right in pattern])
    assert majority_right(votes, quality) == pytest.approx(total)


def test_votes_needed_is_the_first_that_reaches_the_target():
    needed = votes_needed(0.7, 0.95)
    assert majority_right(needed, 0.7) >= 0.95 > majority_right(needed - 2, 0.7)
    assert votes_needed(0.5, 0.95) is None and votes_needed(0.9, 0.9) == 1


def test_the_square_stands_at_the_votes_needed():
    (ax,) = draw_votes(70, 95).axes
    (square,) = [line for line in ax.lines if line.get_marker() == "s"]
    assert square.get_xdata()[0] == votes_needed(0.7, 0.95)
    assert not [line for line in draw_votes(50, 95).axes[0].lines if line.get_marker() == "s"]


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="quality lies from 50 to 99"):
        votes_explorer(quality=20)
    with pytest.raises(ValueError, match="none of Imagenette's ids"):
        wordnet_tree("n00000000")


def test_every_class_has_a_path_to_entity_and_every_id_is_known():
    for wnid, words in IMAGENETTE_WORDS.items():
        assert hierarchy.word(wnid) == words[0]
        assert hierarchy.word(hierarchy.hypernym_path(wnid)[-1]) == "entity"
    assert {above for _, all_above in hierarchy.SYNSETS.values() for above in all_above} <= set(
        hierarchy.SYNSETS
    )


def test_the_common_ancestor_and_its_marker():
    tree = hierarchy.first_parents(IMAGENETTE_WORDS)
    assert hierarchy.lowest_common_ancestor(tree, "n02979186", "n03888257") == ("n03294048", 4)
    (ax,) = draw_tree("n02979186", "n03888257").axes
    (square,) = [line for line in ax.lines if line.get_marker() == "s"]
    assert (square.get_xdata()[0], square.get_ydata()[0]) == places()["n03294048"]
    assert "distance from itself is 0" in describe_tree("n02979186", "n02979186")
    with pytest.raises(ValueError, match="no ancestor in common"):
        hierarchy.lowest_common_ancestor({"a": None, "b": None}, "a", "b")


def test_duplicate_groups_are_the_connected_components():
    rng = np.random.default_rng(0)
    hashes = rng.random((40, 16)) < 0.3
    count, component = connected_components(similarity.hamming(hashes) <= 2)
    groups = similarity.duplicate_groups(hashes, 2)
    assert 1 < count < 40 and len(set(groups)) == count
    for image, group in enumerate(groups):
        assert group == np.flatnonzero(component == component[image])[0]


def test_em_finds_the_clickers_and_beats_the_majority():
    right = np.full((3, 3), 0.05) + 0.85 * np.eye(3)
    clicker = np.tile([1.0, 0.0, 0.0], (3, 1))
    truth = np.random.default_rng(0).integers(0, 3, 400)
    votes = crowd.simulate_votes(truth, [right] * 6 + [clicker] * 6, 5, seed=1)
    assert ((votes >= 0).sum(axis=1) == 5).all()
    posterior, prior, confusion = crowd.dawid_skene(votes, 3)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    np.testing.assert_allclose(confusion.sum(axis=2), 1)
    assert prior.sum() == pytest.approx(1)
    majority = crowd.count_votes(votes, 3).argmax(axis=1)
    assert np.mean(posterior.argmax(axis=1) == truth) > np.mean(majority == truth) + 0.05
    assert confusion[6:, 1, 1].max() < 0.2 < confusion[:6, 1, 1].min()
    with pytest.raises(ValueError, match="need as many workers"):
        crowd.simulate_votes(truth, [right], 2)
