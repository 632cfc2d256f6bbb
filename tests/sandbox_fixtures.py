"""Real sandboxes, one of each tier for all tests that want one."""

import atexit
import functools

import pytest
import torch
from sandboxes import HONEST, SECONDS

from course_utils.grading.sandbox.sandbox import Limits, Sandbox
from course_utils.grading.sandbox.tiers import BASELINE, BUBBLEWRAP, Tier, best_tier
from course_utils.worker.codec import decode, encode


@functools.cache
def started(name: str) -> Sandbox:
    """One sandbox of a tier for all tests."""
    sandbox = Sandbox(best_tier() if name == BUBBLEWRAP else Tier(BASELINE, "a test"), Limits()).__enter__()
    atexit.register(sandbox.__exit__)
    return sandbox


@pytest.fixture
def walled():
    """The bubblewrap tier."""
    best = best_tier()
    if best.name != BUBBLEWRAP:
        pytest.skip(best.why)
    return started(BUBBLEWRAP)


@pytest.fixture
def bare():
    """The baseline tier."""
    return started(BASELINE)


@pytest.fixture(params=[BUBBLEWRAP, BASELINE])
def sandbox(request):
    """Each tier in turn; after each test an honest worker of it must be well."""
    sandbox = request.getfixturevalue("walled" if request.param == BUBBLEWRAP else "bare")
    yield sandbox
    with sandbox.worker() as worker:
        assert worker.ask({"do": "define", "name": "f", "source": HONEST}, SECONDS)["ok"]
        reply = worker.ask({"do": "call", "name": "f", "args": encode((torch.eye(2),))}, SECONDS)
        assert torch.equal(decode(reply["value"]), torch.eye(2))
