"""The notebooks of this folder are attacks: graded by test_attacks.py in a sandbox, never run by pytest."""

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collect_file(file_path):
    """Not even where one is named on the command line: a fork bomb would run on this very machine."""
    collectors = yield
    return [] if file_path.suffix == ".ipynb" else collectors
