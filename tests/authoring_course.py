"""A course of one tiny lesson in a temporary folder, for the tests of authoring."""

import sys
import types

import pytest

from course_utils.checks import Case, Checks, FunctionExercise, Misconception

SOURCE = '''\
# ---
# jupyter:
#   course:
#     title: "Tiny"
#     minutes: 5
#     prerequisites: []
# ---

# %% [markdown]
# # 02 · Tiny
#
# A promise.

# %%
print("ready")

# %% [markdown]
# ## Doubling
# Text.

# %% [markdown]
# ### Exercise: double it

# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% check="double"
assert double(2) == 4

# %% tags=["solution"]
print("for instructors")

# %% output="varies"
import time; print(time.time())
'''
SLUG = "tiny_for_tests"
PROJECT = '[project]\nname = "x"\n[tool.course]\nrepository = "someone/somewhere"\nbranch = "main"\n'
README = "Before.\n<!-- lessons:begin -->\n<!-- lessons:end -->\nAfter.\n"


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The folder of the course; its lesson's exercise is known to the check module of its slug."""
    exercise = FunctionExercise(
        name="double",
        points=2,
        minutes=3,
        oracle=lambda x: 2 * x,
        cases=lambda rng: [Case((3,))],
        see="Doubling",
        misconceptions=(Misconception("squared", lambda x: x * x, "You squared it."),),
    )
    module = types.ModuleType(f"course_utils.checks.{SLUG}")
    module.check = Checks(f"02_{SLUG}", [exercise])
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for folder in ("solutions", "lessons"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (tmp_path / "solutions" / f"02_{SLUG}.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path
