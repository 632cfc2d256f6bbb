"""How a run begins: its seed, its tier, its lessons, and, where it goes on, what it has already."""

from __future__ import annotations

import secrets
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from course_utils import launch
from course_utils.grade_options import SEEDS
from course_utils.grading.batch.cache import versions
from course_utils.grading.batch.results_folder import ResultsFolder
from course_utils.grading.errors import GradingError
from course_utils.grading.records import Record, Run
from course_utils.grading.sandbox.tiers import BASELINE, Tier, best_tier

FIXED = ("shard", "lessons")  # what --resume cannot change


def root_of(course: str | None) -> Path:
    """The clone to judge with. Raises GradingError (or LessonNotFound) when it is none."""
    if course is None:
        return launch.course_root()
    root = Path(course).resolve()
    if not launch.is_clone(root):
        raise GradingError(
            f"--course {course} is no clone of the course: it needs lessons/ and pyproject.toml"
        )
    return root


def lessons_of(root: Path, names: Sequence[str] | None) -> list[str]:
    """The slugs of the lessons to judge, in order; all of them when none is named."""
    wanted = {launch.find(name, root).stem for name in names or launch.lessons(root)}
    missing = [slug for slug in sorted(wanted) if not (root / "solutions" / f"{slug}.ipynb").is_file()]
    if missing or not wanted:
        lacks = ", ".join(missing) or "every lesson"
        raise GradingError(
            f"{root / 'solutions'} lacks {lacks}: grading needs the solutions; run  course build"
        )
    return sorted(wanted)


def begin(
    args: Namespace, folder: ResultsFolder, root: Path, lessons: Sequence[str]
) -> tuple[Run, Mapping[str, Record]]:
    """The run as far as it is settled before anything is judged, and the verdicts at hand, by key.

    Raises:
        GradingError: the folder holds another run, or none to resume; the tier asked for cannot run here.
    """
    if not args.resume:
        folder.refuse_former_run("To go on with it, add --resume; for a new run, choose another --out.")
    former = folder.settings() if args.resume else {}
    tier = tier_of(args.tier)
    run = Run(
        seed=seed_of(args.seed, former),
        tier=tier.name,
        tier_why=tier.why,
        lessons=tuple(lessons),
        shard=tuple(args.shard),
        versions=versions(root, lessons),
        started=former.get("started") or datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _refuse_another(folder, former, settings_of(run))
    folder.begin(settings_of(run))
    known = folder.kept().values() if former else ()
    return run, {record.key: record for record in known if record.key}


def settings_of(run: Run) -> dict[str, Any]:
    """What a run began with, as plain JSON."""
    found = {name: value for name, value in run.to_json().items() if name != "records"}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def seed_of(wanted: int | None, former: Mapping[str, Any]) -> int:
    """The recorded seed, the one asked for, or one that nobody could know before."""
    recorded = former.get("seed")
    if recorded is None:
        return 1 + secrets.randbelow(SEEDS) if wanted is None else wanted  # 0 draws the notebook's own cases
    if wanted not in (None, recorded):
        raise GradingError(
            f"the run was begun with --seed {recorded}: leave out --seed {wanted} to go on with it"
        )
    return recorded


def tier_of(wanted: str) -> Tier:
    """The sandbox to judge in. Raises GradingError when bubblewrap is asked for and does not work here."""
    if wanted == BASELINE:
        return Tier(BASELINE, "asked for with --tier baseline")
    best = best_tier()
    if wanted not in ("auto", best.name):
        raise GradingError(
            f"--tier {wanted} cannot run here: {best.why}. Leave it out, or say --tier {best.name}"
        )
    return best


def _refuse_another(folder: ResultsFolder, former: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = [name for name in FIXED if former and former.get(name) != now[name]]
    if changed:
        there = "; ".join(f"{name} {former.get(name)}, not {now[name]}" for name in changed)
        raise GradingError(
            f"the run in {folder.path} is another one ({there}): say the same, or choose another --out"
        )
