"""The results of several machines as those of one, where they belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_utils.grading.batch import shard
from course_utils.grading.batch.results_folder import SCORES, read_json
from course_utils.grading.errors import GradingError
from course_utils.grading.records import Record, Run

BASELINE = "baseline"
# What runs must share, and how to say it. Other versions are remarked upon, for they rarely change a verdict.
SAME = {
    "seed": lambda run: run.seed,
    "lessons": lambda run: ", ".join(run.lessons),
    "version of the checks": lambda run: run.versions.get("checks", "")[:12],
}


def merged(folders: Sequence[str | Path], allow_missing: bool = False) -> tuple[Run, list[str]]:
    """One run from the results in `folders`, and remarks on what was odd.

    Raises:
        GradingError: a folder holds no finished run; the runs differ in seed, lessons or checks; a shard is
            missing (unless `allow_missing`); or two runs judged one submission differently.
    """
    runs = {str(folder): _read(Path(folder)) for folder in folders}
    for what, of in SAME.items():
        _refuse_different(runs, what, of)
    remarks = _other_differences(runs)
    absent = _absent(runs)
    if absent and not allow_missing:
        raise GradingError(
            f"shard {', '.join(absent)} is not there: give its folder too, or say --allow-missing"
        )
    remarks += [f"shard {each} is missing: its submissions are in no report" for each in absent]
    first = min(runs.values(), key=lambda run: run.started)
    whole = replace(
        first,
        records=tuple(_records(runs)),
        shard=(1, 1),
        tier=_weakest([run.tier for run in runs.values()]),
        tier_why="; ".join(dict.fromkeys(run.tier_why for run in runs.values())),
        seconds=max(run.seconds for run in runs.values()),
        problems=tuple(dict.fromkeys(each for run in runs.values() for each in run.problems)),
    )
    return whole, remarks


def _read(folder: Path) -> Run:
    remedy = "finish this run first (course grade … --resume), or leave this folder out"
    data = read_json(folder / SCORES, remedy)
    try:
        return Run.from_json(data)
    except GradingError as error:
        raise GradingError(f"{folder / SCORES}: {error}") from None


def _refuse_different(runs: Mapping[str, Run], what: str, of: Any) -> None:
    values = {folder: of(run) for folder, run in runs.items()}
    if len(set(values.values())) > 1:
        listed = "".join(f"\n  {folder}: {value}" for folder, value in values.items())
        raise GradingError(
            f"these runs do not belong together, for they have not the same {what}:{listed}\n"
            "Grade the class again with the same --seed, the same --lesson and one version of the course."
        )


def _other_differences(runs: Mapping[str, Run]) -> list[str]:
    found = {"tier": {run.tier for run in runs.values()}}
    names = {name for run in runs.values() for name in run.versions if name != "checks"}
    found |= {name: {run.versions.get(name, "none") for run in runs.values()} for name in sorted(names)}
    return [
        f"not the same {name} everywhere: {', '.join(sorted(values))}"
        for name, values in found.items()
        if len(values) > 1
    ]


def _absent(runs: Mapping[str, Run]) -> list[str]:
    """Shards that no run is. Raises GradingError when the class was split in two ways."""
    split = {folder: run for folder, run in runs.items() if tuple(run.shard) != (1, 1)}
    _refuse_different(split, "number of shards", lambda run: run.shard[1])
    return shard.missing(run.shard for run in split.values())


def _records(runs: Mapping[str, Run]) -> list[Record]:
    """All records by name, each once. Raises GradingError when two verdicts on one submission differ."""
    found: dict[str, tuple[str, Record]] = {}
    for folder, run in runs.items():
        for record in run.records:
            before, other = found.setdefault(record.submission, (folder, record))
            if _without_timings(other) != _without_timings(record):
                raise GradingError(
                    f"{record.submission!a} was judged differently in {before} and in {folder}: "
                    "leave one of them out, or grade this submission again"
                )
    records = [record for _, record in (found[name] for name in sorted(found))]
    twice = [name for name, count in Counter(each.slug.casefold() for each in records).items() if count > 1]
    if twice:
        raise GradingError(
            f"different submissions share the file name {twice[0]}: these runs are not shards of one class"
        )
    return records


def _without_timings(record: Record) -> Record:
    results = tuple(replace(result, seconds=0.0) for result in record.results)
    return replace(record, results=results, seconds=0.0)


def _weakest(tiers: Sequence[str]) -> str:
    return BASELINE if BASELINE in tiers else tiers[0]
