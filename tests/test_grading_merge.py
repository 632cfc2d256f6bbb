"""Shards: each submission is in exactly one, and only runs that belong together become one."""

from dataclasses import replace

import pytest
from grading_pattern import record, run

from course_utils.grading.batch import shard
from course_utils.grading.batch.merge import merged
from course_utils.grading.batch.results_folder import SCORES, write_json
from course_utils.grading.errors import GradingError

CLASS = [record(f"s{number}", points=number % 4) for number in range(7)]


def write(folder, found):
    write_json(folder / SCORES, found.to_json())
    return folder


def shards(tmp_path, parts=3, **changes):
    """The results of the class in so many folders."""
    return [
        write(
            tmp_path / f"results-{part}",
            run(shard.share(CLASS, (part, parts)), shard=(part, parts), **changes),
        )
        for part in range(1, parts + 1)
    ]


@pytest.mark.parametrize("parts", [1, 2, 3, 10])
def test_each_submission_is_in_one_shard(parts):
    names = [f"s{number}" for number in range(7)]
    found = [shard.share(names, (part, parts)) for part in range(1, parts + 1)]
    assert sorted(name for part in found for name in part) == names
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_shards_together_are_the_class(tmp_path):
    folders = shards(tmp_path)
    whole, remarks = merged(folders[::-1])
    assert whole.records == tuple(CLASS) and whole.shard == (1, 1) and whole.seed == 7
    assert remarks == []


def test_a_missing_shard_is_named(tmp_path):
    folders = shards(tmp_path, parts=4)
    with pytest.raises(GradingError, match=r"shard 2/4, 3/4 is not there.*--allow-missing"):
        merged([folders[0], folders[3]])
    whole, remarks = merged([folders[0], folders[3]], allow_missing=True)
    assert [each.submission for each in whole.records] == ["s0", "s3", "s4"]
    assert [remark.split(" is missing")[0] for remark in remarks] == ["shard 2/4", "shard 3/4"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 8}, "not the same seed"),
        ({"lessons": ("04_cross_entropy",)}, "not the same lessons"),
        ({"versions": {"checks": "other", "torch": "2"}}, "not the same version of the checks"),
        ({"shard": (3, 4)}, "not the same number of shards"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_runs_that_do_not_belong_together_are_refused(tmp_path, changes, says):
    first, _, third = shards(tmp_path)
    write(third, replace(run([CLASS[2]], shard=(3, 3)), **changes))
    with pytest.raises(GradingError, match=says) as refused:
        merged([first, third], allow_missing=True)
    assert str(first) in str(refused.value) and str(third) in str(refused.value)


def test_two_verdicts_on_one_submission_are_refused(tmp_path):
    first = write(tmp_path / "a", run(CLASS))
    second = write(tmp_path / "b", run([replace(CLASS[1], results=CLASS[2].results)]))
    with pytest.raises(GradingError, match=r"'s1' was judged differently in .*a and in .*b"):
        merged([first, second])


def test_the_same_verdict_twice_is_one_whatever_time_it_took(tmp_path):
    slower = replace(CLASS[1], seconds=9.0, results=(replace(CLASS[1].results[0], seconds=8.0),))
    whole, _ = merged([write(tmp_path / "a", run(CLASS)), write(tmp_path / "b", run([slower]))])
    assert [each.submission for each in whole.records] == [each.submission for each in CLASS]


def test_different_submissions_with_one_file_name_are_refused(tmp_path):
    other = record("S1")
    with pytest.raises(GradingError, match="file name s1"):
        merged([write(tmp_path / "a", run(CLASS)), write(tmp_path / "b", run([other]))])


def test_the_weakest_tier_is_that_of_the_whole_and_said(tmp_path):
    first, second = shards(tmp_path, parts=2)
    weak = run(shard.share(CLASS, (2, 2)), shard=(2, 2), tier="baseline", tier_why="no bubblewrap")
    write(second, replace(weak, versions={"checks": "abc", "torch": "3"}))
    whole, remarks = merged([first, second])
    assert (whole.tier, whole.tier_why) == ("baseline", "found here; no bubblewrap")
    assert remarks == [
        "not the same tier everywhere: baseline, bubblewrap",
        "not the same torch everywhere: 2, 3",
    ]


@pytest.mark.parametrize("text", [None, "{", "[]", '{"format": 99, "seed": 1}'])
def test_a_folder_without_a_finished_run_is_named(tmp_path, text):
    (tmp_path / "results-2").mkdir()
    if text is not None:
        (tmp_path / "results-2" / SCORES).write_text(text)
    with pytest.raises(GradingError, match="results-2"):
        merged([tmp_path / "results-2"])
