"""`course grade` and `course grade merge`: from notebooks to reports."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_utils.grading.batch.batch import Batch, Submission, in_order
from course_utils.grading.batch.begin import begin, lessons_of, root_of, settings_of
from course_utils.grading.batch.merge import merged
from course_utils.grading.batch.progress import Progress
from course_utils.grading.batch.results_folder import ResultsFolder
from course_utils.grading.batch.shard import share
from course_utils.grading.batch.summary import (
    as_json,
    problem_lines,
    reports_line,
    run_lines,
    say,
    score_lines,
    several_lessons_line,
)
from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in.submissions import find_submissions
from course_utils.grading.lessons.lesson import load_lessons
from course_utils.grading.naming import slugs
from course_utils.grading.records import Record, Run
from course_utils.grading.reports.look_alike import Forms, as_published, forms_that_say_nothing, pairs
from course_utils.grading.reports.results import write_results

INTERRUPTED = 130  # what a shell reports for a program ended with Ctrl-C


def grade(args: Namespace) -> int:
    """`course grade PATH … --out FOLDER`. Raises GradingError for what the instructor has to mend."""
    began = time.monotonic()
    if sys.platform == "win32":
        raise GradingError("grading needs Linux or macOS: on Windows, run it in WSL or in Docker")
    root, folder = root_of(args.course), ResultsFolder(args.out)
    lessons = lessons_of(root, args.lesson)
    submissions, problems = find_class(args.paths, args.shard)
    with folder.one_writer(), _sigterm_is_ctrl_c():
        run, known = begin(args, folder, root, lessons)
        batch, interrupted = _judge(args, run, root, submissions, folder, known)
        seconds = round(time.monotonic() - began, 3)
        run = replace(run, records=tuple(in_order(batch.records)), problems=tuple(problems), seconds=seconds)
        _write(run, folder, batch.forms)
    lines = run_lines(run, args.out, len(submissions), again(sys.argv[1:]))
    if args.quiet:
        lines = problem_lines(run)
    say(lines, as_json(run, args.out, len(submissions), batch.judged), args.json)
    return INTERRUPTED if interrupted else 0


def merge(args: Namespace) -> int:
    """`course grade merge FOLDER … --out FOLDER`. Raises GradingError when they do not belong together."""
    run, remarks = merged(args.folders, args.allow_missing)
    root, folder = root_of(args.course), ResultsFolder(args.out)
    with folder.one_writer():
        folder.refuse_former_run("Choose another --out.")
        folder.begin(settings_of(run))
        for record in run.records:
            folder.keep(record)
        lessons = [load_lessons(root, slug)[slug] for slug in run.lessons]
        _write(run, folder, forms_that_say_nothing(lessons))
    told = [*score_lines(run.records), reports_line(args.out), *several_lessons_line(run.records)]
    lines = [*remarks, *([] if args.quiet else told), *problem_lines(run)]
    say(lines, as_json(run, args.out, len(run.records), 0), args.json)
    return 0


def _write(run: Run, folder: ResultsFolder, forms: Forms) -> None:
    """Every report, with the submissions that are alike and those that are as published."""
    published = as_published(run.records, forms)
    write_results(run, folder.path, pairs(run.records, forms), published=published)


def find_class(paths: Sequence[str], shard: Sequence[int]) -> tuple[list[Submission], list[str]]:
    """This machine's share of the submissions, by name, and what is wrong with files that hold none.

    Raises GradingError when no notebook is there at all.
    """
    found, problems = find_submissions([Path(path) for path in paths])
    if not found:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise GradingError(
            f"there is no notebook in {', '.join(paths)}: give notebooks, folders or zips{listed}"
        )
    found = sorted(found, key=lambda each: each.name)
    files = slugs(each.name for each in found)  # of the whole class, so that no two shards use one file name
    whole = [Submission(each.name, file, each.read) for each, file in zip(found, files, strict=True)]
    return share(whole, shard), [str(problem) for problem in problems]


def _judge(
    args: Namespace,
    run: Run,
    root: Path,
    submissions: Sequence[Submission],
    folder: ResultsFolder,
    known: Mapping[str, Record],
) -> tuple[Batch, bool]:
    """Judge what is not at hand; True as well when Ctrl-C ended it before all was done."""
    seconds = args.seconds_per_submission
    settings = {
        "root": str(root),
        "lessons": list(run.lessons),
        "only": run.lessons[0] if args.lesson and len(run.lessons) == 1 else None,
        "tier": run.tier,
        "tier_why": run.tier_why,
        "seed": run.seed,
        "seconds": seconds,
        "allow_baseline": args.allow_baseline,
        "versions": dict(run.versions),
    }
    progress = Progress(len(submissions), args.quiet)

    def keep(record: Record) -> None:
        folder.keep(record)
        progress.done(record.submission, batch.judged)

    jobs = args.jobs or processors()
    batch = Batch(submissions, settings, jobs=jobs, seconds=seconds, known=known, on_record=keep)
    try:
        batch.run()
    except KeyboardInterrupt:
        return batch, True
    finally:
        progress.close()
    return batch, False


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def again(words: Sequence[str]) -> str:
    """The command line that goes on with what these words began."""
    return shlex.join(["course", *words, *([] if "--resume" in words else ["--resume"])])


@contextmanager
def _sigterm_is_ctrl_c() -> Iterator[None]:
    """A cluster that wants its machine back sends SIGTERM: the reports are written then, too."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
