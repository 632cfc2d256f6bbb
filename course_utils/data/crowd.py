"""Votes of paid workers and what they say about the labels: simulated, counted, and weighed. Lesson 01.

Votes are an int64 array (N, W): what worker w said of image n, one of 0 … K - 1, or -1 where the worker was
not asked. A confusion array (W, K, K) holds in row [w, k] how often worker w says each class when the truth
is k.
"""

import numpy as np

NOT_ASKED = -1


def simulate_votes(labels, confusion, votes_per_image, seed=0):
    """Votes (N, W) on images with true `labels` (N,): each image goes to `votes_per_image` workers at random.

    Raises ValueError when there are fewer workers than votes asked for.
    """
    rng = np.random.default_rng(seed)
    labels, confusion = np.asarray(labels), np.asarray(confusion, dtype=float)
    workers, classes = len(confusion), confusion.shape[1]
    if votes_per_image > workers:
        raise ValueError(f"{votes_per_image} votes an image need as many workers; there are {workers}")
    votes = np.full((len(labels), workers), NOT_ASKED, dtype=np.int64)
    for image, label in enumerate(labels):
        for worker in rng.permutation(workers)[:votes_per_image]:
            votes[image, worker] = rng.choice(classes, p=confusion[worker, label])
    return votes


def count_votes(votes, num_classes):
    """How many workers said each class, (N, K) int64."""
    return (np.asarray(votes)[:, :, None] == np.arange(num_classes)).sum(axis=1)


def dawid_skene(votes, num_classes, rounds=50, smoothing=1.0):
    """Labels and workers estimated together by EM (Dawid and Skene, 1979).

    Returns (posterior (N, K), prior (K,), confusion (W, K, K)). `smoothing` is added to each count of a
    worker's answers, so that nobody is thought unable to err.
    """
    votes = np.asarray(votes)
    said = (votes[:, :, None] == np.arange(num_classes)).astype(float)  # (N, W, K), zeros where not asked
    posterior = said.sum(axis=1) + 1e-9
    posterior /= posterior.sum(axis=1, keepdims=True)
    for _ in range(rounds):
        prior = posterior.mean(axis=0)
        confusion = np.einsum("nk,nwj->wkj", posterior, said) + smoothing
        confusion /= confusion.sum(axis=2, keepdims=True)
        log = np.log(prior + 1e-12) + np.einsum("nwj,wkj->nk", said, np.log(confusion))
        posterior = np.exp(log - log.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior, prior, confusion
