"""What the sandbox without bubblewrap promises: a verdict that no student can touch, and an end.

It shares the file system and the processes of this machine, so that only attacks are tried here that harm
neither, should they succeed.
"""

from __future__ import annotations

import shutil
import sys

import pytest
from attacks import ATTACKS
from grading_class import HONEST, adopting_orphans, children, grade, honest

if sys.platform == "win32":
    pytest.skip("grading does not run on Windows", allow_module_level=True)

PROMISED = {
    "answers_right_once_and_leaves",
    "answers_with_a_gigabyte",
    "answers_with_a_number_equal_to_everything",
    "answers_with_endless_structures",
    "calls_the_oracle_of_a_calling_frame",
    "claims_the_class_of_a_tensor",
    "closes_every_descriptor",
    "crashes_the_interpreter",
    "forges_a_reply_with_the_id_of_the_frame",
    "forges_a_verdict_on_every_descriptor",
    "forges_standard_output",
    "has_its_parent_killed_by_a_pipe",
    "hooks_the_imports",
    "leaves_by_os_exit",
    "loops_without_end",
    "patches_json",
    "patches_the_codec_to_say_right",
    "patches_torch_allclose",
    "prints_ten_gigabytes",
    "raises_what_nobody_catches",
    "replies_before_the_question",
    "runs_code_in_whoever_unpickles_it",
    "searches_memory_for_the_oracle",
    "tells_the_inputs_by_exceptions",
    "walks_the_frames_for_the_expected_value",
}
TRIED = [attack for attack in ATTACKS if attack.name in PROMISED]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("baseline")
    (folder / "class").mkdir()
    for attack in TRIED:
        shutil.copy(attack.notebook, folder / "class")
    for number, name in enumerate(("a-honest", "m-honest", "z-honest")):
        (folder / "class" / f"{name}.ipynb").write_text(honest(number, *HONEST))
    settings = ("--tier", "baseline", "--allow-baseline")
    with adopting_orphans():
        before = children()
        found = grade(folder / "class", folder / "results", *settings, cwd=folder)
        found.children = {number: name for number, name in children().items() if number not in before}
    found.files = {path.name for path in folder.iterdir()}
    return found


def test_every_promise_is_tried():
    assert {attack.name for attack in TRIED} == PROMISED


@pytest.mark.parametrize("attack", TRIED, ids=lambda attack: attack.name)
def test_an_attack_is_worth_what_its_wrong_answer_is_worth(graded, attack):
    record = graded.records[attack.name]
    assert record["tier"] == "baseline"
    assert record["total"] == attack.expected, record["results"]
    assert "COURSE-ATTACK" not in record["printed"]
    if attack.ends:
        assert graded.result(attack.name, attack.exercise)["stopped"] == attack.ends


def test_every_honest_submission_keeps_its_points(graded):
    for name in ("a-honest", "m-honest", "z-honest"):
        assert graded.records[name]["total"] == 8, graded.records[name]


def test_nothing_is_left(graded):
    assert not graded.children
    assert graded.files == {"class", "results"}
