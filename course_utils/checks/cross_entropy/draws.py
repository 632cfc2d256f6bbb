"""Random logits, labels and rows that the exercises of lesson 04 share."""

import torch


def draw_logits(rng, n, k, scale=2.0, dtype=torch.float32):
    """Logits (n, k), normal with standard deviation `scale`."""
    return scale * torch.randn(n, k, generator=rng, dtype=dtype)


def draw_labels(rng, n, k):
    """Class ids (n,), with the first and the last class always among them when n allows."""
    labels = torch.randint(k, (n,), generator=rng)
    labels[0] = 0
    labels[-1] = k - 1
    return labels


def of_true_class(values, labels):
    """Entry (i, labels[i]) of each row of values (n, k): shape (n,)."""
    return values[torch.arange(len(labels)), labels]


def naive_softmax(z):
    """The textbook formula, which overflows for large logits: a wrong answer to several exercises."""
    return z.exp() / z.exp().sum(dim=1, keepdim=True)
