"""A class over several judge processes: whatever one submission does, the others get theirs."""

import os
import signal

import pytest
from grading_pattern import EXERCISES, pretended_batch, record

from course_utils.grading.batch import batch as batches
from course_utils.grading.batch.batch import in_order
from course_utils.grading.errors import GradingError
from course_utils.grading.records import MISSING, STOPPED


def graded(texts, **options):
    batch = pretended_batch(texts, **options)
    batch.run()
    return {each.submission: each for each in in_order(batch.records)}, batch


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_the_order_is_that_of_the_submissions_however_many_judge(jobs):
    texts = {f"s{number}": f"{'slow ' * (number == 0)}{number}" for number in range(6)}
    found, _ = graded(texts, jobs=jobs)
    assert list(found) == list(texts)
    assert [each.key for each in found.values()] == list(texts.values())


def test_each_record_is_told_at_once_and_once():
    told = []
    graded({"a": "right", "b": "wrong", "c": "right"}, jobs=2, on_record=told.append)
    assert sorted(each.submission for each in told) == ["a", "b", "c"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_same_answers_are_judged_once(tmp_path, jobs):
    texts = {"a": "slow right", "b": "slow right", "c": "slow right", "d": "wrong"}
    found, batch = graded(texts, jobs=jobs, log=str(tmp_path / "log"))
    assert sorted((tmp_path / "log").read_text().split()) == ["right", "slow", "wrong"]
    assert [(each.submission, each.slug) for each in found.values()] == [(name, name) for name in texts]
    assert batch.judged == 2


def test_a_verdict_at_hand_is_not_computed_again(tmp_path):
    known = {"right": record("former", key="right")}
    found, batch = graded({"new": "right"}, known=known, log=str(tmp_path / "log"))
    assert (found["new"].submission, found["new"].results) == ("new", known["right"].results)
    assert batch.judged == 0 and not (tmp_path / "log").exists()


@pytest.mark.parametrize("text", ["die", "die early", "babble"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_judge_process_that_ends_costs_its_submission_alone(text, jobs):
    found, _ = graded({"a": "right 1", "bad": text, "c": "right 2", "d": "right 3"}, jobs=jobs)
    assert [each.total for each in found.values()] == [4, 0, 4, 4]
    assert "judge process" in found["bad"].fatal and not found["bad"].key
    assert [(each.exercise, each.possible, each.state) for each in found["bad"].results] == [
        (name, points, STOPPED) for name, points in EXERCISES.items()
    ]


def test_a_judge_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(batches, "SLACK", 0.2)
    batch = pretended_batch({"bad": "hang", "b": "right"}, seconds=0.3)
    ended = []
    replaced = batch._replace
    batch._replace = lambda seat, *why: (ended.append(seat.process), replaced(seat, *why))
    batch.run()
    assert [each.total for each in in_order(batch.records)] == [0, 4]
    assert {each.stopped for each in batch.records[0].results} == {"time"}
    assert ended[0].returncode is not None and not is_running(ended[0].pid)


def test_those_with_the_same_answers_do_not_share_a_death(tmp_path):
    """The second is tried by itself: what killed the process may have come from outside."""
    found, _ = graded({"a": "die", "b": "die", "c": "right"}, jobs=3, log=str(tmp_path / "log"))
    assert (tmp_path / "log").read_text().split().count("die") == 2
    assert [bool(each.fatal) for each in found.values()] == [True, True, False]


def test_a_fault_of_the_course_is_said_and_not_kept_for_the_next_time():
    found, _ = graded({"a": "fault", "b": "fault", "c": "right"})
    assert found["a"].fatal == found["b"].fatal == "the course could not judge it"
    assert not found["a"].key and found["c"].total == 4


def test_a_file_that_cannot_be_read_is_a_row_of_its_own():
    found, _ = graded({"a": OSError("Input/output error"), "b": "right"})
    assert "Input/output error" in found["a"].fatal and found["b"].total == 4
    assert all(each.state == MISSING for each in found["a"].results)


def test_a_submission_larger_than_any_pipe_arrives_whole():
    text = "right" + "x" * 3_000_000
    found, _ = graded({"a": text, "b": "right", "c": text + "y"}, jobs=2)
    assert [each.total for each in found.values()] == [4, 4, 4]
    assert found["a"].key == text


def test_a_judge_that_cannot_start_ends_the_batch_with_what_it_said():
    with pytest.raises(GradingError, match=r"cannot be started(.|\n)*torch is not there"):
        pretended_batch({"a": "right"}, broken=True).run()


def test_what_the_instructor_has_to_mend_is_passed_on():
    with pytest.raises(GradingError, match=r"run `course build`"):
        pretended_batch({"a": "right"}, error="run `course build`").run()


def test_ctrl_c_keeps_what_is_there_and_leaves_no_process():
    texts = {"a": "right", "b": "hang"}
    batch = pretended_batch(texts, jobs=2)
    seats = []

    def interrupt(record):
        seats.extend(seat.process for seat in batch._seats)
        raise KeyboardInterrupt

    batch._on_record = interrupt
    with pytest.raises(KeyboardInterrupt):
        batch.run()
    assert [each.submission for each in batch.records.values()] == ["a"]
    assert seats and not any(is_running(process.pid) for process in seats)


def test_a_judge_process_does_not_hear_the_terminals_ctrl_c():
    batch = pretended_batch({"a": "slow right"})
    groups = []
    batch._on_record = lambda record: groups.extend(os.getpgid(seat.process.pid) for seat in batch._seats)
    batch.run()
    assert groups and os.getpgrp() not in groups
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
