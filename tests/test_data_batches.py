"""Batches: which pictures come when; the place that can be saved; shares for several processes."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.data import Batches, Split


def numbered(count, side=12, channels=1):
    """Pictures of noise whose label is their number."""
    shape = (count, channels, side, side)
    return Split(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8), np.arange(count))


def equal(one, other):
    """Two lists of batches are the same, bit for bit."""
    assert len(one) == len(other)
    for (images, labels), (others, other_labels) in zip(one, other, strict=True):
        assert torch.equal(images, others) and torch.equal(labels, other_labels)
    return True


augmentations = st.fixed_dictionaries(
    {},
    optional={
        "flip": st.booleans(),
        "erase": st.sampled_from([0.0, 0.5, 1.0]),
        "padding": st.integers(0, 4),
        "size": st.sampled_from([None, 8, 12, 15, {0: 8, 1: 10}]),
        "zoom": st.sampled_from([None, (0.3, 1.0), (0.5, 0.5)]),
        "channels_last": st.booleans(),
    },
)
loaders = st.builds(
    lambda count, options, augmentation: (
        lambda **more: Batches(numbered(count), **options, **augmentation, **more)
    ),
    st.integers(0, 20),
    st.fixed_dictionaries(
        {"batch_size": st.integers(3, 9), "shuffle": st.booleans(), "seed": st.integers(0, 2**40)},
        optional={"drop_last": st.booleans()},
    ),
    augmentations,
)
quickly = settings(max_examples=40, deadline=None)


@quickly
@given(loaders)
def test_each_picture_comes_once_an_epoch(make):
    loader = make()
    for _ in range(2):
        batches = list(loader)
        seen = [label for _, labels in batches for label in labels.tolist()]
        count = len(loader.split)
        wanted = count - count % loader.batch_size if loader.drop_last else count
        assert len(batches) == len(loader) and len(seen) == len(set(seen)) == wanted
        assert [len(labels) for _, labels in batches] == [loader.batch_length(b) for b in range(len(loader))]


@quickly
@given(loaders)
def test_the_same_seed_gives_the_same_batches_on_the_host_and_resident(make):
    host, resident = make(), make(resident=True)
    twin = make()
    batches = [*host, *host]
    assert equal(batches, [*twin, *twin])
    assert equal(batches, [*resident, *resident])


@quickly
@given(loaders, st.data())
def test_a_restored_place_goes_on_exactly(make, data):
    loader, uninterrupted = make(), make()
    wanted = [*uninterrupted, *uninterrupted, *uninterrupted]
    stop = data.draw(st.integers(0, 2 * len(loader)))
    seen, state = 0, loader.state_dict()
    while seen < stop:
        for _ in loader:
            seen += 1
            state = loader.state_dict()
            if seen == stop:
                break
    restored = make()
    restored.load_state_dict(json.loads(json.dumps(state)))
    rest = [*restored] + ([*restored, *restored] if len(wanted) else [])
    assert equal(rest[: len(wanted) - stop], wanted[stop:])


@quickly
@given(loaders, st.integers(1, 3))
def test_the_shares_of_all_ranks_are_the_batches_in_order(make, world):
    wanted = [*make()]
    shares = [[*make().shard(rank, world)] for rank in range(world)]
    assert equal([*make(rank=world - 1, world=world)], shares[-1])
    assert all(len(share) == len(wanted) for share in shares)
    for number, (images, labels) in enumerate(wanted):
        together, named = torch.empty_like(images), torch.empty_like(labels)
        for rank in range(world):
            together[rank::world], named[rank::world] = shares[rank][number]
        assert torch.equal(together, images) and torch.equal(named, labels)


def test_a_place_within_a_pass_and_after_it():
    loader = Batches(numbered(10), 4, shuffle=True)
    assert loader.state_dict() == {"epoch": 0, "batch": 0}
    places = [loader.state_dict() for _ in loader]
    assert places == [{"epoch": 0, "batch": batch} for batch in (1, 2, 3)]
    assert loader.state_dict() == {"epoch": 1, "batch": 0} and loader.epoch == 1
    loader.load_state_dict(places[-1])  # all batches were seen, but not yet the end of the pass
    assert list(loader) == [] and loader.state_dict() == {"epoch": 1, "batch": 0}
    assert len(list(loader)) == 3


def test_a_pass_broken_off_is_not_taken_up_again_of_its_own():
    loader, twin = Batches(numbered(30), 4, shuffle=True), Batches(numbered(30), 4, shuffle=True)
    next(iter(loader))
    list(twin)
    assert equal([*loader], [*twin])
    loader = Batches(numbered(30), 4)
    next(iter(loader))
    assert len(list(loader)) == 8


def test_a_share_is_at_the_place_of_the_whole():
    loader = Batches(numbered(10), 4, shuffle=True)
    loader.load_state_dict({"epoch": 3, "batch": 1})
    share = loader.shard(0, 2)
    assert share.state_dict() == {"epoch": 3, "batch": 1}
    list(share)
    assert loader.state_dict() == {"epoch": 3, "batch": 1}


def test_batches_of_one_epoch_differ_in_what_is_drawn():
    """The same picture in every place: only the draws can tell the batches apart."""
    split = Split(np.repeat(numbered(1, 32).images, 32, axis=0), np.arange(32))
    first, second = (images for images, _ in Batches(split, 16, padding=4))
    assert not torch.equal(first, second)
    loader = Batches(split, 32, padding=4)
    assert not torch.equal(*(images for _ in range(2) for images, _ in loader))
    assert not torch.equal(*(next(iter(Batches(split, 32, seed=seed, padding=4)))[0] for seed in (0, 1)))


@pytest.mark.parametrize("resident", [False, True])
def test_the_batches_own_their_memory(resident):
    split = numbered(12)
    before = split.images.copy()
    split.images.flags.writeable = False
    loader = Batches(split, 4, flip=True, erase=0.5, resident=resident)
    kept = list(loader)
    wanted = [(images.clone(), labels.clone()) for images, labels in kept]
    for images, labels in loader:
        images.fill_(7), labels.fill_(7)
    assert equal(kept, wanted)
    np.testing.assert_array_equal(split.images, before)
