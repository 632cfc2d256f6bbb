"""What `course grade` says at its end: how many, how well, where the reports are, and what to look at."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

from course_utils.grading.records import Record, Run
from course_utils.grading.visible import number, short, visible

MOST_PROBLEMS = 20  # lines; the rest is in scores.json


def run_lines(run: Run, out: str, of: int, command: str) -> list[str]:
    """The last lines of a run that judged len(run.records) `of` so many submissions."""
    done = len(run.records)
    lines = [f"{done} of {of} submissions have their verdict."] if done < of else []
    lines += score_lines(run.records)
    lines += [f"Sandbox: {run.tier} ({visible(run.tier_why)}). Seed: {run.seed}. {_part(run.shard)}".rstrip()]
    lines += [reports_line(out), *several_lessons_line(run.records), *problem_lines(run)]
    if done < of:
        lines += [f"Interrupted. To go on:  {command}"]
    return lines


def reports_line(out: str) -> str:
    """What lies in the folder of the results."""
    return f"Reports: {out}/class.html, scores.csv, scores.json, junit.xml and feedback/"


def several_lessons_line(records: Sequence[Record]) -> list[str]:
    """A word on what one table of several lessons is no good for; nothing where there is one."""
    if len({record.lesson for record in records if record.lesson}) < 2:
        return []
    return [
        "Several lessons: a student has a row for each, with a total of its own. For a table of one lesson, "
        "grade it with --lesson into its own --out."
    ]


def score_lines(records: Sequence[Record]) -> list[str]:
    """A line for each lesson: how many submissions, and the median of the points of those with a verdict."""
    lines = []
    for lesson in sorted({record.lesson for record in records if record.lesson}):
        judged = [record for record in records if record.lesson == lesson and not record.fatal]
        line = f"{lesson}: {_submissions(len(judged))} graded"
        if judged:
            middle, possible = median(record.total for record in judged), judged[0].possible
            line += f", median {number(middle)} of {number(possible)} points"
        lines.append(line)
    others = sum(record.of_another_lesson for record in records)
    without = sum(bool(record.fatal) for record in records) - others
    lines += [f"{_submissions(without)} could not be graded: see below"] * (without > 0)
    return lines + [f"{_submissions(others)} of another lesson: not graded"] * (others > 0)


def _submissions(count: int) -> str:
    return f"{count} submission{'s' * (count != 1)}"


def problem_lines(run: Run) -> list[str]:
    """What a person has to look at: files that hold no submission, and submissions without a verdict."""
    found = [visible(each) for each in run.problems]
    without = sorted((each for each in run.records if each.fatal), key=lambda each: each.of_another_lesson)
    found += [f"{short(record.submission)}: {visible(record.fatal)}" for record in without]
    refused = [(each, result) for each in run.records for result in each.results if result.state == "refused"]
    found += [
        f"{short(record.submission)}: {result.exercise} could not be judged by the program: see class.html"
        for record, result in refused
        if result.says
    ]
    secret = {f"{record.lesson}.{result.exercise}" for record, result in refused if not result.says}
    found += [
        f"{name} is secret and was not judged: it needs bubblewrap, or --allow-baseline"
        for name in sorted(secret)
    ]
    if not found:
        return []
    rest = len(found) - MOST_PROBLEMS
    lines = [f"  {line}" for line in found[:MOST_PROBLEMS]] + [f"  and {rest} more: see scores.json"] * (
        rest > 0
    )
    return ["To look at:", *lines]


def as_json(run: Run, out: str, of: int, judged: int) -> dict[str, Any]:
    """The one object of --json. `judged` are those whose verdict was not at hand from before."""
    return {
        "submissions": len(run.records),
        "of": of,
        "judged": judged,
        "seconds": run.seconds,
        "per_minute": round(60 * len(run.records) / run.seconds, 1) if run.seconds else 0.0,
        "tier": run.tier,
        "tier_why": run.tier_why,
        "seed": run.seed,
        "shard": list(run.shard),
        "lessons": list(run.lessons),
        "without_verdict": sum(bool(record.fatal) for record in run.records),
        "of_another_lesson": sum(record.of_another_lesson for record in run.records),
        "problems": len(run.problems),
        "out": out,
    }


def say(lines: Sequence[str], found: dict[str, Any], as_object: bool) -> None:
    """Lines on standard output; with `as_object` that is kept for the object alone, as its last line."""
    if lines:
        print("\n".join(lines), file=sys.stderr if as_object else sys.stdout, flush=True)
    if as_object:
        print(json.dumps(found), flush=True)


def _part(shard: Sequence[int]) -> str:
    part, parts = shard
    return f"Shard {part}/{parts}: course grade merge puts the shards together." if parts > 1 else ""
