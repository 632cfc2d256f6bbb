"""`course train`: from the words of the command line to a finished run and its report.

The same under `torchrun … -m course_utils.training`: each process reads the same words, and process 0 speaks.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from course_utils.data.errors import CourseDataError
from course_utils.training.atomic import write_atomically
from course_utils.training.distributed import Group, close, current
from course_utils.training.errors import TrainingError
from course_utils.training.fit import fit
from course_utils.training.plan import make_plan
from course_utils.training.report import report, summary

USAGE_ERROR = 2  # the exit codes of `course`
INTERRUPTED = 130
Made = TypeVar("Made")


def train(args: Namespace) -> int:
    """Do what `course train` was asked for, and return its exit code.

    Raises:
        TrainingError, CourseDataError: what the user can mend; the message names the option.
    """
    group = current()
    try:
        plan = together(group, lambda: make_plan(args, group))
        if plan is None:  # another process says why; torchrun ends it as soon as this one has ended
            time.sleep(1)
            return USAGE_ERROR
        with group.explaining():
            run = fit(plan.model, plan.train, plan.val, plan.config, resume=args.resume)
        if group.is_main:
            tell(report(run, plan, group.world), args.json)
        group.barrier()  # none leaves while process 0 is still at work: the others would seem to have failed
    except KeyboardInterrupt:
        if group.is_main:
            print(how_to_go_on(args), file=sys.stderr)
        return INTERRUPTED
    close()  # not after an error: leaving in good order would wait for the others
    return 0


def together(group: Group, make: Callable[[], Made]) -> Made | None:
    """What `make` returns. If it fails anywhere, the first process to fail raises; the others get None."""
    made, problem = None, None
    try:
        made = make()
    except (TrainingError, CourseDataError) as error:
        problem = error
    failed = group.gather(torch.tensor([problem is not None])).flatten().nonzero().flatten().tolist()
    if failed and group.rank == failed[0]:
        raise problem
    return None if failed else made


def tell(figures: dict[str, Any], wanted: str | None) -> None:
    """Print the figures, as one line of JSON or as a person reads them; write them to a file if asked."""
    if wanted is None:
        print(summary(figures))
        return
    text = json.dumps(figures, allow_nan=False)
    print(text, flush=True)
    if wanted != "-":
        write_atomically(Path(wanted), [(text + "\n").encode()])


def how_to_go_on(args: Namespace) -> str:
    """What to say to somebody who has pressed Ctrl-C."""
    if args.out is None:
        return (
            "\ncourse: stopped. Nothing was kept: with --out FOLDER a run writes checkpoints to go on from."
        )
    words = sys.argv[1:] if args.resume else [*sys.argv[1:], "--resume"]
    started = os.path.basename(sys.argv[0])
    program = "python -m course_utils.training" if started == "__main__.py" else started
    return f"\ncourse: stopped. To go on from the last checkpoint:\n    {program} {shlex.join(words)}"
